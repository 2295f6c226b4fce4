#include "esscher/report/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

using nlohmann::json;

json estimate(double value, double error) {
  return {{"value", value},
          {"standard_error", error},
          {"interval", {value - 2 * error, value + 2 * error}}};
}

json policy(double beta, double kl, double gold, double proxy, bool reliable) {
  return {{"beta", beta},
          {"beta_sd", beta / 2},
          {"gold", estimate(gold, 0.1)},
          {"proxy", estimate(proxy, 0.1)},
          {"kl", estimate(kl, 0.01)},
          {"reference", estimate(1, 0.1)},
          {"rise", estimate(gold - 1, 0.1)},
          {"gain", estimate(gold - 1 - beta * kl, 0.1)},
          {"efficiency", 0.5},
          {"over_optimisation", estimate(proxy - gold, 0.1)},
          {"ess", 100 / kl},
          {"pareto_k", 0.5},
          {"pareto_k_threshold", 0.7},
          {"reliable", reliable}};
}

json evaluation(bool safe) {
  json reward{
      {"name", "auto"},
      {"correlation", 0.8},
      {"policies",
       {policy(2, 0.2, 2, 2.1, true), policy(1, 1, 3, 3.5, true), policy(0.5, 4, 2.5, 6, false)}},
      {"advice",
       {{"verdict", "Here stands the verdict <b>."},
        {"limit", "gold_turned"},
        {"recommended_beta", nullptr},
        {"admissible", nullptr}}}};
  if (safe) {
    reward["advice"]["recommended_beta"] = 1.0;
    reward["advice"]["admissible"] = {{"low", 1.0}, {"high", 2.0}, {"low_excluded", 0.5}};
    reward["advice"]["gain"] = estimate(1, 0.1);
  }
  return {{"record", "evaluate"},
          {"record_version", 1},
          {"command", "esscher evaluate 'my data.csv' --reward y"},
          {"esscher", {{"version", "0.1.0"}}},
          {"options", {{"reward", "y"}, {"seed", "7"}}},
          {"rows", 500},
          {"groups", 0},
          {"reward_sd", 2.0},
          {"rewards", json::array({reward})},
          {"held_out",
           {{"of", 3},
            {"r2", 0.5},
            {"within_groups", false},
            {"predicted", {1, 2, 3}},
            {"observed", {1, 2, 4}}}},
          {"remarks", {"A remark."}}};
}

std::string page(const json& record, const ReportOptions& options = {}) {
  return report_page({"result.json", record.dump()}, options);
}

json charts_of(const std::string& html) {
  const std::string open = "<script type=\"application/json\" id=\"charts\">";
  const std::size_t begin = html.find(open) + open.size();
  return json::parse(html.substr(begin, html.find("</script>", begin) - begin));
}

std::vector<std::string> ids_of(const json& charts) {
  std::vector<std::string> ids;
  for (const json& chart : charts) ids.push_back(chart["id"]);
  return ids;
}

void expect_within(const std::string& html, const std::string& part) {
  EXPECT_NE(html.find(part), std::string::npos) << part;
}

TEST(ReportPage, AnswersTheQuestionInWordsAndOnePicture) {
  const std::string html = page(evaluation(true));
  expect_within(html, "How low may the temperature go?");
  expect_within(html, "Down to β&nbsp;=&nbsp;1, 0.5 standard deviations of the reward.");
  expect_within(html,
                "At β&nbsp;=&nbsp;1 the true reward rises by 2; the learned reward promises 2.5");
  const json spec = charts_of(html)[0]["spec"];
  EXPECT_EQ(spec["data"][0]["values"].size(), 3U);
  EXPECT_EQ(spec["data"][0]["values"][2]["doubtful"], true);
  EXPECT_NE(spec.dump().find("advised: β = 1"), std::string::npos);
  EXPECT_NE(spec.dump().find("admissible"), std::string::npos);
}

TEST(ReportPage, SaysSoWhereNoTemperatureIsSafe) {
  const std::string html = page(evaluation(false));
  expect_within(html, "Not at all: no temperature is safe.");
  expect_within(html, "No tilt has a true gain that these rows can tell from zero");
  EXPECT_EQ(charts_of(html)[0]["spec"].dump().find("admissible"), std::string::npos);
}

TEST(ReportPage, FollowsTheRecommendedReward) {
  json record = evaluation(true);
  json linear = record["rewards"][0];
  linear["name"] = "linear";
  linear["policies"][1]["gold"] = estimate(4, 0.1);
  record["rewards"].push_back(linear);
  record["recommendation"] = {{"weights", "linear"}, {"labels_to_halve", 900}};
  const std::string html = page(record);
  expect_within(html, "Down to β&nbsp;=&nbsp;1. Advised: linear ridge at β&nbsp;=&nbsp;1");
  expect_within(html, "labels that halve it");
  EXPECT_EQ(charts_of(html)[0]["spec"]["data"][0]["values"][1]["y"], 4.0);
}

