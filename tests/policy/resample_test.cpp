// Draws follow the law that they are said to follow, whatever the number of threads.

#include "esscher/policy/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

const std::vector<double> kRewards = {0.5, 2, -1, 2, 1, 0, 2.5, 9};
const std::vector<double> kPrior = {0.1, 0.2, 0.05, 0.1, 0.25, 0.2, 0.1, 0};

std::vector<double> log_prior() {
  std::vector<double> result;
  for (const double p : kPrior) result.push_back(std::log(p) + 3);
  return result;
}

ResampleOptions options(ResampleKind kind, std::uint64_t count) {
  ResampleOptions result;
  result.kind = kind;
  result.count = count;
  result.threads = 1;
  return result;
}

std::vector<double> tilted(const std::vector<double>& r, const std::vector<double>& prior,
                           double beta) {
  std::vector<double> p;
  double total = 0;
  for (std::size_t i = 0; i < r.size(); ++i) {
    p.push_back(prior[i] * std::exp(r[i] / beta));
    total += p.back();
  }
  for (double& value : p) value /= total;
  return p;
}

/// Frequencies within 4.5 binomial deviations: one comparison alarms falsely with a probability of
/// 7e-6, some 60 of this file with 4e-4. Seeds are fixed.
void expect_frequencies(const std::vector<double>& found, const std::vector<double>& p,
                        double draws) {
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double deviation = std::sqrt(p[i] * (1 - p[i]) / draws);
    EXPECT_NEAR(found[i] / draws, p[i], 4.5 * deviation) << i;
  }
}

TEST(Resample, TiltedDrawsFollowTheTiltedLaw) {
  const std::vector<double> prior = log_prior();
  for (const double beta : {0.3, 1.0, 100.0}) {
    ResampleOptions how = options(ResampleKind::tilted, 20000);
    how.beta = beta;
    std::vector<double> found(8);
    for (const ResampledRow& draw : resample(kRewards, {8, {}, prior, {}}, how)) {
      found[draw.row] += 1;
    }
    expect_frequencies(found, tilted(kRewards, kPrior, beta), 20000);
  }
}

TEST(Resample, BestOfNDrawsFollowTheLawOfTheGreatest) {
  const std::vector<double> prior = log_prior();
  for (const double n : {1.0, 2.5, 7.0, 1e15}) {
    ResampleOptions how = options(ResampleKind::best_of_n, 20000);
    how.n = n;
    std::vector<double> found(8);
    for (const ResampledRow& draw : resample(kRewards, {8, {}, prior, {}}, how)) {
      found[draw.row] += 1;
    }
    // Rows 1 and 3 tie.
    std::vector<double> p(8);
    for (std::size_t i = 0; i < 8; ++i) {
      double below = 0;
      double own = 0;
      for (std::size_t j = 0; j < 8; ++j) {
        if (kRewards[j] < kRewards[i]) below += kPrior[j];
        if (kRewards[j] == kRewards[i]) own += kPrior[j];
      }
      if (own == 0) continue;
      p[i] = (std::pow(std::min(1.0, below + own), n) - std::pow(below, n)) * kPrior[i] / own;
    }
    expect_frequencies(found, p, 20000);
  }
}

TEST(Resample, StrataAreDrawnByTheirShareAndTiltedEachByItself) {
  std::vector<double> r = kRewards;
  for (std::size_t i = 4; i < 8; ++i) r[i] += 1000;
  const std::vector<std::uint32_t> strata = {0, 0, 0, 0, 5, 5, 5, 5};
  const std::vector<double> prior = log_prior();
  std::vector<double> expected = tilted(kRewards, {0.1, 0.2, 0.05, 0.1, 0, 0, 0, 0}, 1);
  const std::vector<double> second = tilted(kRewards, {0, 0, 0, 0, 0.25, 0.2, 0.1, 0}, 1);
  for (std::size_t i = 0; i < 8; ++i) expected[i] = 0.45 * expected[i] + 0.55 * second[i];
  std::vector<double> found(8);
  for (const auto& draw :
       resample(r, {8, {}, prior, strata}, options(ResampleKind::tilted, 20000))) {
    found[draw.row] += 1;
  }
  expect_frequencies(found, expected, 20000);
  ResampleOptions how = options(ResampleKind::best_of_n, 20000);
  how.n = 1e9;
  found.assign(8, 0);
  for (const auto& draw : resample(r, {8, {}, prior, strata}, how)) found[draw.row] += 1;
  expect_frequencies(found, {0, 0.45 * 2 / 3, 0, 0.45 / 3, 0, 0, 0.55, 0}, 20000);
}

TEST(Resample, WithoutReplacementTheFirstIsTheTiltedLawAndTheSecondConditional) {
  const std::vector<double> prior = log_prior();
  const std::vector<double> p = tilted(kRewards, kPrior, 1);
  std::vector<double> second(8);
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t j = 0; j < 8; ++j) {
      if (i != j) second[i] += p[j] * p[i] / (1 - p[j]);
    }
  }
  std::vector<double> found_first(8);
  std::vector<double> found_second(8);
  ResampleOptions how = options(ResampleKind::soft_best_of_n, 7);
  for (how.seed = 0; how.seed < 4000; ++how.seed) {
    const auto drawn = resample(kRewards, {8, {}, prior, {}}, how);
    std::set<std::uint64_t> rows;
    for (std::size_t k = 0; k < 7; ++k) {
      EXPECT_EQ(drawn[k].draw, k);
      rows.insert(drawn[k].row);
    }
    ASSERT_EQ(rows.size(), 7U);
    EXPECT_FALSE(rows.contains(7));
    found_first[drawn[0].row] += 1;
    found_second[drawn[1].row] += 1;
  }
  expect_frequencies(found_first, p, 4000);
  expect_frequencies(found_second, second, 4000);
}

