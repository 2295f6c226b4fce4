// esscher fit and evaluate on preferences that are stated as pairs.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "program.h"
#include "refusals.h"

namespace esscher::cli {
namespace {

constexpr int kPairs = 60;

/// Features of the two sides of a pair; the chosen one has the larger a, but in every seventh pair.
struct Sides {
  double chosen[2];
  double rejected[2];
};

Sides sides(int i) {
  const auto rounded = [](double value) { return std::round(value * 64) / 64; };
  double a = rounded(std::sin(1.7 * i));
  double b = rounded(std::cos(2.9 * i + 1));
  if ((a < b) != (i % 7 == 0)) std::swap(a, b);
  return {{a, rounded(std::sin(0.3 * i * i))}, {b, rounded(std::cos(0.7 * i * i))}};
}

/// Ties and margins in columns of their own; the last pair is the first one the other way round.
std::string pairs_csv() {
  std::string text = "chosen_a,rejected_a,chosen_b,rejected_b,tie,m\n";
  const auto add = [&](const double* chosen, const double* rejected, int tie) {
    text += std::to_string(chosen[0]) + "," + std::to_string(rejected[0]) + "," +
            std::to_string(chosen[1]) + "," + std::to_string(rejected[1]) + "," +
            std::to_string(tie) + ",2\n";
  };
  for (int i = 0; i + 1 < kPairs; ++i) add(sides(i).chosen, sides(i).rejected, i % 20 == 3 ? 1 : 0);
  add(sides(0).rejected, sides(0).chosen, 0);
  return text;
}

std::vector<double> side_values(bool chosen) {
  std::vector<double> values;
  for (int i = 0; i < kPairs; ++i) {
    const Sides pair = sides(i + 1 < kPairs ? i : 0);
    const bool first = chosen == (i + 1 < kPairs);
    values.insert(values.end(), first ? pair.chosen : pair.rejected,
                  (first ? pair.chosen : pair.rejected) + 2);
  }
  return values;
}

class PairTables : public testing::Test {
 protected:
  PairTables() {
    folder_.write("p.csv", pairs_csv());
    folder_.write("c.npy", array_npy(side_values(true), 2));
    folder_.write("r.npy", array_npy(side_values(false), 2));
    ZipArchive archive;
    archive.add({"yes.npy", array_npy(side_values(true), 2)});
    archive.add({"no.npy", array_npy(side_values(false), 2)});
    folder_.write("p.npz", archive.whole());
  }
  std::string out_of(const std::vector<std::string>& words) const {
    const Outcome outcome = run(words, folder_);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out;
  }
  Folder folder_;
  const std::vector<std::string> prefixes_{"--chosen", "chosen_", "--rejected", "rejected_"};
};

TEST_F(PairTables, TheRewardOfPairsPredictsRows) {
  const std::string report =
      out_of(with(with({"fit", "p.csv"}, prefixes_), {"--tie", "tie", "-o", "m.safetensors"}));
  EXPECT_TRUE(report.starts_with("60 pairs, 3 of them ties, 1 stated both ways; 2 features"))
      << report;
  EXPECT_NE(report.find("log-odds of a preference"), std::string::npos) << report;
  folder_.write("new.csv", "a,b\n-0.5,0\n0.5,0\n");
  out_of({"predict", "m.safetensors", "new.csv", "-o", "r.csv"});
  const std::string table = read_file(folder_.path() / "r.csv");
  const double low = std::stod(table.substr(table.find("\n1,") + 3));
  const double high = std::stod(table.substr(table.find("\n2,") + 3));
  EXPECT_GT(high, low + 0.3);
  // Drawn from, the two compete.
  folder_.write("new.csv", "prompt,a,b\nq,-0.5,0\nq,0.5,0\n");
  const std::string drawn = out_of(
      {"resample", "m.safetensors", "new.csv", "--group", "prompt", "--beta", "0.5", "--n", "3"});
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), '\n'), 4) << drawn;
}

