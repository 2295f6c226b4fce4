#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/pipeline/table_training.h"
#include "single_index_table.h"

namespace esscher {
namespace {

using testing_support::SingleIndexTable;

TrainingOptions refused_options(std::vector<double> betas = {0.5}) {
  TrainingOptions options;
  options.deployment_temperatures = std::move(betas);
  return options;
}

std::string refusal(const SingleIndexTable& data, const TrainingOptions& options) {
  try {
    std::vector<std::uint64_t> rows(50);
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
    train_reward(data.table(), rows, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TableTrainingErrors, RefusesRewardsThatTeachNothing) {
  SingleIndexTable constant(50, 3, 1, 1);
  std::ranges::fill(constant.rewards, 2.5);
  EXPECT_THAT(refusal(constant, refused_options()), testing::HasSubstr("the same reward"));
  SingleIndexTable missing(50, 3, 1, 1);
  missing.rewards[4] = NAN;
  EXPECT_THAT(refusal(missing, refused_options()), testing::HasSubstr("row 5: reward nan"));
  SingleIndexTable shorter(50, 3, 1, 1);
  shorter.rewards.pop_back();
  EXPECT_THAT(refusal(shorter, refused_options()), testing::HasSubstr("rewards = 49 values"));
  // Neither is constant: both are in a unit whose temperatures would leave their range.
  for (const double unit : {1e-300, 1e200}) {
    SingleIndexTable scaled(50, 3, 1, 1);
    for (double& y : scaled.rewards) y *= unit;
    EXPECT_THAT(refusal(scaled, refused_options()),
                testing::HasSubstr("change the unit of the rewards"));
  }
}

TEST(TableTrainingErrors, OfRewardsThatSpreadTooFarTheLargestIsNamed) {
  SingleIndexTable wrong(50, 3, 1, 1);
  wrong.rewards[7] = -1e20;
  EXPECT_THAT(refusal(wrong, refused_options()),
              testing::HasSubstr("change the unit of the rewards, or look at row 8, -1e+20"));
}

TEST(TableTrainingErrors, RefusesOptionsOutsideTheirRange) {
  const SingleIndexTable data(50, 3, 1, 1);
  EXPECT_THAT(refusal(data, refused_options({})), testing::HasSubstr("--beta"));
  EXPECT_THAT(refusal(data, refused_options({0})), testing::HasSubstr("--beta = 0"));
  TrainingOptions options = refused_options();
  options.folds = 60;
  EXPECT_THAT(refusal(data, options), testing::HasSubstr("--folds"));
  options = refused_options();
  options.most_rounds = -1;
  EXPECT_THAT(refusal(data, options), testing::HasSubstr("--rounds = -1"));
  options = refused_options();
  options.feature_temperature = -2;
  EXPECT_THAT(refusal(data, options), testing::HasSubstr("--feature-temperature = -2"));
  options = refused_options();
  options.weight_temperature = -1;
  EXPECT_THAT(refusal(data, options), testing::HasSubstr("--weight-temperature = -1"));
  EXPECT_THAT(refusal(data, refused_options({0.5, 1, 0.5})),
              testing::HasSubstr("--beta = 0.5: is there twice"));
  options = refused_options();
  options.weights = {FitWeights::label, FitWeights::label};
  EXPECT_THAT(refusal(data, options), testing::HasSubstr("--weights = label: is there twice"));
}

TEST(TableTrainingErrors, WeightsHaveNames) {
  for (const FitWeights weights :
       {FitWeights::uniform, FitWeights::label, FitWeights::surrogate, FitWeights::automatic}) {
    EXPECT_EQ(parse_fit_weights(fit_weights_name(weights)), weights);
  }
  try {
    parse_fit_weights("surogate");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("did you mean surrogate?"));
  }
}

}  // namespace
}  // namespace esscher