TEST(ReportPage, ShowsWhatTheLabelledRowsAloneTell) {
  json record = evaluation(true);
  EXPECT_EQ(page(record).find("labelled rows alone"), std::string::npos);
  json told = {{"gain", estimate(0.75, 0.1)}, {"ess", 40}};
  told["gain"]["simultaneous_interval"] = {0.25, 1.25};
  for (json& each : record["rewards"][0]["policies"]) each["labelled_rows"] = told;
  const std::string html = page(record);
  expect_within(html, ">by labelled rows alone [all at once]</th>");
  expect_within(html, "0.75 [0.25, 1.25]");
  const json charts = charts_of(html);
  ASSERT_EQ(charts[1]["id"], "gain-against-temperature");
  EXPECT_NE(charts[1]["spec"].dump().find("auto weights, labelled rows alone"), std::string::npos);
}

TEST(ReportPage, TellsRisesWithinGroups) {
  json record = evaluation(true);
  record["groups"] = 50;
  const json chart = charts_of(page(record))[0];
  EXPECT_EQ(chart["y"], "rise of the reward over the reference (its unit)");
  EXPECT_EQ(chart["spec"]["data"][0]["values"][0]["y"], 1.0);
}

TEST(ReportPage, LoadsNothing) {
  const std::string html = page(evaluation(true));
  EXPECT_FALSE(std::regex_search(html.substr(0, html.find("<script>")),
                                 std::regex("<(script|img|link|iframe|object|embed|source)[^>]*"
                                            "(src|href)=|@import|url\\(")));
  expect_within(html, "default-src 'none'");
  EXPECT_EQ(html.find("sourceMappingURL"), std::string::npos);
  EXPECT_EQ(html.find("<script src"), std::string::npos);
  EXPECT_LT(html.size(), 2'000'000U);
}

TEST(ReportPage, HoldsOptionsMeaningsCommandRemarksAndItsRecord) {
  const json record = evaluation(true);
  const std::string html = page(record, {{{"seed", "of all random numbers"}}});
  expect_within(html, "of all random numbers");
  expect_within(html, "esscher evaluate &#39;my data.csv&#39; --reward y");
  expect_within(html, "A remark.");
  const std::string open = "<script type=\"application/json\" id=\"record\">";
  const std::size_t begin = html.find(open) + open.size();
  EXPECT_EQ(json::parse(html.substr(begin, html.find("</script>", begin) - begin)), record);
}

TEST(ReportPage, SaysWhereDataCameFromStandardInput) {
  const std::string words = "is standard input, from which the data came";
  json record = evaluation(true);
  EXPECT_EQ(page(record).find(words), std::string::npos);
  for (const char* option : {"data", "table"}) {
    json piped = record;
    piped["options"][option] = "-";
    expect_within(page(piped), words);
    const std::vector<ReportRecord> both{{"a", record.dump()}, {"b", piped.dump()}};
    expect_within(comparison_page(both), words);
  }
}

TEST(ReportPage, TextOfARecordIsNoMarkup) {
  json record = evaluation(true);
  record["remarks"] = {"</script><script>alert(1)</script>"};
  const std::string html = page(record);
  EXPECT_EQ(html.find("<script>alert"), std::string::npos);
  expect_within(html, "Here stands the verdict &lt;b&gt;.");
}