TEST_F(PairTables, EveryFormOfTheSamePairsIsTheSameEvaluation) {
  const std::vector<std::string> to{"--evaluation-folds", "3", "--format", "csv"};
  const std::string expected =
      out_of(with(with(with({"evaluate", "p.csv"}, prefixes_), {"--features", "a,b"}), to));
  EXPECT_TRUE(expected.starts_with("reward,pairs,accuracy,accuracy_se,log_loss,")) << expected;
  EXPECT_EQ(out_of(with({"evaluate", "--chosen", "c.npy", "--rejected", "r.npy"}, to)), expected);
  EXPECT_EQ(out_of(with({"evaluate", "p.npz", "--chosen", "yes", "--rejected", "no"}, to)),
            expected);
}

TEST_F(PairTables, TheEvaluationTellsCountsAccuracyAndLogLoss) {
  const std::string report = out_of(with(with({"evaluate", "p.csv"}, prefixes_),
                                         {"--tie", "tie", "--evaluation-folds", "3", "-o", "e"}));
  EXPECT_NE(report.find("60 pairs, 3 of them ties, 1 stated both ways"), std::string::npos);
  EXPECT_NE(report.find("no temperature is called admissible"), std::string::npos) << report;
  const auto json = nlohmann::json::parse(read_file(folder_.path() / "e" / "result.json"));
  EXPECT_EQ(json["preferences"]["pairs"], 60);
  EXPECT_EQ(json["preferences"]["ties"], 3);
  EXPECT_EQ(json["preferences"]["contradictory"], 1);
  EXPECT_EQ(json["options"]["loss"], "preferences");
  const auto& reward = json["rewards"][0];
  // Six of seven pairs go by a.
  EXPECT_GT(reward["accuracy"]["value"], 0.7);
  EXPECT_GT(reward["accuracy"]["standard_error"], 0.02);
  EXPECT_LT(reward["log_loss"]["value"], std::log(2.0));
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "e" / "pairs.csv"));
  // The configuration asks for the same again.
  EXPECT_EQ(run({"evaluate", "p.csv", "--config", "e/config.toml", "-o", "e2", "--quiet"}, folder_)
                .exit_code,
            0);
  EXPECT_EQ(read_file(folder_.path() / "e2" / "pairs.csv"),
            read_file(folder_.path() / "e" / "pairs.csv"));
}

TEST_F(PairTables, GroupsTellTheirPairsToo) {
  std::string text = "prompt,a,y\n";
  for (int i = 0; i < 60; ++i) {
    text += std::to_string(i / 3) + "," + std::to_string(std::sin(1.7 * i)) + "," +
            std::to_string(std::round(2 * std::sin(1.7 * i))) + "\n";
  }
  folder_.write("g.csv", text);
  const auto json = nlohmann::json::parse(
      out_of({"evaluate", "g.csv", "--reward", "y", "--group", "prompt", "--features", "a",
              "--loss", "preferences", "--weights", "uniform", "--beta", "1", "--bootstrap", "100",
              "--format", "json"}));
  EXPECT_EQ(json["preferences"]["pairs"], 60);
  EXPECT_GT(json["preferences"]["ties"], 0);
  EXPECT_EQ(json["preferences"]["contradictory"], 0);
  EXPECT_GT(json["rewards"][0]["preferences"]["accuracy"]["value"], 0.9);
  EXPECT_TRUE(json["rewards"][0]["preferences"]["log_loss"].is_null());
}

/// The pairs with \p folds of them, and \p more lines behind.
std::string with_folds(int folds, const std::string& more = "") {
  std::string text = "c_a,r_a,c_b,r_b,fold\n";
  for (int i = 0; i + 1 < kPairs; ++i) {
    const Sides pair = sides(i);
    // b is that of no other side: none is there twice.
    text += std::to_string(pair.chosen[0]) + "," + std::to_string(pair.rejected[0]) + "," +
            std::to_string(i) + "," + std::to_string(i * 7 % 60 + 0.5) + ",f" +
            std::to_string(i % folds) + "\n";
  }
  return text + more;
}

