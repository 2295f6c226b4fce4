#include "esscher/record/pair_record.h"

#include <gtest/gtest.h>

#include <limits>

#include "records.h"

namespace esscher {
namespace {

using nlohmann::json;
using testing_support::record_of;
using testing_support::run_of;

TEST(PairRecord, MeetsItsSchema) {
  PairEvaluation evaluation;
  evaluation.folds = 5;
  evaluation.penalties = {0.1, 0.2};
  evaluation.remarks = {"A remark."};
  PreferenceQuality quality;
  quality.pairs = 12;
  quality.accuracy = {.value = 0.75, .standard_error = 0.1};
  quality.log_loss = {.value = 0.6, .standard_error = std::numeric_limits<double>::quiet_NaN()};
  quality.bins.resize(1);
  quality.bins[0].predicted = 0.55;
  evaluation.rewards = {{"uniform", quality}};
  TableFacts facts;
  facts.features = {"a"};
  facts.clusters = 4;
  facts.preferences = PreferenceCounts{.pairs = 12, .ties = 1, .contradictory = 2};
  const json record = record_of(pair_record(evaluation, facts, run_of("again")), RecordKind::pairs);
  EXPECT_EQ(record["preferences"], json({{"pairs", 12}, {"ties", 1}, {"contradictory", 2}}));
  EXPECT_EQ(record["clusters"], 4);
  EXPECT_EQ(record["penalties"], json({0.1, 0.2}));
  const json& reward = record["rewards"][0];
  EXPECT_EQ(reward["accuracy"]["value"], 0.75);
  EXPECT_EQ(reward["accuracy"]["standard_error"], 0.1);
  EXPECT_TRUE(reward["log_loss"].at("standard_error").is_null());
  EXPECT_TRUE(reward.at("calibration").is_null());
  EXPECT_EQ(reward["bins"][0]["predicted"], 0.55);
}

}  // namespace
}  // namespace esscher
