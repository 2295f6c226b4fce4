#include "pipeline/readouts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "esscher/base/random.h"
#include "esscher/data/folds.h"
#include "esscher/temperature/weight_temperature.h"
#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kRows = 120;
constexpr std::size_t kColumns = 40;
constexpr double kBeta = 0.2;

/// The readouts of 120 rows of forty normals, which are the readout's features themselves.
struct Regression {
  static HeldFeatures make() {
    Matrix<double> x(kRows, kColumns);
    RandomStream(20, "test/x").fill_normal(0, x.values());
    return HeldFeatures(std::move(x));
  }
  static std::vector<double> noisy(const HeldFeatures& x) {
    std::vector<double> y(kRows);
    RandomStream(21, "test/noise").fill_normal(0, y);
    for (std::size_t i = 0; i < kRows; ++i) y[i] = 3 + x.values()(i, 0) + 0.5 * y[i];
    return y;
  }
  static std::vector<std::uint64_t> numbers() {
    std::vector<std::uint64_t> all(kRows);
    std::iota(all.begin(), all.end(), std::uint64_t{0});
    return all;
  }

  HeldFeatures features = make();
  std::vector<double> rewards = noisy(features);
  TrainingOptions options{.deployment_temperatures = {kBeta}};
  std::vector<std::uint32_t> folds = assign_folds(kRows, {}, options.folds, options.seed);
  TrainingLabels labels{RewardTable{features, rewards}, numbers()};
  HeldRows design{features.values().view()};
  TrainedReward reward{};
  Readouts readouts{design, labels, labels, folds, options, reward};
};

TEST(Readouts, AutomaticMeanHoldsDefendedWeightsFromTheLowestBorne) {
  Regression data;
  const TrainingLabels& labels = data.labels;
  const HeldRows& rows = data.design;
  TrainedReward& reward = data.reward;
  const Deployment deployment = data.readouts.deploy(FitWeights::automatic, kBeta);

  const std::vector<double> even(kRows);
  const CrossFit plain = cross_fit_ridge(rows, labels.values(), even, data.folds);
  std::size_t member = 0;
  std::size_t dropped = 0;
  for (const double temperature : weight_temperature_grid(kBeta / labels.sd())) {
    if (std::isinf(temperature)) continue;
    std::vector<double> tilted(kRows);
    for (std::size_t i = 0; i < kRows; ++i) tilted[i] = plain.held_out[i] / temperature;
    if (diagnose_weights(tilted).ess < 0.1 * std::ceil(plain.fit.degrees_of_freedom)) {
      ++dropped;
      continue;
    }
    const std::vector<double> mixture = defensive_log_weights(tilted, even);
    RidgeOptions ridge;
    ridge.rule = PenaltyRule::fixed;
    ridge.penalty =
        plain.fit.penalty * std::sqrt(static_cast<double>(kRows) / diagnose_weights(mixture).ess);
    const RidgeFit fit = fit_ridge(rows, labels.values(), mixture, ridge);
    ASSERT_LT(member, deployment.heads.size());
    const RewardHead& head = reward.heads[deployment.heads[member++]];
    EXPECT_NEAR(*head.weight_temperature, temperature * labels.sd(), 1e-12);
    for (std::size_t j = 0; j < kColumns; ++j) {
      EXPECT_NEAR(head.readout[j], fit.coefficients[j] * labels.sd(), 1e-12);
    }
  }
  // Equal weights are the last.
  ASSERT_EQ(deployment.heads.size(), member + 1);
  EXPECT_GT(member, 3U);
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(deployment.heads.back(), 0);
}

TEST(Readouts, EachIsFittedOnce) {
  Regression data;
  Readouts& readouts = data.readouts;
  EXPECT_EQ(readouts.deploy(FitWeights::uniform, 1).heads, std::vector<std::size_t>{0});
  EXPECT_EQ(readouts.deploy(FitWeights::uniform, 2).heads, std::vector<std::size_t>{0});
  const std::vector<std::size_t> heads = readouts.deploy(FitWeights::label, 1).heads;
  EXPECT_EQ(readouts.deploy(FitWeights::label, 1).heads, heads);
  EXPECT_NE(readouts.deploy(FitWeights::surrogate, 1).heads, heads);
  EXPECT_EQ(data.reward.heads.size(), 3);
}

}  // namespace
}  // namespace esscher::internal