TEST_F(PairTables, OwnFoldsAreThoseOfTheEvaluation) {
  // The second line is dropped; its fold has no other pair.
  std::string text = with_folds(3);
  text.insert(text.find('\n') + 1, "1,1,2,2,alone\n");
  folder_.write("f.csv", text);
  const std::vector<std::string> own{"--chosen", "c_", "--rejected", "r_", "--fold", "fold"};
  out_of(with(with({"fit", "f.csv"}, own), {"-o", "m.safetensors"}));
  const auto evaluated = [&](const std::vector<std::string>& more) {
    return nlohmann::json::parse(
        out_of(with(with({"evaluate", "f.csv"}, more), {"--format", "json"})));
  };
  const auto by_fold = evaluated(own);
  EXPECT_EQ(by_fold["folds"], 3);
  const auto dealt = evaluated(
      {"--chosen", "c_", "--rejected", "r_", "--features", "a,b", "--evaluation-folds", "3"});
  EXPECT_NE(by_fold["rewards"], dealt["rewards"]);
  expect_parts(
      refused(with(with({"evaluate", "f.csv"}, own), {"--evaluation-folds", "4"}), folder_),
      {"64 ", "--evaluation-folds = 4", "--fold names the folds already"});
  const Sides first = sides(0);
  folder_.write("f.csv", with_folds(3, std::to_string(first.chosen[0]) + ",8,0,300,f1\n"));
  expect_parts(refused(with({"evaluate", "f.csv"}, own), folder_),
               {"65 ", "f.csv: --fold = fold: pairs 1 and 60 share the features of a side",
                "'f0' and 'f1'"});
}

TEST_F(PairTables, ListsOfJsonMakeAModelThatListsOfJsonFeed) {
  std::string text;
  for (int i = 0; i + 1 < kPairs; ++i) {
    const Sides pair = sides(i);
    text += nlohmann::json{{"chosen", pair.chosen}, {"rejected", pair.rejected}}.dump() + "\n";
  }
  folder_.write("p.jsonl", text);
  out_of({"fit", "p.jsonl", "--chosen", "chosen", "--rejected", "rejected", "-o", "m.safetensors"});
  folder_.write("new.jsonl", "{\"x\": [0.5, 0.1]}\n{\"x\": [-0.5, 0.1]}\n");
  out_of({"predict", "m.safetensors", "new.jsonl", "-o", "r.csv"});
  const std::string out = read_file(folder_.path() / "r.csv");
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3) << out;
}

TEST_F(PairTables, TiesMayBeWordsOfTruth) {
  const auto evaluated = [&](const std::string& file) {
    return out_of(with(with({"evaluate", file}, prefixes_), {"--tie", "tie", "--format", "csv"}));
  };
  std::string words = pairs_csv();
  for (const auto& [number, word] :
       {std::pair(",1,2\n", ",True,2\n"), std::pair(",0,2\n", ",False,2\n")}) {
    for (std::size_t at = words.find(number); at != std::string::npos;
         at = words.find(number, at)) {
      words.replace(at, std::string_view(number).size(), word);
    }
  }
  folder_.write("words.csv", words);
  EXPECT_EQ(evaluated("words.csv"), evaluated("p.csv"));
  folder_.write("maybe.csv", words.replace(words.find("True"), 4, "Perhaps"));
  expect_parts(refused(with({"evaluate", "maybe.csv", "--tie", "tie"}, prefixes_), folder_),
               {"65 ", "column tie: 'Perhaps' is not a number"});
}

