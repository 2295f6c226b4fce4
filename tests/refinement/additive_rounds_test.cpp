#include "refinement/additive_rounds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/random.h"
#include "refinement/metric_path.h"

namespace esscher::internal {
namespace {

/// sin(2 x_1) + x_2 [x_3 > 0] and noise on 100 normals.
struct FewColumns {
  explicit FewColumns(std::size_t n) : x(n, 100), y(n), folds(n) {
    RandomStream(1, "test/x").fill_normal(0, x.values());
    RandomStream(2, "test/noise").fill_normal(0, y);
    for (std::size_t i = 0; i < n; ++i) {
      y[i] = std::sin(2 * x(i, 0)) + (x(i, 2) > 0 ? x(i, 1) : 0.0) + 0.3 * y[i];
      folds[i] = static_cast<std::uint32_t>(i % 3);
    }
  }
  MetricSample sample() const { return {x.view(), y, {}, {}, folds}; }

  Matrix<double> x;
  std::vector<double> y;
  std::vector<std::uint32_t> folds;
};

TEST(AdditiveRounds, FindTheColumnsThatCount) {
  const FewColumns table(400);
  const std::vector<KernelMetric> metrics = additive_metrics(table.sample(), {}, true);
  ASSERT_EQ(metrics.size(), 4);  // of three folds and all rows
  for (const KernelMetric& metric : metrics) {
    ASSERT_EQ(metric.diagonal.size(), 100);
    for (std::size_t k = 2; k < 100; ++k) {
      EXPECT_GT(metric.diagonal[k], 0);
      EXPECT_LT(metric.diagonal[k], 0.7 * metric.diagonal[0]);
      EXPECT_LT(metric.diagonal[k], 0.7 * metric.diagonal[1]);
    }
  }
}

// From the identity gradients drown: what follows behind single columns predicts with a fraction
// of the error, and learn_metric() takes that way.
TEST(AdditiveRounds, LeadWhereGradientProductsDoNot) {
  const FewColumns table(400);
  const MetricSample sample = table.sample();
  const MetricRoundsOptions options;
  FoldedSample rows(sample, options.landmarks, true);
  MetricPath plain(rows, options);
  plain.learn(KernelFamily::networks, {}, 12);
  MetricPath behind(rows, options);
  behind.learn(KernelFamily::networks, additive_metrics(sample, options, true), 12);
  EXPECT_LT(behind.error(), 0.7 * plain.error());
  const MetricRounds rounds = learn_metric(sample, options);
  EXPECT_LE(rounds.rounds[rounds.chosen].error, behind.error());
}

TEST(AdditiveRounds, SameForAnyNumberOfThreads) {
  const FewColumns table(120);
  MetricRoundsOptions one;
  one.threads = 1;
  MetricRoundsOptions two;
  two.threads = 2;
  const std::vector<KernelMetric> a = additive_metrics(table.sample(), one, false);
  const std::vector<KernelMetric> b = additive_metrics(table.sample(), two, false);
  ASSERT_EQ(a.size(), 3);
  for (std::size_t f = 0; f < 3; ++f) EXPECT_EQ(a[f].diagonal, b[f].diagonal);
}

TEST(AdditiveRounds, TellNothingOfConstantColumns) {
  FewColumns table(60);
  for (double& value : table.x.values()) value = 1;
  EXPECT_TRUE(additive_metrics(table.sample(), {}, true).empty());
}

}  // namespace
}  // namespace esscher::internal
