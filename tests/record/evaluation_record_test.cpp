#include "esscher/record/evaluation_record.h"

#include <gtest/gtest.h>

#include <limits>

#include "../pipeline/single_index_table.h"
#include "records.h"

namespace esscher {
namespace {

using nlohmann::json;
using testing_support::record_of;
using testing_support::run_of;
using testing_support::SingleIndexTable;

EvaluationOptions few_options() {
  EvaluationOptions options;
  options.training.deployment_temperatures = {1, 0.5};
  options.training.most_rounds = 0;
  options.training.threads = 1;
  options.bootstrap = 0;
  options.best_of = {2, 4};
  return options;
}

TableFacts facts_of(const SingleIndexTable& data) {
  TableFacts facts;
  facts.rows = data.rewards.size();
  facts.features = {"x0", "x1", "x2"};
  return facts;
}

TEST(EvaluationRecord, MeetsItsSchema) {
  const SingleIndexTable data(200, 3, 4, 1);
  EvaluationOptions options = few_options();
  options.bootstrap = 100;
  options.target = 0.1;
  const TableEvaluation evaluation = evaluate_table(data.table(), options);
  const json record = record_of(evaluation_record(evaluation, 0.5, facts_of(data), run_of("again")),
                                RecordKind::evaluate);
  EXPECT_EQ(record["rows"], 200);
  EXPECT_EQ(record["groups"], 0);
  EXPECT_EQ(record["features"], json({"x0", "x1", "x2"}));
  ASSERT_EQ(record["rewards"].size(), evaluation.rewards.size());
  const json& policy = record["rewards"][0]["policies"][1];
  const TablePolicyValue& value = evaluation.rewards[0].policies[1];
  EXPECT_EQ(policy["beta"], 0.5);
  EXPECT_EQ(policy["beta_sd"], 1);
  EXPECT_EQ(policy["gold"]["value"], value.value.value);
  EXPECT_EQ(policy["gain"]["interval"],
            json({value.gain.interval->low, value.gain.interval->high}));
  EXPECT_EQ(policy["beyond"], value.beyond);
  EXPECT_FALSE(policy["gain"].contains("low"));
  ASSERT_TRUE(evaluation.recommended);
  EXPECT_EQ(record["recommendation"]["weights"], evaluation.rewards[*evaluation.recommended].name);
  EXPECT_EQ(record["target"]["value"], 0.1);
  EXPECT_EQ(record["held_out"]["of"], 200);
  EXPECT_EQ(record["held_out"]["within_groups"], false);
}

TEST(EvaluationRecord, HasWhatTheLabelledRowsAloneTell) {
  const SingleIndexTable data(100, 3, 1, 3);
  const SingleIndexTable pool(1000, 3, 1, 4);
  EvaluationOptions options = few_options();
  options.reference.emplace(ReferenceRows{pool.features});
  const TableEvaluation evaluation = evaluate_table(data.table(), options);
  const ToldByLabelled& labelled = evaluation.rewards[0].of_labelled;
  ASSERT_EQ(labelled.policies.size(), 2U);
  const json record = record_of(evaluation_record(evaluation, 1, facts_of(data), run_of("again")),
                                RecordKind::evaluate);
  const json& reward = record["rewards"][0];
  const json& told = reward["policies"][1]["labelled_rows"];
  EXPECT_EQ(told["gain"]["value"], labelled.policies[1].gain.value);
  EXPECT_EQ(told["gain"]["simultaneous_interval"][0], labelled.gains[1].low);
  EXPECT_EQ(reward["best_of_n"][1]["labelled_rows"]["ess"], labelled.best_of_n[1].ess);
  EXPECT_EQ(reward["advice"]["told_by_labelled_rows"], evaluation.rewards[0].advice.of_labelled);
  ASSERT_TRUE(evaluation.recommended_best_of_n);
  EXPECT_EQ(record["best_of_n_recommendation"]["told_by_labelled_rows"],
            evaluation.rewards[*evaluation.recommended_best_of_n].best_of_n_advice.of_labelled);
}

TEST(EvaluationRecord, IsNullWhereThereIsNothing) {
  // A reward of noise alone.
  SingleIndexTable data(120, 3, 4, 2);
  RandomStream(3, "test/other").fill_normal(0, data.rewards);
  TableFacts facts = facts_of(data);
  facts.groups = 30;
  const TableEvaluation evaluation = evaluate_table(data.table(true), few_options());
  ASSERT_FALSE(evaluation.recommended);
  const json record =
      record_of(evaluation_record(evaluation, 1, facts, run_of("again")), RecordKind::evaluate);
  for (const char* name : {"recommendation", "best_of_n_recommendation", "target", "replicates",
                           "preferences", "label_noise", "single_column"}) {
    EXPECT_TRUE(record.at(name).is_null()) << name;
  }
  EXPECT_TRUE(record["rewards"][0]["advice"].at("recommended_beta").is_null());
  EXPECT_FALSE(record["rewards"][0]["policies"][0].contains("noise_free_gain"));
  EXPECT_EQ(record["held_out"]["within_groups"], true);
  EXPECT_TRUE(json::parse(evaluation_record({}, 1, {}, {})).at("held_out").is_null());
}

TEST(EvaluationRecord, InDetailHasTheEndsOfEveryInterval) {
  const SingleIndexTable data(200, 3, 4, 1);
  RunRecord run = run_of("again");
  run.detailed = true;
  for (const int bootstrap : {0, 100}) {
    EvaluationOptions options = few_options();
    options.bootstrap = bootstrap;
    const TableEvaluation evaluation = evaluate_table(data.table(), options);
    const json record =
        record_of(evaluation_record(evaluation, 1, facts_of(data), run), RecordKind::evaluate);
    const json& reward = record["rewards"][0];
    const TableEstimate& gain = evaluation.rewards[0].policies[0].gain;
    const json& told = reward["policies"][0]["gain"];
    EXPECT_EQ(told.contains("interval"), bootstrap > 0);
    EXPECT_EQ(told["low"], bootstrap > 0 ? gain.interval->low : gain.lower());
    EXPECT_EQ(told["high"], bootstrap > 0 ? gain.interval->high : gain.upper());
    EXPECT_EQ(reward["advice"]["gain"]["low"], evaluation.rewards[0].advice.gain->interval->low);
    EXPECT_EQ(reward["advice"]["labels_to_halve"], *evaluation.rewards[0].advice.labels_to_halve);
  }
}

TEST(Efficiency, IsAShareOfWhatThereIsToGain) {
  EXPECT_EQ(efficiency(1, 4), 0.25);
  EXPECT_EQ(efficiency(-1, 2), -0.5);
  EXPECT_FALSE(efficiency(1, 0));
  EXPECT_FALSE(efficiency(1, std::numeric_limits<double>::quiet_NaN()));
}

}  // namespace
}  // namespace esscher