/// Copies of pairs, and weights.
TEST_F(PairTables, CopiesOfPairsAreWeights) {
  std::string copies = "chosen_a,rejected_a,chosen_b,rejected_b\n";
  std::string weights = "chosen_a,rejected_a,chosen_b,rejected_b,w\n";
  for (int i = 0; i + 1 < kPairs; ++i) {
    const Sides pair = sides(i);
    const std::string row = std::to_string(pair.chosen[0]) + "," +
                            std::to_string(pair.rejected[0]) + "," +
                            std::to_string(pair.chosen[1]) + "," + std::to_string(pair.rejected[1]);
    for (int copy = 0; copy <= i % 3; ++copy) copies += row + "\n";
    weights += row + "," + std::to_string(i % 3 + 1) + "\n";
  }
  folder_.write("copies.csv", copies);
  folder_.write("weights.csv", weights);
  folder_.write("new.csv", "a,b\n0.1,0.2\n-0.7,0.4\n0.9,-0.3\n");
  const auto predicted = [&](const std::vector<std::string>& fit) {
    out_of(with(with({"fit"}, fit), with(prefixes_, {"--features", "a,b", "-o", "m.safetensors"})));
    out_of({"predict", "m.safetensors", "new.csv", "--beta", "1", "-o", "r.csv"});
    std::vector<double> values;
    std::istringstream lines(read_file(folder_.path() / "r.csv"));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("row")) values.push_back(std::stod(line.substr(line.find(',') + 1)));
    }
    return values;
  };
  const std::vector<double> a = predicted({"copies.csv"});
  const std::vector<double> b = predicted({"weights.csv", "--weight", "w"});
  ASSERT_EQ(a.size(), 3U);
  ASSERT_EQ(b.size(), 3U);
  EXPECT_NE(a[0], a[1]);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-9);
}

TEST_F(PairTables, WhatPairsDoNotHaveIsRefused) {
  const auto fit = [&](const std::vector<std::string>& more) {
    return refused(with(with({"fit", "p.csv"}, more), {"-o", "m.safetensors"}), folder_);
  };
  expect_parts(fit({"--chosen", "chosen_"}), {"64 ", "--rejected: missing", "name the other too"});
  expect_parts(fit(with(prefixes_, {"--reward", "m"})),
               {"64 ", "--reward = m", "pairs have no reward"});
  expect_parts(fit(with(prefixes_, {"--loss", "squared"})),
               {"64 ", "--loss = squared", "take preferences"});
  expect_parts(fit(with(prefixes_, {"--weights", "label"})),
               {"64 ", "--weights = label", "take uniform"});
  expect_parts(fit(with(prefixes_, {"--beta-unit", "sd"})), {"64 ", "--beta-unit = sd"});
  expect_parts(fit({"--margin", "m", "--reward", "chosen_a"}),
               {"64 ", "--margin = m", "is for pairs only"});
  folder_.write("short.npy", array_npy({1, 2, 3, 4}, 2));
  expect_parts(refused({"fit", "--chosen", "c.npy", "--rejected", "short.npy", "-o", "m"}, folder_),
               {"65 ", "c.npy has shape (60, 2) and short.npy has shape (2, 2)"});
  expect_parts(refused({"fit", "--reward", "y", "-o", "m"}, folder_), {"64 ", "DATA: missing"});
  expect_parts(
      refused({"evaluate", "c.npy", "--chosen", "c.npy", "--rejected", "r.npy"}, folder_),
      {"64 ", "DATA = 'c.npy': pairs of npy files have their features in these", "leave it out"});
  for (const auto& [option, value] :
       {std::pair("--noise", "2"), std::pair("--best-of", "2,4"), std::pair("--bootstrap", "100"),
        std::pair("--alpha", "0.1")}) {
    expect_parts(refused(with({"evaluate", "p.csv", option, value}, prefixes_), folder_),
                 {"64 ", std::string(option) + " = " + value,
                  "pairs have no reward to value a policy by; leave it out"});
  }
}

}  // namespace
}  // namespace esscher::cli
