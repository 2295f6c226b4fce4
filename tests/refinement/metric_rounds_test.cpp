#include "esscher/refinement/metric_rounds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/linalg/factor.h"

namespace esscher {
namespace {

/// tanh(2 x_1) + x_2 x_3 and noise on 10 normals.
struct Table {
  explicit Table(std::size_t n, double noise = 0.1) : x(n, 10), y(n), groups(n), folds(n) {
    RandomStream(1, "test/x").fill_normal(0, x.values());
    RandomStream(2, "test/noise").fill_normal(0, y);
    for (std::size_t i = 0; i < n; ++i) {
      y[i] = std::tanh(2 * x(i, 0)) + x(i, 1) * x(i, 2) + noise * y[i];
      groups[i] = static_cast<std::uint32_t>(i / 5);
      folds[i] = static_cast<std::uint32_t>(i / 5 % 4);
    }
  }
  MetricSample sample() const { return {x.view(), y, {}, {}, folds}; }

  Matrix<double> x;
  std::vector<double> y;
  std::vector<std::uint32_t> groups;
  std::vector<std::uint32_t> folds;
};

double share_of_three(const KernelMetric& metric) {
  double trace = 0;
  for (std::size_t k = 0; k < 10; ++k) trace += metric.full(k, k);
  return (metric.full(0, 0) + metric.full(1, 1) + metric.full(2, 2)) / trace;
}

TEST(MetricRounds, FindTheColumnsThatTheRewardTurnsOn) {
  const Table table(400);
  const MetricRounds rounds = learn_metric(table.sample());
  ASSERT_GE(rounds.rounds.size(), 3);
  EXPECT_GE(rounds.chosen, 1);
  // Of ten columns three count: in the identity they have 0.3.
  ASSERT_FALSE(rounds.kernels.empty());
  EXPECT_TRUE(rounds.kernels[0].learned);
  EXPECT_GT(rounds.kernels[0].share, 0.3);  // x_2 x_3 suits the quadratic one, too
  ASSERT_EQ(rounds.kernels[0].metrics.size(), 5);
  for (const KernelMetric& metric : rounds.kernels[0].metrics) {
    EXPECT_GT(share_of_three(metric), 0.9);
  }
  EXPECT_GT(share_of_three(rounds.product), 0.9);
  EXPECT_LT(rounds.rounds[rounds.chosen].error, 0.7 * rounds.rounds[0].error);
  for (const MetricRound& round : rounds.rounds) {
    EXPECT_GE(round.error, rounds.rounds[rounds.chosen].error);
  }
}

TEST(MetricRounds, OfAFoldDoNotSeeItsLabels) {
  Table table(200);
  MetricRoundsOptions options;
  options.most_rounds = 2;
  options.penalty = 1e-3;  // a penalty chosen by all folds' errors would know a little
  const MetricRounds before = learn_metric(table.sample(), options);
  for (std::size_t i = 0; i < 200; ++i) {
    if (table.folds[i] == 2) table.y[i] *= 1.25;
  }
  MetricRounds after = learn_metric(table.sample(), options);
  ASSERT_EQ(before.rounds.size(), after.rounds.size());
  ASSERT_EQ(before.chosen, after.chosen);
  EXPECT_EQ(before.kernels[0].metrics[2].full, after.kernels[0].metrics[2].full);
  ASSERT_GE(before.chosen, 1);
  EXPECT_NE(before.kernels[0].metrics[1].full, after.kernels[0].metrics[1].full);
}

TEST(MetricRounds, StopAtTheIdentityWhereNothingCanBeLearned) {
  Table table(150);
  RandomStream(7, "test/pure").fill_normal(0, table.y);
  const MetricRounds rounds = learn_metric(table.sample());
  // Held-out figures of noise alone do not fall below its variance, here 1 (150 normals: standard
  // error 0.12; a tenth below it is a gain of the fit, not of chance).
  double mean = 0;
  double variance = 0;
  for (const double y : table.y) mean += y / 150;
  for (const double y : table.y) variance += (y - mean) * (y - mean) / 150;
  EXPECT_GT(rounds.rounds[rounds.chosen].error, 0.9 * variance);
}

// Few rows of a polynomial: the kernel that is made for it predicts best.
TEST(MetricRounds, MixInTheKernelThatSuits) {
  Table table(80);
  for (std::size_t i = 0; i < 80; ++i) {
    table.y[i] = 0;
    for (std::size_t k = 0; k < 5; ++k) table.y[i] += table.x(i, k) * table.x(i, k + 5);
  }
  const MetricRounds rounds = learn_metric(table.sample());
  const StackedKernel& last = rounds.kernels.back();
  EXPECT_EQ(last.family, KernelFamily::quadratic);
  EXPECT_FALSE(last.learned);
  EXPECT_GT(last.share, 0.5);
  EXPECT_LT(last.error, 0.8 * rounds.rounds[rounds.chosen].error);
  double sum = 0;
  for (const StackedKernel& kernel : rounds.kernels) {
    EXPECT_GE(kernel.share, kLeastShare);
    sum += kernel.share;
  }
  EXPECT_NEAR(sum, 1, 1e-12);
}

// Rewards through landmarks are those of all rows but for what a few rows less can tell.
TEST(MetricRounds, RestOnLandmarksWhereThereAreMoreRows) {
  for (const bool grouped : {false, true}) {
    const Table table(400);
    MetricSample sample = table.sample();
    if (grouped) sample.groups = table.groups;
    MetricRoundsOptions options;
    options.penalty = 1e-3;
    const MetricRounds dual = learn_metric(sample, options);
    options.landmarks = 299;  // each fold has 300 rows
    const MetricRounds nearly = learn_metric(sample, options);
    EXPECT_NEAR(nearly.rounds[0].error, dual.rounds[0].error, 1e-2 * dual.rounds[0].error);
    options.landmarks = 100;
    const MetricRounds few = learn_metric(sample, options);
    EXPECT_GT(share_of_three(few.product), 0.85);
    EXPECT_LT(few.rounds[few.chosen].error, 0.7 * dual.rounds[0].error);
  }
}

TEST(MetricRounds, OfManyRowsTakeTheMeanOfTheFoldsMetrics) {
  Table table(2100);
  for (std::uint32_t& fold : table.folds) fold %= 2;
  MetricRoundsOptions options;
  options.most_rounds = 3;
  options.penalty = 1e-4;
  options.landmarks = 512;
  const MetricRounds rounds = learn_metric(table.sample(), options);
  ASSERT_TRUE(rounds.kernels[0].learned);
  const std::vector<KernelMetric>& metrics = rounds.kernels[0].metrics;
  ASSERT_EQ(metrics.size(), 3);
  for (std::size_t e = 0; e < 100; ++e) {
    double mean = 0;
    for (std::size_t f = 0; f < 2; ++f) mean += metrics[f].full.values()[e] / 2;
    ASSERT_NEAR(metrics[2].full.values()[e], mean, 1e-12);
  }
  EXPECT_GT(share_of_three(metrics[2]), 0.97);
  // Noise has a variance of 0.01 in 1.9.
  EXPECT_LT(rounds.rounds[rounds.chosen].error, 0.06);
}

TEST(MetricRounds, DoNotSeeAConstantOfAGroup) {
  Table table(200);
  MetricSample sample = table.sample();
  sample.groups = table.groups;
  const MetricRounds before = learn_metric(sample);
  for (std::size_t i = 0; i < 200; ++i) table.y[i] += 2.0 * table.groups[i];
  const MetricRounds after = learn_metric(sample);
  ASSERT_EQ(before.rounds.size(), after.rounds.size());
  for (std::size_t r = 0; r < before.rounds.size(); ++r) {
    // Shifts up to 80 cost two digits.
    EXPECT_NEAR(before.rounds[r].error, after.rounds[r].error, 1e-8);
  }
  EXPECT_EQ(before.chosen, after.chosen);
}

TEST(MetricRounds, LookWhereATiltGoes) {
  // x_1 moves low rewards, x_2 high ones: under a tilt x_2 counts.
  Table table(500);
  for (std::size_t i = 0; i < 500; ++i) {
    table.y[i] = std::min(0.0, table.x(i, 0)) + std::max(0.0, table.x(i, 1));
  }
  const auto ratio = [&](double temperature) {
    MetricRoundsOptions options;
    options.temperature = temperature;
    const KernelMetric product = learn_metric(table.sample(), options).product;
    return product.full(1, 1) / product.full(0, 0);
  };
  EXPECT_GT(ratio(0.3), 1.5 * ratio(std::numeric_limits<double>::infinity()));
}

TEST(MetricRounds, WeightsCountWithinTheError) {
  // Rows of no weight have senseless labels.
  Table table(300);
  std::vector<double> weights(300, 1.0);
  for (std::size_t i = 0; i < 300; i += 3) {
    weights[i] = 0;
    table.y[i] = 50;
  }
  MetricSample sample = table.sample();
  sample.weights = weights;
  const MetricRounds rounds = learn_metric(sample);
  EXPECT_GT(share_of_three(rounds.product), 0.85);
  EXPECT_LT(rounds.rounds[rounds.chosen].error, 1);
}

TEST(MetricRounds, TakeTheDiagonalOfManyColumns) {
  constexpr std::size_t kColumns = kMostMetricColumns + 6;
  Table table(60);
  Matrix<double> wide(60, kColumns);
  for (std::size_t i = 0; i < 60; ++i) {
    for (std::size_t k = 0; k < kColumns; ++k) wide(i, k) = k < 10 ? table.x(i, k) : 0;
  }
  MetricSample sample = table.sample();
  sample.x = wide.view();
  const MetricRounds rounds = learn_metric(sample);
  EXPECT_TRUE(rounds.product.full.empty());
  ASSERT_EQ(rounds.product.diagonal.size(), kColumns);
  EXPECT_GT(rounds.product.diagonal[0], 0);
  EXPECT_EQ(rounds.product.diagonal[20], 0);
}

TEST(MetricRounds, HaveTheSameBitsForAnyNumberOfThreads) {
  const Table table(120);
  MetricRoundsOptions options;
  options.threads = 1;
  const MetricRounds one = learn_metric(table.sample(), options);
  options.threads = 3;
  const MetricRounds three = learn_metric(table.sample(), options);
  EXPECT_EQ(one.product.full, three.product.full);
  ASSERT_EQ(one.rounds.size(), three.rounds.size());
  EXPECT_EQ(one.rounds.back().error, three.rounds.back().error);
}

TEST(MetricRounds, CanBeCancelled) {
  const Table table(60);
  CancellationToken token;
  token.request();
  MetricRoundsOptions options;
  options.callbacks.cancellation = &token;
  EXPECT_TRUE(learn_metric(table.sample(), options).cancelled);
}

TEST(MetricRounds, RefuseWhatDoesNotFit) {
  const Table table(20);
  MetricSample sample = table.sample();
  const std::vector<std::uint32_t> one(20, 0);
  sample.folds = one;
  EXPECT_THROW(learn_metric(sample), UsageError);
  sample = table.sample();
  sample.labels = std::span(table.y).first(19);
  EXPECT_THROW(learn_metric(sample), UsageError);
}

}  // namespace
}  // namespace esscher
