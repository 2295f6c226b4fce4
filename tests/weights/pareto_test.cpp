// Pareto smoothing: golden numbers from arviz-stats, the law that is fitted, and weights of every
// size. Exact or seeded once: where a test is statistical it says so.

#include "esscher/weights/pareto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/linalg/log_sum_exp.h"
#include "esscher/weights/log_weights.h"

namespace esscher {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

struct GoldenCase {
  std::string name;
  std::vector<double> log_weights;
  double pareto_k;
  std::vector<double> smoothed;
  double ess;
};

std::vector<GoldenCase> golden_cases() {
  std::ifstream file(std::string(ESSCHER_GOLDEN_DIR) + "/psis.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  std::vector<GoldenCase> cases;
  for (const auto& entry : golden.at("cases")) {
    cases.push_back({entry.at("name"), entry.at("log_weights"), entry.at("pareto_k"),
                     entry.at("smoothed_log_weights"), entry.at("ess")});
  }
  return cases;
}

TEST(ParetoSmoothing, AgreesWithArviz) {
  const std::vector<GoldenCase> cases = golden_cases();
  ASSERT_EQ(cases.size(), 5U);
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(golden.name);
    const SmoothedWeights smoothed = pareto_smoothed(golden.log_weights);
    // The algorithm is the same step by step; what is left is the file's rounding to ten decimals.
    EXPECT_NEAR(smoothed.k, golden.pareto_k, 1e-6);
    ASSERT_EQ(smoothed.log_weights.size(), golden.smoothed.size());
    for (std::size_t i = 0; i < golden.smoothed.size(); ++i) {
      ASSERT_NEAR(smoothed.log_weights[i], golden.smoothed[i], 1e-8) << i;
    }
  }
}

TEST(ParetoSmoothing, IsTheSameForWeightsTimesAConstant) {
  for (const GoldenCase& golden : golden_cases()) {
    const SmoothedWeights plain = pareto_smoothed(golden.log_weights);
    std::vector<double> moved = golden.log_weights;
    for (double& x : moved) x += 4096;
    const SmoothedWeights shifted = pareto_smoothed(moved);
    // Adding 4096 rounds the logarithms to 2^-41.
    EXPECT_NEAR(shifted.k, plain.k, 1e-9);
    for (std::size_t i = 0; i < moved.size(); ++i) {
      ASSERT_NEAR(shifted.log_weights[i], plain.log_weights[i], 1e-9);
    }
  }
}

TEST(ParetoSmoothing, KeepsTheOrderOfTheWeightsAndTheBody) {
  for (const GoldenCase& golden : golden_cases()) {
    const SmoothedWeights smoothed = pareto_smoothed(golden.log_weights);
    std::vector<std::size_t> order(golden.log_weights.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
      return golden.log_weights[i] < golden.log_weights[j];
    });
    ASSERT_LE(smoothed.tail, order.size());
    const double moved = smoothed.log_weights[order[0]] - golden.log_weights[order[0]];
    for (std::size_t r = 1; r < order.size(); ++r) {
      ASSERT_GE(smoothed.log_weights[order[r]] - smoothed.log_weights[order[r - 1]], -1e-12);
      if (r < order.size() - smoothed.tail) {
        // Logarithms of size 10, twice rounded.
        ASSERT_NEAR(smoothed.log_weights[order[r]] - golden.log_weights[order[r]], moved, 1e-13);
      }
    }
  }
}

// -log U / -k ... quantiles of the law itself, so that the only error is the estimate's. With n
// quantiles at (i - 1/2)/n the fit's bias is O(1/n) and the prior pulls k by 10 (1/2 - k) / n.
TEST(ParetoFit, FindsTheLawFromItsQuantiles) {
  constexpr std::size_t kCount = 20000;
  for (const double k : {-0.3, 0.0, 0.2, 0.5, 0.9}) {
    for (const double sigma : {1.0, 1e-200, 1e200}) {
      std::vector<double> x(kCount);
      for (std::size_t i = 0; i < kCount; ++i) {
        const double survival = std::log1p(-(static_cast<double>(i) + 0.5) / kCount);
        x[i] = sigma * (k == 0 ? -survival : std::expm1(-k * survival) / k);
      }
      const ParetoFit fit = fit_generalised_pareto(x);
      EXPECT_NEAR(fit.k, k, 0.005);
      EXPECT_NEAR(fit.sigma / sigma, 1, 0.01);
    }
  }
}

