// esscher evaluate beside a file of candidates without rewards.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "program.h"
#include "refusals.h"
#include "results.h"
#include "tables.h"

namespace esscher::cli {
namespace {

using nlohmann::json;
Words evaluate(const Words& more) {
  Words words{"evaluate", "data.csv", "--reward", "y", "--features", "a,b", "--beta", "1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Reference, StandsBesideTheTable) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  folder.write("pool.csv", data_csv(false));
  const json alone = result_of(evaluate({}), folder);
  EXPECT_EQ(alone["rewards"][0]["best_of_n"][1]["n"], 4);
  EXPECT_GT(alone["best_of_n_recommendation"]["gain"]["interval"][0], 0);
  EXPECT_EQ(alone["reference_rows"], 0);
  const json beside = result_of(evaluate({"--reference", "pool.csv"}), folder);
  EXPECT_EQ(beside["reference_rows"], beside["rows"]);
  EXPECT_EQ(beside["reference_copies"], beside["rows"]);
  EXPECT_EQ(beside["folds"], alone["folds"]);
  const json policy = beside["rewards"][0]["policies"][0];
  EXPECT_TRUE(policy["attainable_gain"].is_null());
  EXPECT_TRUE(policy["efficiency"].is_null());
  // Copies of the whole table tell nothing new, and that a table stands twice is no information.
  const json own = alone["rewards"][0]["policies"][0];
  EXPECT_NEAR(policy["kl"]["value"], own["kl"]["value"], 1e-9);
  EXPECT_NEAR(policy["gold"]["value"], own["gold"]["value"], 1e-3);
  EXPECT_NEAR(policy["gold"]["standard_error"], own["gold"]["standard_error"],
              0.1 * own["gold"]["standard_error"].get<double>());
  const Outcome report = run(evaluate({"--reference", "pool.csv"}), folder);
  EXPECT_NE(report.out.find("more of the reference"), std::string::npos) << report.out;
  EXPECT_NE(report.out.find(" Best-of-n: by "), std::string::npos) << report.out;
}

// Sixty labels of a pool of twelve hundred: gains stand twice, and advice says by which it goes.
TEST(Reference, LabelledRowsAloneAreTold) {
  const Folder folder;
  std::string data = "a,b,y\n";
  std::string pool = "a,b\n";
  for (int i = 0; i < 1200; ++i) {
    const int a = i * 7919 % 1201;
    const int b = i * 104729 % 1009;
    const std::string row = std::to_string(a) + "," + std::to_string(b);
    pool += row + "\n";
    if (i % 20 == 0) data += row + "," + std::to_string(2 * a + i * 31 % 101) + "\n";
  }
  folder.write("data.csv", data);
  folder.write("pool.csv", pool);
  const Words words = evaluate({"--reference", "pool.csv", "--beta-unit", "sd"});
  const json policy = result_of(words, folder)["rewards"][0]["policies"][0];
  EXPECT_GT(policy["labelled_rows"]["ess"], 1);
  const Outcome report = run(words, folder);
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_NE(report.out.find("labelled rows alone"), std::string::npos) << report.out;
  EXPECT_EQ(run(evaluate({"--beta-unit", "sd"}), folder).out.find("labelled rows alone"),
            std::string::npos);
}

TEST(Reference, JoinsGroupsByTheirNames) {
  const Folder folder;
  std::string data = "prompt,a,b,y\n";
  std::string pool = "prompt,a,b\n";
  for (int i = 0; i < 120; ++i) {
    const std::string row = "p" + std::to_string(i / 4) + "," + std::to_string(i * 37 % 101) + "," +
                            std::to_string(i * 53 % 97);
    data += row + "," + std::to_string(i * 37 % 101 + i / 4) + "\n";
    pool += "p" + std::to_string(20 + i / 4) + "," + std::to_string(i * 31 % 89) + "," +
            std::to_string(i * 71 % 103) + "\n";
  }
  folder.write("data.csv", data);
  folder.write("pool.csv", pool);
  const json result = result_of(evaluate({"--group", "prompt", "--reference", "pool.csv"}), folder);
  EXPECT_EQ(result["groups"], 30);
  EXPECT_EQ(result["reference_rows"], 120);
  EXPECT_GT(result["rewards"][0]["policies"][0]["rise"]["value"], 0);
}

TEST(Reference, LeavesOutRowsThatNoFitCanTell) {
  const Folder folder;
  folder.write("data.csv", variants_csv());
  folder.write("library.csv", variants_csv() + "WACACAC,0\n");
  const json result = result_of({"evaluate", "data.csv", "--one-hot", "seq", "--reward", "y",
                                 "--beta", "1", "--reference", "library.csv"},
                                folder);
  EXPECT_EQ(result["reference_rows"], result["rows"]);
  bool said = false;
  for (const auto& remark : result["data_remarks"]) {
    said |= remark.get<std::string>().find("1 of letters or levels that no fit has seen") !=
            std::string::npos;
  }
  EXPECT_TRUE(said) << result["data_remarks"];
}

TEST(Reference, MayBeOneRow) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  folder.write("one.csv", "a,b\n0.5,0.25\n");
  EXPECT_EQ(result_of(evaluate({"--reference", "one.csv"}), folder)["reference_rows"], 1);
  const json audited = result_of(
      {"audit", "data.csv", "--proxy", "a", "--gold", "y", "--reference", "one.csv"}, folder);
  EXPECT_EQ(audited["reference_rows"], 1);
  EXPECT_TRUE(audited["data_remarks"].empty()) << audited["data_remarks"];
}

TEST(Reference, NeedsTheClustersThatTheTableHas) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  folder.write("pool.csv", data_csv(false));
  expect_parts(refused(evaluate({"--cluster", "prompt", "--reference", "pool.csv"}), folder),
               {"64 ", "--reference pool.csv", "prompt"});
  const json result =
      result_of(evaluate({"--cluster", "prompt", "--reference", "data.csv"}), folder);
  EXPECT_EQ(result["reference_copies"], result["rows"]);
}

TEST(Reference, IsRefusedInOneLine) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  folder.write("pool.csv", "a,c\n1,2\n");
  folder.write("text.csv", "a,b\n1,x\n");
  const auto said = [&](const Words& more) { return refused(evaluate(more), folder); };
  EXPECT_EQ(said({"--reference", "pool.csv"}),
            "64 esscher: --reference pool.csv: DATA has feature 'b', which this file lacks; it has "
            "'a', 'c'; add the column, or leave it out of --features\n");
  const std::string text = said({"--reference", "text.csv"});
  expect_parts(text, {"65 ", "--reference text.csv: row 1, column b: 'x' is not a number"});
  folder.write("empty.csv", "a,b\n");
  EXPECT_EQ(said({"--reference", "empty.csv"}),
            "65 esscher: --reference empty.csv: 0 rows are left of 0; at least 1 is needed\n");
  expect_parts(said({"--reference", "none.csv"}), {"74 ", "none.csv", "cannot be read"});
  expect_parts(said({"--reference-weight", "w"}),
               {"64 ", "--reference-weight = w", "name their file"});
  expect_parts(said({"--reference", "data.csv", "--enumerated"}), {"64 ", "--enumerated", "leave"});
  expect_parts(said({"--reference", "data.csv", "--reference-weight", "w"}),
               {"64 ", "--reference-weight = w", "no such column"});
  folder.write("pairs.csv", "c_a,r_a\n1,2\n3,1\n0,2\n5,1\n2,2\n");
  expect_parts(refused({"evaluate", "pairs.csv", "--chosen", "c_", "--rejected", "r_",
                        "--reference", "data.csv"},
                       folder),
               {"64 ", "--reference = data.csv", "leave it out"});
}

}  // namespace
}  // namespace esscher::cli
