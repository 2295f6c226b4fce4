#include "esscher/record/audit_record.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../pipeline/audit_tables.h"
#include "records.h"

namespace esscher {
namespace {

using nlohmann::json;
using testing_support::record_of;
using testing_support::run_of;

/// gold = z + 0.5 noise, a proxy that tells it and one that does not.
AuditTable table_of(std::size_t rows) {
  const std::vector<double> z = normals(rows, "z");
  const std::vector<double> noise = normals(rows, "gold");
  AuditTable table;
  table.proxies = {{"judge", z}, {"coin", normals(rows, "coin")}};
  table.log_ratios = {{"trained", {}}};
  for (std::size_t i = 0; i < rows; ++i) {
    table.gold.push_back(z[i] + 0.5 * noise[i]);
    table.log_ratios[0].values.push_back(0.5 * z[i] - 0.125);
  }
  return table;
}

TEST(AuditRecord, MeetsItsSchema) {
  AuditOptions options = audit_options({2, 1});
  options.target = 0.5;
  const TableAudit audit = audit_table(table_of(300), options);
  TableFacts facts;
  facts.groups = 60;
  facts.reference_rows = 7;
  facts.remarks = {"On the data."};
  const json record = record_of(audit_record(audit, facts, run_of("again")), RecordKind::audit);
  EXPECT_EQ(record["rows"], 300);
  EXPECT_EQ(record["reference_rows"], 7);
  EXPECT_EQ(record["groups"], 60);
  EXPECT_EQ(record["data_remarks"], json({"On the data."}));
  EXPECT_EQ(record["recommendation"]["proxy"], "judge");
  ASSERT_EQ(record["rewards"].size(), 3);
  const json& judge = record["rewards"][0];
  EXPECT_EQ(judge["policies"][0]["price"], audit.proxies[0].policies[0].beta);
  EXPECT_EQ(judge["policies"][0]["beta_sd"], 2);
  EXPECT_EQ(judge["best_of_n"][0]["n"], 2);
  EXPECT_EQ(judge["best_of_n"][0]["beyond"], audit.proxies[0].best_of_n[0].beyond);
  EXPECT_EQ(judge["calibration"]["curve"].size(), audit.proxies[0].calibration.curve.size());
  EXPECT_EQ(record["policies"][0]["name"], "trained");
  EXPECT_EQ(record["policies"][0]["rise"]["simultaneous_interval"][0], audit.policies[0].rise.low);
  EXPECT_FALSE(record["target"]["reached"].empty());
}

TEST(AuditRecord, HasWhatTheLabelledRowsAloneTell) {
  AuditTable table = table_of(3000);
  table.log_ratios.clear();
  const TableAudit all = audit_table(table, audit_options({2, 1}));
  EXPECT_FALSE(
      json::parse(audit_record(all, {}, run_of("again")))["rewards"][0]["policies"][0].contains(
          "labelled_rows"));
  for (std::size_t i = 150; i < 3000; ++i) table.gold[i] = kUnknown;
  const TableAudit audit = audit_table(table, audit_options({2, 1}));
  const json record = record_of(audit_record(audit, {}, run_of("again")), RecordKind::audit);
  const ToldByLabelled& labelled = audit.proxies[0].of_labelled;
  const json& judge = record["rewards"][0];
  const json& told = judge["policies"][1]["labelled_rows"];
  EXPECT_EQ(told["gain"]["value"], labelled.policies[1].gain.value);
  EXPECT_EQ(told["gain"]["simultaneous_interval"],
            json({labelled.gains[1].low, labelled.gains[1].high}));
  EXPECT_EQ(told["ess"], labelled.policies[1].ess);
  EXPECT_EQ(judge["best_of_n"][0]["labelled_rows"]["gain"]["value"],
            labelled.best_of_n[0].gain.value);
  EXPECT_EQ(judge["advice"]["told_by_labelled_rows"], audit.proxies[0].advice.of_labelled);
  EXPECT_EQ(record["recommendation"]["told_by_labelled_rows"],
            audit.proxies[*audit.recommended].advice.of_labelled);
}

TEST(AuditRecord, IsNullWhereThereIsNothing) {
  AuditTable table = table_of(100);
  // The better a row, the less of it.
  table.proxies = {{"wrong", table.proxies[0].values}};
  for (double& score : table.proxies[0].values) score = -score;
  const json record = record_of(
      audit_record(audit_table(table, audit_options({1})), {}, run_of("again")), RecordKind::audit);
  for (const char* name : {"recommendation", "best_of_n_recommendation", "target"}) {
    EXPECT_TRUE(record.at(name).is_null()) << name;
  }
  EXPECT_TRUE(record["rewards"][0]["advice"].at("recommended_beta").is_null());
}

TEST(AuditRecord, InDetailHasTheEndsOfEveryInterval) {
  const TableAudit audit = audit_table(table_of(300), audit_options({1}));
  RunRecord run = run_of("again");
  run.detailed = true;
  const json record = record_of(audit_record(audit, {}, run), RecordKind::audit);
  EXPECT_EQ(record["rewards"][0]["calibration"]["slope"]["low"],
            audit.proxies[0].calibration.slope.lower());
  EXPECT_EQ(record["policies"][0]["kl"]["high"], audit.policies[0].value.kl.upper());
  EXPECT_TRUE(record["rewards"][1]["advice"].contains("labels_to_halve"));
}

}  // namespace
}  // namespace esscher