TEST(ParetoFit, IsFiniteForEveryExcessUpTo1e300) {
  const double tiny = std::numeric_limits<double>::denorm_min();
  const double huge = 1e300;
  for (const std::vector<double>& excesses : {std::vector<double>{1},
                                              {0, 1},
                                              {0, 0, 0, 0, 1},
                                              {1, 1, 1, 1, 1},
                                              {tiny, tiny, tiny, huge},
                                              {0, 0, 0, 0, 0, 0, 0, tiny},
                                              {huge, huge, huge, huge, huge},
                                              {1, 2, 3, 4, 5, 6, 7, 8}}) {
    const ParetoFit fit = fit_generalised_pareto(excesses);
    EXPECT_TRUE(std::isfinite(fit.k)) << ::testing::PrintToString(excesses);
    EXPECT_GE(fit.sigma, 0) << ::testing::PrintToString(excesses);
    EXPECT_TRUE(std::isfinite(fit.sigma)) << ::testing::PrintToString(excesses);
  }
}

TEST(ParetoFit, RefusesWhatIsNoAscendingListOfExcesses) {
  for (const std::vector<double>& excesses :
       {std::vector<double>{}, {0, 0}, {2, 1}, {-1, 1}, {1, kUnbounded}, {std::nan(""), 1}}) {
    try {
      fit_generalised_pareto(excesses);
      FAIL() << ::testing::PrintToString(excesses);
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find("excesses = "), std::string::npos);
    }
  }
}

TEST(ParetoSmoothing, LeavesTailsThatAreTooShortOrFlat) {
  const SmoothedWeights few = pareto_smoothed(std::vector<double>{0, 1, 2, 3});
  EXPECT_EQ(few.k, kUnbounded);
  EXPECT_EQ(few.tail, 0U);
  const SmoothedWeights equal = pareto_smoothed(std::vector<double>(100, 3.0));
  EXPECT_EQ(equal.k, -kUnbounded);
  EXPECT_NEAR(equal.log_weights[7], -std::log(100), 1e-14);
  // A label that saturates: the largest weights are one atom.
  std::vector<double> atoms(100, 0.0);
  std::fill(atoms.begin(), atoms.begin() + 50, 1.0);
  EXPECT_EQ(pareto_smoothed(atoms).k, -kUnbounded);
}

// Weights of e^{-z/beta} for normal z, from nearly equal to all on one sample.
TEST(ParetoSmoothing, WeightsThatRoundingAloneTellsApartAreAFlatTail) {
  // A perfect prediction of a two-valued reward, up to a solver's rounding: half the weights are
  // heavy and equal but for 1e-8, in a heavy-tailed way.
  std::vector<double> log_weights(200);
  for (std::size_t i = 0; i < log_weights.size(); ++i) {
    const double rounding = 1e-8 / (1.0 + static_cast<double>(i / 2));
    log_weights[i] = (i % 2 == 0 ? 2 : 0) + rounding;
  }
  EXPECT_EQ(pareto_smoothed(log_weights).k, -kUnbounded);
  // Differences of size 1e-3 are differences: that law has a tail.
  for (std::size_t i = 0; i < log_weights.size(); i += 2) {
    log_weights[i] = 2 + 1e-1 / (1.0 + static_cast<double>(i));
  }
  EXPECT_GT(pareto_smoothed(log_weights).k, 0.5);
}

TEST(ParetoSmoothing, NeverGivesNaNAtAnyTemperature) {
  for (const std::size_t n : {1, 2, 5, 24, 25, 26, 100, 3000}) {
    std::vector<double> z(n);
    RandomStream(5, "z").fill_normal(0, z);
    for (const double beta : {1e-12, 1e-6, 1e-3, 1e-2, 1.0, 1e3, 1e9, 1e15}) {
      std::vector<double> log_weights = z;
      for (double& x : log_weights) x /= beta;
      const SmoothedWeights smoothed = pareto_smoothed(log_weights);
      EXPECT_FALSE(std::isnan(smoothed.k));
      EXPECT_NEAR(log_sum_exp(smoothed.log_weights), 0, 1e-12);
    }
  }
}

TEST(ParetoSmoothing, ThresholdFollowsTheSampleSize) {
  EXPECT_DOUBLE_EQ(pareto_k_threshold(100), 0.5);
  EXPECT_DOUBLE_EQ(pareto_k_threshold(1000), 1 - 1.0 / 3);
  EXPECT_DOUBLE_EQ(pareto_k_threshold(10000), 0.7);
  EXPECT_EQ(pareto_k_threshold(1), -kUnbounded);
}

}  // namespace
}  // namespace esscher
