#include "esscher/record/run_record.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "esscher/base/build_info.h"
#include "esscher/record/audit_record.h"
#include "esscher/report/record.h"
#include "records.h"

namespace esscher {
namespace {

using nlohmann::json;
using testing_support::run_of;

TableAudit told_audit() {
  TableAudit audit;
  audit.rows = 3;
  audit.remarks = {"Take --group."};
  audit.target = TargetAnswer{};
  audit.target->verdict = "Leave --target out.";
  audit.target->reached = {{.name = "--target", .value = 1, .low = 0}};
  return audit;
}

TEST(RunRecord, StandsBeforeTheResult) {
  const std::string text = audit_record(told_audit(), {}, run_of("esscher audit 'my file.csv'"));
  const auto record = nlohmann::ordered_json::parse(text);
  std::string keys;
  for (const auto& [key, value] : record.items()) keys += key + " ";
  EXPECT_TRUE(keys.starts_with("record record_version command esscher options rows ")) << keys;
  EXPECT_EQ(record["record_version"], kRecordVersion);
  EXPECT_EQ(record["command"], "esscher audit 'my file.csv'");
  EXPECT_EQ(record["esscher"]["commit"], build_info().commit);
  EXPECT_EQ(record["options"].dump(), R"({"seed":"7","beta":"1"})");
  EXPECT_EQ(text.back(), '\n');
}

TEST(RunRecord, WithoutOptionsHasNone) {
  EXPECT_EQ(json::parse(audit_record(told_audit(), {}, {}))["options"].dump(), "{}");
}

TEST(RunRecord, SpeaksInTheWordsOfTheCaller) {
  RunRecord run = run_of("f(--group)");
  TableFacts facts;
  facts.remarks = {"With --weight."};
  EXPECT_EQ(json::parse(audit_record(told_audit(), facts, run))["remarks"][0], "Take --group.");
  run.words = [](std::string_view sentence) { return "<" + std::string(sentence) + ">"; };
  const json record = json::parse(audit_record(told_audit(), facts, run));
  EXPECT_EQ(record["remarks"], json({"<Take --group.>"}));
  EXPECT_EQ(record["data_remarks"], json({"<With --weight.>"}));
  EXPECT_EQ(record["target"]["verdict"], "<Leave --target out.>");
  // Names are no sentences.
  EXPECT_EQ(record["target"]["reached"][0]["name"], "--target");
  EXPECT_EQ(record["command"], "f(--group)");
}

TEST(RunRecord, TakesBytesThatAreNoTextForUnknownOnes) {
  const json record = json::parse(audit_record({}, {}, run_of("esscher audit \xff.csv")));
  EXPECT_EQ(record["command"], "esscher audit \ufffd.csv");
}

}  // namespace
}  // namespace esscher