TEST(Resample, GivesEachGroupItsDrawsForAnyNumberOfThreads) {
  std::vector<double> r(900);
  RandomStream(7, "r").fill_normal(0, r);
  std::vector<std::uint32_t> groups;
  for (std::uint32_t i = 0; i < 900; ++i) groups.push_back(i % 150);
  for (const ResampleKind kind :
       {ResampleKind::tilted, ResampleKind::best_of_n, ResampleKind::soft_best_of_n}) {
    ResampleOptions how = options(kind, 5);
    how.n = 3;
    const auto one = resample(r, {900, groups, {}, {}}, how);
    ASSERT_EQ(one.size(), 750U);
    how.threads = 3;
    const auto three = resample(r, {900, groups, {}, {}}, how);
    how.count = 4;
    const auto fewer = resample(r, {900, groups, {}, {}}, how);
    for (std::size_t i = 0; i < 750; ++i) {
      EXPECT_EQ(one[i].group, i / 5);
      EXPECT_EQ(one[i].draw, i % 5);
      EXPECT_EQ(groups[one[i].row], one[i].group);
      EXPECT_EQ(three[i].row, one[i].row);
      if (i % 5 < 4) {
        EXPECT_EQ(fewer[4 * (i / 5) + i % 5].row, one[i].row);
      }
    }
    how.seed = 2;
    const auto other = resample(r, {900, groups, {}, {}}, how);
    std::size_t same = 0;
    for (std::size_t i = 0; i < other.size(); ++i) same += other[i].row == fewer[i].row;
    EXPECT_LT(same, 400U);
  }
}

TEST(Resample, DrawsTheSameHoweverManyThereAre) {
  // More than are made ready at a time: group 4092 lies on both sides of 4096 * 1024.
  constexpr std::uint32_t kGroups = 4096;
  std::vector<double> r(4 * kGroups);
  RandomStream(7, "r").fill_normal(0, r);
  std::vector<std::uint32_t> groups;
  for (std::uint32_t i = 0; i < r.size(); ++i) groups.push_back(i % kGroups);
  const TableReference reference{r.size(), groups, {}, {}};
  ResampleOptions how = options(ResampleKind::tilted, 1025);
  const auto many = resample(r, reference, how);
  ASSERT_EQ(many.size(), 1025U * kGroups);
  how.count = 8;
  const auto fewer = resample(r, reference, how);
  for (std::size_t i = 0; i < fewer.size(); ++i) {
    const ResampledRow& draw = many[1025 * (i / 8) + i % 8];
    ASSERT_EQ(draw.group, i / 8);
    ASSERT_EQ(draw.draw, i % 8);
    ASSERT_EQ(draw.row, fewer[i].row);
  }
}

TEST(Resample, StopsWhenAskedTo) {
  std::vector<double> r(200000);
  RandomStream(7, "r").fill_normal(0, r);
  CancellationToken token;
  token.request();
  for (const ResampleKind kind :
       {ResampleKind::tilted, ResampleKind::best_of_n, ResampleKind::soft_best_of_n}) {
    ResampleOptions how = options(kind, 5);
    EXPECT_EQ(resample(r, {r.size(), {}, {}, {}}, how).size(), 5U);
    how.cancellation = &token;
    EXPECT_TRUE(resample(r, {r.size(), {}, {}, {}}, how).empty());
  }
}

TEST(Resample, NamesReadBack) {
  for (const ResampleKind kind :
       {ResampleKind::tilted, ResampleKind::best_of_n, ResampleKind::soft_best_of_n}) {
    EXPECT_EQ(parse_resample_kind(resample_kind_name(kind)), kind);
  }
  expect_words(failure_text<UsageError>([] { parse_resample_kind("tiled"); }),
               "kind = tiled: must be tilted, best_of_n or soft_best_of_n; did you mean tilted?");
}

TEST(Resample, RefusesWhatCannotBeDrawn) {
  const std::vector<double> prior = log_prior();
  const auto text = [&](ResampleKind kind, auto change) {
    ResampleOptions how = options(kind, 3);
    change(how);
    return failure_text<UsageError>([&] { resample(kRewards, {8, {}, prior, {}}, how); });
  };
  expect_words(text(ResampleKind::tilted, [](auto& o) { o.count = 0; }),
               "count = 0: must be at least 1");
  expect_words(text(ResampleKind::tilted, [](auto& o) { o.beta = -1; }), "beta = -1");
  expect_words(text(ResampleKind::best_of_n, [](auto& o) { o.n = 0.9; }),
               "n = 0.9: must be from 1 to 1e15");
  expect_words(text(ResampleKind::tilted, [](auto& o) { o.count = std::uint64_t{1} << 60; }),
               "count = 1152921504606846976", "memory");
  expect_words(text(ResampleKind::soft_best_of_n, [](auto& o) { o.count = 8; }),
               "count = 8: the table has only 7 rows to draw without replacement");
  const std::vector<double> bad = {1, kInfinity};
  expect_words(failure_text<DataError>([&] {
                 resample(bad, {2, {}, {}, {}}, options(ResampleKind::tilted, 1));
               }),
               "proxy reward of row 2 = inf");
}

}  // namespace
}  // namespace esscher
