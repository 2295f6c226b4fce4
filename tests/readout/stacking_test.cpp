#include "esscher/readout/stacking.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

constexpr std::size_t kRows = 4000;

std::vector<double> normals(const char* name, double sd = 1) {
  std::vector<double> values(kRows);
  RandomStream(5, name).fill_normal(0, values);
  for (double& v : values) v *= sd;
  return values;
}

std::vector<double> sum(std::vector<double> a, const std::vector<double>& b, double constant = 0) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i] + constant;
  return a;
}

// Errors that are independent, of variances 1 and 1/4: shares 1/5 and 4/5, which save 1 - 1/5 with
// a standard error of some 3 %, so that 0.1 % is drawn back. A constant is no error.
TEST(Stacking, SharesOfIndependentErrorsGoWithTheirPrecisions) {
  const std::vector<double> labels = normals("labels");
  const std::vector<std::vector<double>> held_out{sum(labels, normals("first")),
                                                  sum(labels, normals("second", 0.5), 7)};
  const std::vector<double> shares =
      cautious_stacking_shares(held_out, labels, std::vector<double>(kRows));
  // Sample covariances of 4000 rows; a share is off by 0.05 in one of a million samples.
  EXPECT_NEAR(shares[1], 0.8, 0.05);
  EXPECT_NEAR(shares[0] + shares[1], 1, 1e-12);
  const std::vector<double> mixture = stacked(held_out, shares);
  EXPECT_NEAR(mixture[3], shares[0] * held_out[0][3] + shares[1] * held_out[1][3], 1e-12);
}

// The minimum over the simplex: no exchange of share between two readouts saves anything.
TEST(Stacking, NoExchangeOfSharesSavesMore) {
  const std::vector<double> labels = normals("labels");
  const std::vector<double> common = normals("common", 0.3);
  std::vector<std::vector<double>> held_out;
  held_out.push_back(sum(sum(labels, normals("0", 3)), common));
  held_out.push_back(sum(sum(labels, normals("1", 0.2)), common));
  held_out.push_back(sum(sum(labels, normals("2", 0.3)), common));
  held_out.push_back(sum(labels, normals("3", 5)));
  const std::vector<double> even(kRows);
  const std::vector<double> shares = cautious_stacking_shares(held_out, labels, even);
  const auto variance = [&](const std::vector<double>& c) {
    const std::vector<double> mixture = stacked(held_out, c);
    double mean = 0;
    double square = 0;
    for (std::size_t i = 0; i < kRows; ++i) {
      mean += (labels[i] - mixture[i]) / kRows;
      square += (labels[i] - mixture[i]) * (labels[i] - mixture[i]) / kRows;
    }
    return square - mean * mean;
  };
  const double least = variance(shares);
  for (std::size_t from = 0; from < 4; ++from) {
    for (std::size_t to = 0; to < 4; ++to) {
      std::vector<double> other = shares;
      const double step = std::min(0.05, other[from]);
      other[from] -= step;
      other[to] += step;
      // The last share is drawn back by the square of the relative standard error.
      EXPECT_GE(variance(other), least * (1 - 1e-3)) << from << " to " << to;
    }
  }
}

// Where the second readout is the first with noise, nothing is saved; where it saves less than its
// standard error, nothing is taken of it.
TEST(Stacking, WhatTheSampleCannotTellIsLeftAlone) {
  const std::vector<double> labels = normals("labels");
  const std::vector<double> first = sum(labels, normals("first"));
  const std::vector<double> even(kRows);
  std::vector<double> heavy(kRows);
  for (std::size_t i = 0; i < 3; ++i) heavy[i] = 20;  // three rows have all the weight
  const std::vector<std::vector<double>> noisier{first, sum(first, normals("more"))};
  EXPECT_LT(cautious_stacking_shares(noisier, labels, even)[1], 0.02);
  const std::vector<std::vector<double>> near{first, sum(first, normals("more", 1e-3))};
  EXPECT_LT(cautious_stacking_shares(near, labels, heavy)[1], 0.9);
  const std::vector<std::vector<double>> same{first, first};
  EXPECT_EQ(cautious_stacking_shares(same, labels, even)[0], 1);
}

// Without caution the least error of the rows at hand is taken as it is.
TEST(Stacking, PlainSharesAreTheLeastError) {
  const std::vector<double> labels = normals("labels");
  const std::vector<double> a = normals("a");
  const std::vector<double> b = normals("b");
  const std::vector<std::vector<double>> held_out{sum(labels, a), sum(labels, b)};
  const std::vector<double> even(kRows);
  const std::vector<double> shares = stacking_shares(held_out, labels, even);
  // Of two errors a and b the share of b is cov(a, a - b) / var(a - b).
  double mean_a = 0;
  double mean_b = 0;
  for (std::size_t i = 0; i < kRows; ++i) {
    mean_a += a[i] / kRows;
    mean_b += b[i] / kRows;
  }
  double product = 0;
  double square = 0;
  for (std::size_t i = 0; i < kRows; ++i) {
    const double difference = a[i] - mean_a - (b[i] - mean_b);
    product += (a[i] - mean_a) * difference;
    square += difference * difference;
  }
  EXPECT_NEAR(shares[1], product / square, 1e-9);
}

// What is constant within a group is seen by no policy of its candidates.
TEST(Stacking, DoesNotSeeTheLevelsOfGroups) {
  const std::vector<double> labels = normals("labels");
  std::vector<std::vector<double>> held_out{sum(labels, normals("a")), sum(labels, normals("b"))};
  std::vector<std::uint32_t> groups(kRows);
  for (std::size_t i = 0; i < kRows; ++i) groups[i] = static_cast<std::uint32_t>(i / 4);
  const std::vector<double> even(kRows);
  const std::vector<double> before = stacking_shares(held_out, labels, even, groups);
  for (std::size_t i = 0; i < kRows; ++i) held_out[1][i] += 3.0 * (groups[i] % 7);
  const std::vector<double> after = stacking_shares(held_out, labels, even, groups);
  EXPECT_NEAR(before[1], after[1], 1e-9);
  EXPECT_LT(stacking_shares(held_out, labels, even)[1], 0.5 * before[1]);
}

TEST(Stacking, RefusesBadInputInWords) {
  const std::vector<double> two(2);
  const std::vector<std::vector<double>> one{{1, 2}};
  const auto text = [&](std::span<const std::vector<double>> held_out,
                        std::span<const double> labels, std::span<const double> log_weights) {
    return failure_text<UsageError>(
        [&] { cautious_stacking_shares(held_out, labels, log_weights); });
  };
  expect_words(text({}, two, two), "readouts", "at least one");
  expect_words(text(one, std::vector<double>(3), std::vector<double>(3)), "2 values", "3 rows");
  expect_words(text(one, two, std::vector<double>(3)), "log_weights", "3 values", "2 labels");
  const std::vector<std::uint32_t> three(3);
  expect_words(failure_text<UsageError>([&] { stacking_shares(one, two, two, three); }), "groups",
               "3 values");
  const std::vector<double> none;
  expect_words(failure_text<UsageError>([&] { stacked(one, none); }), "shares", "1 readouts");
}

}  // namespace
}  // namespace esscher
