#include "refinement/metric_path.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/random.h"

namespace esscher::internal {
namespace {

/// tanh(2 x_1) + x_2 x_3 and noise on 20 normals: the sum of networks sees x_2 and x_3 late.
struct LateDirections {
  explicit LateDirections(std::size_t n) : x(n, 20), y(n), folds(n) {
    RandomStream(1, "test/x").fill_normal(0, x.values());
    RandomStream(2, "test/noise").fill_normal(0, y);
    for (std::size_t i = 0; i < n; ++i) {
      y[i] = std::tanh(2 * x(i, 0)) + x(i, 1) * x(i, 2) + 0.2 * y[i];
      folds[i] = static_cast<std::uint32_t>(i % 3);
    }
  }
  MetricSample sample() const { return {x.view(), y, {}, {}, folds}; }

  Matrix<double> x;
  std::vector<double> y;
  std::vector<std::uint32_t> folds;
};

MetricPath learned(FoldedSample& rows, const MetricRoundsOptions& options, KernelFamily family,
                   std::vector<KernelMetric> begin, int rounds) {
  MetricPath path(rows, options);
  path.learn(family, std::move(begin), rounds);
  return path;
}

TEST(MetricPath, GoesFurtherBehindTheLaplaceKernel) {
  const LateDirections table(300);
  const MetricSample sample = table.sample();
  const MetricRoundsOptions options;
  FoldedSample rows(sample, options.landmarks, true);
  const MetricPath laplace = learned(rows, options, KernelFamily::laplace, {}, 12);
  ASSERT_GE(laplace.chosen(), 1);
  const MetricPath plain = learned(rows, options, KernelFamily::networks, {}, 3);
  const MetricPath behind =
      learned(rows, options, KernelFamily::networks, laplace.gradient_products(), 3);
  EXPECT_EQ(behind.rounds()[0].error, plain.rounds()[0].error);  // the identity's
  EXPECT_LT(behind.error(), 0.9 * plain.error());
}

TEST(MetricPath, BeginsWithTheMetricsThatAreGiven) {
  const LateDirections table(200);
  const MetricSample sample = table.sample();
  const MetricRoundsOptions options;
  std::vector<double> truth(20, 1e-6);
  truth[0] = truth[1] = truth[2] = 1;
  const std::vector<KernelMetric> begin(4, KernelMetric{{}, truth});
  FoldedSample rows(sample, options.landmarks, true);
  const MetricPath path = learned(rows, options, KernelFamily::networks, begin, 1);
  ASSERT_EQ(path.rounds().size(), 2);
  EXPECT_LT(path.rounds()[1].error, 0.3 * path.rounds()[0].error);
  // That of the chosen round first, then the identity's.
  ASSERT_EQ(path.kernels().size(), 2);
  EXPECT_EQ(path.kernels()[0].metrics[0].diagonal, truth);
  EXPECT_FALSE(path.kernels()[1].learned);
  EXPECT_EQ(path.held_out()[0].size(), 200);
  // The identity's round is not taken again, which changes no bit.
  ASSERT_TRUE(rows.identity);
  const MetricPath again = learned(rows, options, KernelFamily::networks, begin, 1);
  ASSERT_EQ(again.rounds().size(), 2);
  for (std::size_t r = 0; r < 2; ++r) {
    EXPECT_EQ(again.rounds()[r].error, path.rounds()[r].error);
    EXPECT_EQ(again.rounds()[r].penalty, path.rounds()[r].penalty);
  }
  EXPECT_EQ(again.chosen(), path.chosen());
  EXPECT_EQ(again.held_out(), path.held_out());
  EXPECT_EQ(again.kernels()[1].penalty, path.kernels()[1].penalty);
}

TEST(MetricPath, TakesTheMeanForAllRowsWhereTheyHaveNoRoundsOfTheirOwn) {
  const LateDirections table(60);
  const MetricSample sample = table.sample();
  const MetricRoundsOptions options;
  FoldedSample rows(sample, options.landmarks, false);
  const MetricPath path(rows, options);
  const std::vector<KernelMetric> metrics =
      path.with_all({{{}, {1, 2}}, {{}, {3, 2}}, {{}, {5, 8}}});
  ASSERT_EQ(metrics.size(), 4);
  EXPECT_EQ(metrics[3].diagonal, (std::vector<double>{3, 4}));
}

}  // namespace
}  // namespace esscher::internal