TEST(ReportPage, LeavesOutALargeRecordAndSaysSo) {
  json record = evaluation(true);
  record["features"] = std::vector<std::string>(200'000, "column");
  const std::string html = page(record);
  EXPECT_LT(html.size(), 2'000'000U);
  expect_within(html, "larger than a page should be");
  expect_within(html, "the record behind them, of 1.8 MB, is too large for a page");
  EXPECT_EQ(html.find("holds its data"), std::string::npos);
  expect_within(page(evaluation(true)), "holds its data (<code>#record</code>)");
}

TEST(ReportPage, OfAnyRecordOfItsKindOpens) {
  for (const char* kind : {"theory", "simulate", "fit", "evaluate"}) {
    const std::string html = page({{"record", kind}, {"record_version", 1}});
    expect_within(html, "<h1");
    EXPECT_TRUE(ids_of(charts_of(html)).empty()) << kind;
  }
}

TEST(ReportPage, FitsShowLettersByPositionAndOtherwiseColumns) {
  json record{{"record", "fit"},
              {"record_version", 1},
              {"importance",
               {{"names", {"seq[1]=A", "seq[1]=C", "seq[10]=A", "seq[2]=G"}},
                {"columns", {0.1, 0.2, 0.6, 0.1}},
                {"directions", {0.9, 0.1}}}}};
  const json letters = charts_of(page(record));
  ASSERT_EQ(ids_of(letters), (std::vector<std::string>{"importance", "directions"}));
  EXPECT_EQ(letters[0]["spec"]["scales"][1]["domain"].size(), 10U);
  record["importance"]["names"][0] = "dose";
  const json columns = charts_of(page(record));
  EXPECT_EQ(columns[0]["spec"]["scales"][0]["domain"][0], "seq[10]=A");
}

TEST(ReportPage, FitsThatPredictNothingShowNoImportance) {
  json record{
      {"record", "fit"},
      {"record_version", 1},
      {"importance", {{"names", {"a", "b"}}, {"columns", {0.9, 0.1}}, {"directions", {0.9, 0.1}}}},
      {"held_out", {{"r2", 0.5}}}};
  EXPECT_EQ(ids_of(charts_of(page(record))),
            (std::vector<std::string>{"importance", "directions"}));
  record["held_out"]["r2"] = -0.01;
  const std::string html = page(record);
  EXPECT_TRUE(ids_of(charts_of(html)).empty());
  expect_within(html, "turns on that predicts nothing is chance");
}

TEST(ReportPage, TheoryDrawsDeadTemperaturesAsZeros) {
  json rows = json::array();
  for (const double beta : {2.0, 1.0}) {
    rows.push_back({{"beta", beta},
                    {"kl", 1 / beta},
                    {"mean_reward", 1},
                    {"reference_value", 0},
                    {"signal", {{"label_exp", {{"signal_to_noise", {0, beta - 1.5}}}}}}});
  }
  const json record{
      {"record", "theory"},
      {"record_version", 1},
      {"exponents", {{"generative_exponent", 1}}},
      {"feature_temperatures",
       {{{"transform", "label_exp"}, {"best_beta", 2.0}, {"dead", {{{"beta", 1.4}}}}}}},
      {"temperatures", rows}};
  const json points = charts_of(page(record))[0]["spec"]["data"][0]["values"];
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[1]["x"], 1.4);
  EXPECT_EQ(points[1]["y"], 0.0);
}

TEST(ReportPage, OfARecordFromBeforeThereWereVersionsOpens) {
  json record = evaluation(true);
  record.erase("record");
  record.erase("record_version");
  EXPECT_FALSE(report_page({"old.json", record.dump()}).empty());
}

TEST(ComparisonPage, LaysRunsOverOneAnotherAndTellsWhatDiffers) {
  json other = evaluation(true);
  other["options"]["seed"] = "8";
  const std::vector<ReportRecord> records{{"runs/first/result.json", evaluation(true).dump()},
                                          {"runs/second", other.dump()}};
  const std::string html = comparison_page(records);
  const json charts = charts_of(html);
  ASSERT_EQ(charts.size(), 1U);
  EXPECT_EQ(charts[0]["series"][0]["name"], "first");
  EXPECT_EQ(charts[0]["series"][1]["name"], "second");
  expect_within(html, "2 runs of esscher evaluate; 1 option differs.");
  expect_within(html, "<th scope=\"row\">seed</th>");
  EXPECT_EQ(html.find("<th scope=\"row\">reward</th>"), std::string::npos);
}

TEST(ComparisonPage, TellsADifferenceOnlyWhereIntervalsAndTwoDigitsDo) {
  const auto title = [](double best) {
    json other = evaluation(true);
    for (json& each : other["rewards"][0]["policies"]) {
      each["rise"] = estimate(each["rise"]["value"].get<double>() * best, 0.001);
    }
    json first = evaluation(true);
    for (json& each : first["rewards"][0]["policies"]) {
      each["rise"] = estimate(each["rise"]["value"].get<double>(), 0.001);
    }
    const std::vector<ReportRecord> both{{"a", first.dump()}, {"b", other.dump()}};
    return charts_of(comparison_page(both))[0]["spec"]["title"]["text"].get<std::string>();
  };
  EXPECT_EQ(title(0.5), "Where points can be relied on, a reaches 2, b 1");
  EXPECT_EQ(title(0.9975), "No clear difference at the best: a reaches 2, b 2");
}

TEST(ReportPage, OfAnEvaluationOfPairsIsRefused) {
  const ReportRecord pairs{"p.json", R"({"record": "pairs", "record_version": 1})"};
  const auto expect_words = [](const auto& call) {
    try {
      call();
      ADD_FAILURE() << "a page";
    } catch (const DataError& error) {
      EXPECT_STREQ(
          error.what(),
          "p.json: is an evaluation of pairs, which have no reward to draw policies by and "
          "no page; read report.txt in its folder, or what evaluate prints");
    }
  };
  expect_words([&] { report_page(pairs); });
  const std::vector<ReportRecord> both{pairs, pairs};
  expect_words([&] { comparison_page(both); });
}

TEST(ComparisonPage, RefusesOneRunAndRunsOfSeveralCommands) {
  const ReportRecord one{"a", evaluation(true).dump()};
  EXPECT_THROW(comparison_page({&one, 1}), UsageError);
  const std::vector<ReportRecord> mixed{one, {"b", R"({"record": "theory", "record_version": 1})"}};
  try {
    comparison_page(mixed);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "b = theory: cannot be laid over a result of evaluate; compare results of one "
                 "command");
  }
}

}  // namespace
}  // namespace esscher
