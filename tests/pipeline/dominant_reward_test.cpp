#include "pipeline/dominant_reward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/pipeline/table_evaluation.h"
#include "single_index_table.h"

namespace esscher::internal {
namespace {

using testing::ElementsAre;
using testing::StartsWith;
using testing_support::SingleIndexTable;

/// Normal rewards of rows whose features do not matter.
struct Rewards {
  explicit Rewards(std::size_t count) : features(Matrix<double>(count, 1)), rewards(count) {
    RandomStream(41, "test/dominant").fill_normal(0, rewards);
    rows.resize(count);
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  }
  std::vector<std::string> told() const {
    RewardTable table{features, rewards};
    table.groups = groups;
    table.log_weights = log_weights;
    std::vector<std::string> remarks;
    add_dominant_reward(table, rows, remarks);
    return remarks;
  }

  HeldFeatures features;
  std::vector<double> rewards;
  std::vector<std::uint32_t> groups;
  std::vector<double> log_weights;
  std::vector<std::uint64_t> rows;
};

TEST(DominantReward, OneInAWrongUnitIsNamed) {
  Rewards rewards(100);
  EXPECT_THAT(rewards.told(), ElementsAre());
  rewards.rewards[37] = -1e6;
  EXPECT_THAT(rewards.told(),
              ElementsAre(StartsWith("The reward of row 38, -1e+06, is most of the variance")));
  rewards.rows.erase(rewards.rows.begin(), rewards.rows.begin() + 10);
  EXPECT_THAT(rewards.told(), ElementsAre(StartsWith("The reward of row 38, ")));
  // Three of them are a tail.
  rewards.rewards[38] = rewards.rewards[39] = 1e6;
  EXPECT_THAT(rewards.told(), ElementsAre());
}

TEST(DominantReward, FewEffectiveRowsTellNothing) {
  Rewards few(19);
  few.rewards[3] = 1e6;
  EXPECT_THAT(few.told(), ElementsAre());
  Rewards weighted(100);
  weighted.rewards[3] = 1e6;
  EXPECT_THAT(weighted.told(), ElementsAre(StartsWith("The reward of row 4, ")));
  weighted.log_weights.assign(100, -INFINITY);
  for (std::size_t i = 0; i < 19; ++i) weighted.log_weights[i] = 0;
  EXPECT_THAT(weighted.told(), ElementsAre());
}

TEST(DominantReward, ItIsWithinGroupsAndByImportance) {
  Rewards rewards(100);
  for (std::uint32_t i = 0; i < 100; ++i) rewards.groups.push_back(i / 10);
  // A prompt of high rewards is no matter; one candidate of it is.
  for (std::size_t i = 20; i < 30; ++i) rewards.rewards[i] += 1e6;
  EXPECT_THAT(rewards.told(), ElementsAre());
  rewards.rewards[25] += 1e6;
  EXPECT_THAT(rewards.told(),
              ElementsAre(StartsWith("The reward of row 26, 2000001.9051258792, is most of the "
                                     "variance of all of them within their")));
  rewards.log_weights.assign(100, 0.0);
  rewards.log_weights[25] = -INFINITY;
  EXPECT_THAT(rewards.told(), ElementsAre());
}

TEST(DominantReward, RowsAloneInTheirGroupTellNothing) {
  Rewards rewards(130);
  // Their means are theirs but for rounding.
  for (std::uint32_t i = 0; i < 130; ++i) rewards.groups.push_back(i < 100 ? i / 10 : i);
  EXPECT_THAT(rewards.told(), ElementsAre());
  rewards.log_weights.assign(130, 0.0);
  for (std::size_t i = 1; i < 10; ++i) rewards.log_weights[i] = -INFINITY;
  EXPECT_THAT(rewards.told(), ElementsAre());
}

TEST(DominantReward, OfTwoCandidatesTheOneFarFromAllOthersIsNamed) {
  for (const std::size_t wrong : {40U, 41U}) {
    Rewards rewards(100);
    for (std::uint32_t i = 0; i < 100; ++i) rewards.groups.push_back(i / 2);
    EXPECT_THAT(rewards.told(), ElementsAre());
    rewards.rewards[wrong] = -1e6;
    EXPECT_THAT(rewards.told(), ElementsAre(StartsWith("The reward of row " +
                                                       std::to_string(wrong + 1) + ", -1e+06,")));
  }
}

TEST(DominantReward, FitsAndEvaluationsTellItOnce) {
  SingleIndexTable data(60, 3, 1, 1);
  data.rewards[7] = -1e6;
  data.rewards[8] = -1e4;  // in folds without the other it is most of theirs
  std::vector<std::uint64_t> rows(60);
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  const auto told = ElementsAre(StartsWith("The reward of row 8, -1e+06, "));
  EvaluationOptions options;
  options.training.deployment_temperatures = {1e5};
  options.training.most_rounds = 0;
  options.bootstrap = 0;
  EXPECT_THAT(train_reward(data.table(), rows, options.training).remarks,
              testing::Contains(StartsWith("The reward of row 8, ")));
  std::vector<std::string> found;
  for (const std::string& remark : evaluate_table(data.table(), options).remarks) {
    if (remark.starts_with("The reward of")) found.push_back(remark);
  }
  EXPECT_THAT(found, told);
}

}  // namespace
}  // namespace esscher::internal
