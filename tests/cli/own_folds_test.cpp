// --fold, --noise and columns that tell the reward by themselves, from the command line.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "program.h"
#include "refusals.h"
#include "tables.h"

namespace esscher::cli {
namespace {

/// 120 rows in four batches of 30 and sites of 10: y turns on a and b.
std::string batches_csv() {
  std::string text = "batch,site,a,b,y\n";
  for (int i = 0; i < 120; ++i) {
    const double a = std::sin(1.7 * i) * 1.5;
    const double b = std::cos(2.3 * i * i);
    text += std::string(1, "NESW"[i / 30]) + ",s" + std::to_string(i / 10) + "," +
            std::to_string(a) + "," + std::to_string(b) + "," + std::to_string(a + b) + "\n";
  }
  return text;
}

Words evaluation(const Words& more) {
  Words words{"evaluate", "t.csv", "--reward",    "y", "--features", "a,b", "--beta", "2,1",
              "--rounds", "1",     "--bootstrap", "0", "-o",         "out", "--force"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

nlohmann::json result_of(const Folder& folder) {
  return nlohmann::json::parse(read_file(folder.path() / "out" / "result.json"));
}

TEST(OwnFolds, AreNamedByTheirLabels) {
  const Folder folder;
  folder.write("t.csv", batches_csv());
  const Outcome outcome = run(evaluation({"--fold", "batch"}), folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("folds, with the held-out correlation in each: 'N' (30 rows, "),
            std::string::npos)
      << outcome.out;
  const auto folds = result_of(folder)["folds"];
  ASSERT_EQ(folds.size(), 4U);
  EXPECT_EQ(folds[2]["name"], "S");
  EXPECT_EQ(folds[2]["held_out_rows"], 30);
  EXPECT_EQ(folds[2]["rows"], 90);
  const Outcome fitted = run({"fit", "t.csv", "--reward", "y", "--features", "a,b", "--fold",
                              "batch", "--beta", "1", "--rounds", "1", "-o", "m.safetensors"},
                             folder);
  EXPECT_EQ(fitted.exit_code, 0) << fitted.err;
}

TEST(OwnFolds, ThatCannotBeHeldOutAreRefused) {
  const Folder folder;
  folder.write("t.csv", batches_csv());
  const auto said = [&](const Words& more) { return refused(evaluation(more), folder); };
  expect_parts(said({"--fold", "site", "--group", "batch"}),
               {"65 ", "t.csv", "--fold = site", "the group 'N'", "'s0' (row 1)", "'s1' (row 11)",
                "a fold must hold the whole of it"});
  expect_parts(said({"--fold", "site", "--cluster", "batch"}),
               {"65 ", "the cluster 'N'", "'s0' (row 1)"});
  expect_parts(said({"--fold", "batch", "--exclude", "batch=N,batch=E,batch=S"}),
               {"65 ", "--fold = batch", "1 fold in 30 rows", "at least 2"});
  expect_parts(said({"--fold", "bach"}), {"64 ", "--fold = bach", "did you mean 'batch'?"});
  expect_parts(said({"--fold", "batch", "--evaluation-folds", "3"}),
               {"64 ", "--evaluation-folds = 3", "--fold", "leave one of them out"});
}

TEST(LabelNoise, GivesEfficienciesBesideTheUncorrected) {
  const Folder folder;
  folder.write("t.csv", batches_csv());
  ASSERT_EQ(run(evaluation({}), folder).exit_code, 0);
  const auto plain = result_of(folder)["rewards"][0]["policies"][0];
  EXPECT_FALSE(plain.contains("noise_free_gain"));
  const Outcome outcome = run(evaluation({"--noise", "0.5"}), folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto result = result_of(folder);
  EXPECT_EQ(result["label_noise"], 0.5);
  const auto policy = result["rewards"][0]["policies"][0];
  EXPECT_EQ(policy["efficiency"], plain["efficiency"]);
  EXPECT_GT(policy["noise_free_efficiency"], policy["efficiency"]);
  EXPECT_LT(policy["noise_free_gain"], policy["attainable_gain"]);
  EXPECT_NE(outcome.out.find("true: share of the gain"), std::string::npos) << outcome.out;
  expect_parts(refused(evaluation({"--noise", "0"}), folder),
               {"64 ", "--noise = 0", "must be a number from 1e-09 to 1e+09, or replicates"});
}

TEST(SingleColumn, IsAskedAfterInTheVerdict) {
  const Folder folder;
  folder.write("t.csv", data_csv());  // y = tanh(2a) and a little of b
  const Outcome outcome = run(evaluation({}), folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("'a' alone gives"), std::string::npos) << outcome.out;
  EXPECT_EQ(result_of(folder)["single_column"]["name"], "a");
  folder.write("t.csv", batches_csv());
  ASSERT_EQ(run(evaluation({}), folder).exit_code, 0);
  EXPECT_TRUE(result_of(folder)["single_column"].is_null());
}

// Rows copied k times and the same rows with weight k are one table.
TEST(Weights, AreCopies) {
  const Folder folder;
  std::string copies = "a,b,y\n";
  std::string weights = "a,b,k,y\n";
  std::string plain = "a,b\n";
  for (int i = 0; i < 90; ++i) {
    const double a = std::sin(1.7 * i) * 1.5;
    const double b = std::cos(2.3 * i * i);
    const std::string x = std::to_string(a) + "," + std::to_string(b);
    const std::string y = std::to_string(std::tanh(2 * a) + 0.5 * b + 0.2 * std::sin(31.0 * i));
    const int k = 1 + i * i % 4;
    for (int copy = 0; copy < k; ++copy) copies += x + "," + y + "\n";
    weights += x + "," + std::to_string(k) + "," + y + "\n";
    plain += x + "\n";
  }
  folder.write("copies.csv", copies);
  folder.write("weights.csv", weights);
  folder.write("new.csv", plain);
  const auto predictions = [&](const std::string& table, const Words& more) {
    Words fit{"fit", table,    "--reward", "y",  "--features",
              "a,b", "--beta", "0.5",      "-o", "m.safetensors"};
    fit.insert(fit.end(), more.begin(), more.end());
    const Outcome fitted = run(fit, folder);
    EXPECT_EQ(fitted.exit_code, 0) << fitted.err;
    const Outcome outcome = run({"predict", "m.safetensors", "new.csv", "-o", "r.npy"}, folder);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::string bytes = read_file(folder.path() / "r.npy");
    std::vector<double> values(90);
    const std::size_t size = values.size() * sizeof(double);
    EXPECT_GT(bytes.size(), size);
    if (bytes.size() > size) std::memcpy(values.data(), bytes.data() + bytes.size() - size, size);
    return values;
  };
  const std::vector<double> by_copies = predictions("copies.csv", {});
  const std::vector<double> by_weights = predictions("weights.csv", {"--weight", "k"});
  // The order of sums differs, and nothing else: 1e-9 of rewards of size 1.
  for (std::size_t i = 0; i < 90; ++i) EXPECT_NEAR(by_copies[i], by_weights[i], 1e-9) << i;
}

}  // namespace
}  // namespace esscher::cli
