#include "pipeline/training_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/random.h"

namespace esscher::internal {
namespace {

/// Rewards of rows whose features do not matter.
struct Rewards {
  explicit Rewards(std::vector<double> values) : features(Matrix<double>(values.size(), 1)) {
    rewards = std::move(values);
    rows.resize(rewards.size());
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  }
  std::optional<std::size_t> dominant() const {
    RewardTable table{features, rewards};
    table.groups = groups;
    table.log_weights = log_weights;
    return TrainingLabels(table, rows).dominant();
  }

  HeldFeatures features;
  std::vector<double> rewards;
  std::vector<std::uint32_t> groups;
  std::vector<double> log_weights;
  std::vector<std::uint64_t> rows;
};

std::vector<double> normals(std::size_t count) {
  std::vector<double> values(count);
  RandomStream(41, "test/dominant").fill_normal(0, values);
  return values;
}

TEST(TrainingLabels, OneInAWrongUnitIsDominant) {
  Rewards rewards(normals(100));
  EXPECT_EQ(rewards.dominant(), std::nullopt);
  rewards.rewards[37] = -1e6;
  EXPECT_EQ(rewards.dominant(), 37U);
  // Three of them are a tail.
  rewards.rewards[38] = rewards.rewards[39] = 1e6;
  EXPECT_EQ(rewards.dominant(), std::nullopt);
}

TEST(TrainingLabels, OneOfAFewIsNotDominant) {
  std::vector<double> few(19, 0.0);
  few[3] = 1;
  EXPECT_EQ(Rewards(few).dominant(), std::nullopt);
  few.push_back(0);
  EXPECT_EQ(Rewards(few).dominant(), 3U);
}

TEST(TrainingLabels, DominanceIsWithinGroupsAndByImportance) {
  Rewards rewards(normals(100));
  for (std::uint32_t i = 0; i < 100; ++i) rewards.groups.push_back(i / 10);
  // A prompt of high rewards is no matter; one candidate of it is.
  for (std::size_t i = 20; i < 30; ++i) rewards.rewards[i] += 1e6;
  EXPECT_EQ(rewards.dominant(), std::nullopt);
  rewards.rewards[25] += 1e6;
  EXPECT_EQ(rewards.dominant(), 25U);
  rewards.log_weights.assign(100, 0.0);
  rewards.log_weights[25] = -INFINITY;
  EXPECT_EQ(rewards.dominant(), std::nullopt);
}

}  // namespace
}  // namespace esscher::internal
