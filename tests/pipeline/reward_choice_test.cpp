#include "esscher/pipeline/reward_choice.h"

#include <gtest/gtest.h>

#include "esscher/base/error.h"

namespace esscher {
namespace {

TrainedReward reward_with(const std::vector<std::pair<FitWeights, double>>& deployments) {
  TrainedReward reward;
  for (const auto& [weights, beta] : deployments) reward.deployments.push_back({weights, beta});
  return reward;
}

std::string refusal(const TrainedReward& reward, const char* weights, std::optional<double> beta) {
  try {
    choose_reward(reward, weights, beta);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(RewardChoice, FindsATemperatureAsItIsPrinted) {
  const TrainedReward reward =
      reward_with({{FitWeights::automatic, 1.23456}, {FitWeights::automatic, 0.5}});
  EXPECT_EQ(choose_reward(reward, "auto", 1.235).column, TrainedReward::kFirstDeployment);
  EXPECT_EQ(choose_reward(reward, "auto", 0.5).column, TrainedReward::kFirstDeployment + 1);
  EXPECT_EQ(refusal(reward, "auto", 1.24),
            "--beta = 1.24: no readout was fitted for it; the model holds auto weights for 1.235, "
            "0.5");
}

TEST(RewardChoice, EqualWeightsAndTheBaselineAreForAllTemperatures) {
  const TrainedReward reward = reward_with({{FitWeights::label, 1}});
  EXPECT_EQ(choose_reward(reward, "uniform", 7).column, TrainedReward::kUniform);
  EXPECT_EQ(choose_reward(reward, "linear", {}).column, TrainedReward::kLinear);
}

TEST(RewardChoice, EqualWeightsAloneServeEveryTemperature) {
  const TrainedReward reward = reward_with({{FitWeights::uniform, 1}});
  EXPECT_EQ(choose_reward(reward, "auto", 3).column, TrainedReward::kUniform);
}

TEST(RewardChoice, LeftOpenItIsTheOneTemperatureOrEqualWeightsWithAWord) {
  EXPECT_EQ(choose_reward(reward_with({{FitWeights::automatic, 2}}), "auto", {}).column,
            TrainedReward::kFirstDeployment);
  const ChosenReward open = choose_reward(
      reward_with({{FitWeights::automatic, 2}, {FitWeights::automatic, 1}}), "auto", {});
  EXPECT_EQ(open.column, TrainedReward::kUniform);
  EXPECT_EQ(open.remark,
            "no --beta: rewards by equal weights, which are for no temperature; the model holds "
            "auto weights for 2, 1");
}

TEST(RewardChoice, SaysWhatTheModelHolds) {
  const TrainedReward reward = reward_with({{FitWeights::label, 2}, {FitWeights::label, 1}});
  EXPECT_EQ(refusal(reward, "label", {}),
            "--beta: missing; the model holds label weights for 2, 1");
  EXPECT_EQ(refusal(reward, "auto", {}),
            "--weights = auto: the model holds no such readout; fit one with --weights auto");
  EXPECT_EQ(refusal(reward, "auot", {}),
            "--weights = auot: must be uniform, label, surrogate or auto; or linear, the baseline");
  EXPECT_EQ(refusal(reward, "label", 0).substr(0, 53),
            "--beta = 0: a temperature must be a finite positive n");
}

}  // namespace
}  // namespace esscher
