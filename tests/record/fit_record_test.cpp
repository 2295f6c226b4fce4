#include "esscher/record/fit_record.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "../pipeline/single_index_table.h"
#include "records.h"

namespace esscher {
namespace {

using nlohmann::json;
using testing_support::record_of;
using testing_support::run_of;
using testing_support::SingleIndexTable;

TrainedReward trained(const SingleIndexTable& data) {
  TrainingOptions options;
  options.deployment_temperatures = {1};
  options.most_rounds = 1;
  options.threads = 1;
  std::vector<std::uint64_t> rows(data.rewards.size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  return train_reward(data.table(), rows, options);
}

TEST(FitRecord, MeetsItsSchema) {
  const SingleIndexTable data(150, 3, 1, 1);
  TrainedReward reward = trained(data);
  TableFacts facts;
  facts.rows = 150;
  facts.features = {"a", "b", "c"};
  const json record =
      record_of(fit_record(reward, facts.features, facts, run_of("again")), RecordKind::fit);
  EXPECT_EQ(record["rows"], 150);
  EXPECT_EQ(record["importance"]["names"], json({"a", "b", "c"}));
  EXPECT_EQ(record["importance"]["columns"], json(reward.importance.columns));
  EXPECT_EQ(record["deployments"][0]["beta"], 1);
  EXPECT_EQ(record["held_out"]["of"], 150);
  EXPECT_TRUE(record.at("replicates").is_null());

  // Orders have no variance to be explained.
  reward.preferences = PreferenceCounts{.pairs = 3};
  EXPECT_TRUE(json::parse(fit_record(reward, facts.features, facts, {})).at("held_out").is_null());
}

TEST(FitRecord, TellsTheColumnsOfMostImportance) {
  const SingleIndexTable data(60, 2, 1, 2);
  TrainedReward reward = trained(data);
  constexpr std::size_t kColumns = 5000;
  std::vector<std::string> names;
  reward.importance.columns.clear();
  for (std::size_t i = 0; i < kColumns; ++i) {
    names.push_back(std::to_string(i));
    reward.importance.columns.push_back(static_cast<double>(i));
  }
  const json importance =
      record_of(fit_record(reward, names, {}, run_of("again")), RecordKind::fit)["importance"];
  ASSERT_EQ(importance["names"].size(), 4096);
  EXPECT_EQ(importance["names"].front(), std::to_string(kColumns - 4096));
  EXPECT_EQ(importance["names"].back(), std::to_string(kColumns - 1));
  EXPECT_EQ(importance["columns"].front(), kColumns - 4096);
}

}  // namespace
}  // namespace esscher
