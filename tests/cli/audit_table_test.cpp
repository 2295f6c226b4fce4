// esscher audit from the command line: scores against gold rewards, of which some may be missing,
// a file of more rows, trained policies, and refusals.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "program.h"
#include "refusals.h"
#include "results.h"
#include "tables.h"

namespace esscher::cli {
namespace {

using nlohmann::json;
Words audit(const Words& more) {
  Words words{"audit", "t.csv", "--gold", "human"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Audit, RecommendsTheScoreThatTellsTheGold) {
  const Folder folder;
  // Exact sums over these rows say so, too; over the first 240 the mean of both is worth more.
  folder.write("t.csv", scores_csv(1, 960));
  const json exact = result_of(audit({"--proxy", "judge,coin", "--enumerated"}), folder);
  EXPECT_EQ(exact["recommendation"]["proxy"], "judge");
  const json result = result_of(audit({"--proxy", "judge,coin"}), folder);
  EXPECT_EQ(result["known"], 960);
  ASSERT_EQ(result["rewards"].size(), 3U);
  EXPECT_EQ(result["rewards"][2]["name"], "mean");
  EXPECT_EQ(result["recommendation"]["proxy"], "judge");
  EXPECT_GT(result["recommendation"]["gain"]["interval"][0], 0);
  EXPECT_GE(result["rewards"][0]["best_of_n_advice"]["largest_n"], 16);
  EXPECT_GT(result["best_of_n_recommendation"]["gain"]["interval"][0], 0);
  EXPECT_TRUE(result["rewards"][1]["advice"]["recommended_beta"].is_null());
  const Outcome folder_run = run(audit({"--proxy", "judge", "-o", "out"}), folder);
  ASSERT_EQ(folder_run.exit_code, 0) << folder_run.err;
  EXPECT_NE(folder_run.out.find("Recommendation: tilt by 'judge' at beta"), std::string::npos);
  for (const char* file : {"report.txt", "result.json", "policies.csv", "config.toml"}) {
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "out" / file)) << file;
  }
}

TEST(Audit, OfOneTemperatureIsWhatThePolicyIs) {
  const Folder folder;
  folder.write("t.csv", "r,human\n0,1\n1,3\n2,4\n0.5,0\n");
  const json policy = result_of(audit({"--proxy", "r", "--beta", "2", "--enumerated"}),
                                folder)["rewards"][0]["policies"][0];
  const double w[] = {1, std::exp(0.5), std::exp(1.0), std::exp(0.25)};
  const double total = w[0] + w[1] + w[2] + w[3];
  const double value = (w[0] + 3 * w[1] + 4 * w[2]) / total;
  const double kl = (0.5 * w[1] + w[2] + 0.25 * w[3]) / total - std::log(total / 4);
  EXPECT_NEAR(policy["gold"]["value"], value, 1e-12);
  EXPECT_NEAR(policy["kl"]["value"], kl, 1e-12);
  EXPECT_NEAR(policy["gain"]["value"], value - 2 * kl - 2, 1e-12);
  EXPECT_EQ(policy["gain"]["standard_error"], 0);
}

TEST(Audit, CountsRowsWithoutGold) {
  const Folder folder;
  folder.write("t.csv", scores_csv(3, 960));
  const json some = result_of(audit({"--proxy", "judge"}), folder);
  EXPECT_EQ(some["rows"], 960);
  EXPECT_EQ(some["known"], 320);
  EXPECT_EQ(some["recommendation"]["proxy"], "judge");
  // The same rows in two files.
  std::string labelled;
  std::string pool;
  std::istringstream lines(scores_csv(3, 960));
  std::string line;
  std::getline(lines, line);
  labelled = pool = line + "\n";
  while (std::getline(lines, line)) (line.ends_with(',') ? pool : labelled) += line + "\n";
  folder.write("t.csv", labelled);
  folder.write("pool.csv", pool);
  const json both = result_of(audit({"--proxy", "judge", "--reference", "pool.csv"}), folder);
  EXPECT_EQ(both["reference_rows"], 640);
  EXPECT_EQ(both["known"], 320);
  for (std::size_t b = 0; b < both["rewards"][0]["policies"].size(); ++b) {
    const json& one = some["rewards"][0]["policies"][b]["gain"];
    const json& two = both["rewards"][0]["policies"][b]["gain"];
    EXPECT_NEAR(one["value"], two["value"], 1e-9);
    EXPECT_NEAR(one["standard_error"], two["standard_error"], 1e-9);
  }
  // Candidates of a prompt may come from both files.
  const json within = result_of(
      audit({"--proxy", "judge", "--group", "prompt", "--reference", "pool.csv"}), folder);
  EXPECT_EQ(within["groups"], 160);
  // As many from a pool that is weighted evenly.
  folder.write("even.csv", [&] {
    std::istringstream rows(pool);
    std::string text;
    for (std::string row; std::getline(rows, row);) {
      text += row + (text.empty() ? ",w\n" : ",7\n");
    }
    return text;
  }());
  const json weighted = result_of(
      audit({"--proxy", "judge", "--reference", "even.csv", "--reference-weight", "w"}), folder);
  EXPECT_NEAR(weighted["rewards"][0]["policies"][3]["gain"]["value"],
              both["rewards"][0]["policies"][3]["gain"]["value"], 1e-9);
}

TEST(Audit, NamesPoliciesAgainstATarget) {
  const Folder folder;
  folder.write("t.csv", scores_csv(3, 960));
  const Words words = audit({"--proxy", "judge", "--log-ratio", "trained", "--best-of", "2,8",
                             "--beta", "4,1", "--beta-unit", "sd", "--target", "0.7"});
  const json result = result_of(words, folder);
  const json& target = result["target"];
  EXPECT_EQ(target["value"], 0.7);
  EXPECT_EQ(target["policies"], 5);
  // The mean rises with 1 / beta and with n.
  std::vector<std::string> found;
  for (const json& policy : target["reached"]) {
    EXPECT_GE(policy["low"], 0.7);
    found.push_back(policy["name"].get<std::string>() +
                    (policy.contains("beta") ? " tilted"
                     : policy.contains("n")  ? " of " + std::to_string(policy["n"].get<int>())
                                             : ""));
  }
  EXPECT_EQ(found, (std::vector<std::string>{"judge tilted", "judge of 8"}));
  const Outcome outcome = run(words, folder);
  EXPECT_NE(outcome.out.find("Target 0.7: a true mean of at least that have 'judge' at beta"),
            std::string::npos)
      << outcome.out;
  EXPECT_TRUE(result_of(audit({"--proxy", "judge"}), folder)["target"].is_null());
}

TEST(Audit, TellsTrainedPolicies) {
  const Folder folder;
  folder.write("t.csv", scores_csv());
  const json result = result_of(audit({"--log-ratio", "tr*", "--group", "prompt"}), folder);
  EXPECT_TRUE(result["rewards"].empty());
  EXPECT_TRUE(result["recommendation"].is_null());
  ASSERT_EQ(result["policies"].size(), 1U);
  EXPECT_GT(result["policies"][0]["rise"]["simultaneous_interval"][0], 0);
  EXPECT_NEAR(result["policies"][0]["mean_ratio"]["value"], 1, 0.1);
}

TEST(Audit, GlobsLeaveOutWhatOtherOptionsName) {
  const Folder folder;
  folder.write("t.csv", scores_csv());
  const json all =
      result_of(audit({"--proxy", "*", "--group", "prompt", "--log-ratio", "tr*"}), folder);
  ASSERT_EQ(all["rewards"].size(), 3U);
  EXPECT_EQ(all["rewards"][0]["name"], "judge");
  EXPECT_EQ(all["rewards"][1]["name"], "coin");
  EXPECT_EQ(all["rewards"][2]["name"], "mean");
  EXPECT_EQ(all["policies"].size(), 1U);
  const json range = result_of(audit({"--proxy", "coin:human"}), folder);
  EXPECT_EQ(range["rewards"][1]["name"], "trained");
  const json less = result_of(audit({"--proxy", "*,!human,!prompt,!tr*"}), folder);
  EXPECT_EQ(less["rewards"].size(), 3U);
  // In a pool that has a column of no gold rewards they are those of DATA.
  folder.write("pool.csv", "human,judge,coin,trained,prompt,more\n,1,2,3,p0,x\n,2,1,4,p1,y\n");
  const json both =
      result_of(audit({"--proxy", "*", "--group", "prompt", "--reference", "pool.csv"}), folder);
  EXPECT_EQ(both["rewards"].size(), 4U);
  EXPECT_EQ(both["reference_rows"], 2);
  expect_parts(refused(audit({"--proxy", "tr*", "--log-ratio", "trained"}), folder),
               {"64 ", "--proxy = tr*", "log-ratios", "name others"});
}

TEST(Audit, ReportsPricesWhereUnitsDiffer) {
  const Folder folder;
  folder.write("t.csv", "judge,score,human\n1,300,1\n2,100,2.5\n3,500,2.5\n4,400,4.5\n");
  const auto report = [&](const char* proxies) {
    return run(audit({"--proxy", proxies, "--beta", "2", "--beta-unit", "sd"}), folder).out;
  };
  EXPECT_EQ(report("judge").find("price"), std::string::npos);
  const std::string both = report("judge,score");
  EXPECT_NE(both.find("     beta     price price/sd"), std::string::npos) << both;
  EXPECT_NE(both.find("J = gold - price KL"), std::string::npos);
  // A nat costs as much by either: two standard deviations of 1.244.
  EXPECT_NE(both.find("    2.487     2.487        2 "), std::string::npos) << both;
  const std::size_t score = both.find("\nscore\n");
  ASSERT_NE(score, std::string::npos);
  EXPECT_NE(both.find("     2.487        2 ", score), std::string::npos) << both;
}

TEST(Audit, RefusesInItsOwnWords) {
  const Folder folder;
  folder.write("t.csv", scores_csv());
  folder.write("pool.csv", "judge,prompt\n1,p0\n2,p0\n");
  folder.write("level.csv", "judge,coin,human\n1,2,1\n1,1,2\n1,0,3\n");
  folder.write("none.csv", "judge,human\n1,\n2,\n");
  folder.write("gap.csv", "judge,human\n1,1\n,2\n3,3\n");
  const auto said = [&](const Words& more) { return refused(audit(more), folder); };
  expect_parts(said({}), {"64 ", "--proxy: missing", "--proxy judge"});
  expect_parts(refused({"audit", "t.csv", "--proxy", "judge"}, folder),
               {"64 ", "--gold: missing", "--gold y"});
  expect_parts(said({"--proxy", "juge"}),
               {"64 ", "--proxy = juge", "no column is named 'juge'", "did you mean 'judge'?"});
  expect_parts(said({"--proxy", "human"}), {"64 ", "--proxy = human", "cannot be a feature"});
  expect_parts(said({"--proxy", "judge", "--log-ratio", "j*"}),
               {"64 ", "--proxy = 'judge'", "is a --log-ratio, too"});
  expect_parts(said({"--proxy", "judge", "--beta", "0"}), {"64 ", "--beta = 0"});
  expect_parts(said({"--proxy", "judge", "--target", "high"}),
               {"64 ", "--target = 'high'", "must be a number"});
  expect_parts(said({"--proxy", "judge", "--target", "1", "--group", "prompt"}),
               {"64 ", "--target = 1", "within groups", "leave it out"});
  expect_parts(said({"--proxy", "judge", "--best-of", "4,2"}), {"64 ", "--best-of = 2", "ascend"});
  expect_parts(said({"--proxy", "judge", "--reference-weight", "w"}),
               {"64 ", "--reference-weight = w", "name their file"});
  expect_parts(
      said({"--proxy", "judge,coin", "--reference", "pool.csv"}),
      {"64 ", "--reference pool.csv: ", "--proxy = judge,coin", "no column is named 'coin'"});
  expect_parts(said({"--proxy", "judge", "--reference", "pool.csv", "--reference-weight", "w"}),
               {"64 ", "--reference-weight = w", "pool.csv has no such column"});
  folder.write("empty.csv", "judge\n");
  EXPECT_EQ(said({"--proxy", "judge", "--reference", "empty.csv"}),
            "65 esscher: --reference empty.csv: 0 rows are left of 0; at least 1 is needed\n");
  const auto of = [&](const char* file) {
    return refused({"audit", file, "--gold", "human", "--proxy", "judge"}, folder);
  };
  expect_parts(of("level.csv"),
               {"65 ", "proxy 'judge' = 1", "the same in all rows", "leave it out"});
  expect_parts(of("none.csv"), {"65 ", "gold reward = 0 rows with one", "label more rows"});
  expect_parts(of("gap.csv"), {"65 ", "gap.csv", "row 2"});
  EXPECT_EQ(of("gap.csv").find("impute"), std::string::npos);  // which is no option here
  folder.write("t.csv", scores_csv(2));
  expect_parts(said({"--proxy", "judge", "--enumerated"}),
               {"64 ", "--enumerated = 120 gold rewards", "leave it out"});
}

TEST(Audit, InfeasibleGoldRewardsCountAsTheLowest) {
  const Folder folder;
  std::string text = "judge,gold\n";
  std::string lowest = text;
  std::string unknown = text;
  for (int i = 0; i < 60; ++i) {
    const std::string row = std::to_string(std::sin(0.9 * i)) + ",";
    const std::string gold = std::to_string(std::round(9 * std::sin(0.9 * i) + i % 5));
    text += row + (i % 10 == 4 ? "-inf" : gold) + "\n";
    lowest += row + (i % 10 == 4 ? "-9" : gold) + "\n";
    unknown += row + (i % 10 == 4 ? "-inf" : "") + "\n";
  }
  folder.write("t.csv", text);
  folder.write("lowest.csv", lowest);
  folder.write("unknown.csv", unknown);
  const auto words = [](const std::string& file, const Words& more) {
    return with({"audit", file, "--proxy", "judge", "--gold", "gold", "--bootstrap", "100"}, more);
  };
  expect_parts(refused(words("t.csv", {}), folder),
               {"65 ",
                "t.csv: row 5, column gold: -inf is not finite; --infeasible=-inf counts "
                "such rows as the lowest, --exclude drops them"});
  const Outcome counted = run(words("t.csv", {"--infeasible=-inf", "--format", "csv"}), folder);
  EXPECT_EQ(counted.out, run(words("lowest.csv", {"--format", "csv"}), folder).out) << counted.err;
  EXPECT_NE(run(words("t.csv", {"--infeasible=-inf"}), folder)
                .out.find("6 rewards of -inf, infeasible, count as the lowest of the others, -9."),
            std::string::npos);
  expect_parts(refused(words("unknown.csv", {"--infeasible=-inf"}), folder),
               {"65 ", "all 6 are infeasible"});
}

}  // namespace
}  // namespace esscher::cli
