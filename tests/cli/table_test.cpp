// esscher fit, predict, evaluate and resample as a user meets them.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "program.h"
#include "tables.h"

namespace esscher::cli {
namespace {

const Words kFitRows{"fit", "data.csv", "--reward", "y", "-o", "model.safetensors"};
const Words kEvaluateRows{"evaluate",    "data.csv", "--reward", "y",
                          "--bootstrap", "100",      "--beta",   "2,1,0.5"};

TEST(Tables, FitPredictAndResampleWorkTogether) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  folder.write("new.csv", data_csv(false));
  const Outcome fit = run(with(kFitRows, {"--features", "a,b", "--beta", "1,0.5"}), folder);
  ASSERT_EQ(fit.exit_code, 0) << fit.err;
  for (const char* fact :
       {"80 rows, 2 features", "features: on 80 rows, after round ", "the reward turns on a ",
        "readout: lambda = ", "linear ridge: lambda = ", "a mean of readouts: "}) {
    EXPECT_NE(fit.out.find(fact), std::string::npos) << fact << "\n" << fit.out;
  }
  const Outcome predict =
      run({"predict", "model.safetensors", "new.csv", "--beta", "0.5", "-o", "r.npy"}, folder);
  ASSERT_EQ(predict.exit_code, 0) << predict.err;
  const std::string bytes = read_file(folder.path() / "r.npy");
  ASSERT_EQ(bytes.size() % 8, 0U);
  const std::size_t header = bytes.size() - 80 * sizeof(double);
  std::vector<double> rewards(80);
  std::memcpy(rewards.data(), bytes.data() + header, 80 * sizeof(double));
  // Row 1 has a = sin(1.7) 1.5 = 1.487, tanh(2a) = 0.995; row 3 has a = -1.389, tanh(2a) = -0.992.
  EXPECT_NEAR(rewards[1], 0.995, 0.25);
  EXPECT_NEAR(rewards[3], -0.992, 0.25);

  const Outcome drawn = run({"resample", "model.safetensors", "data.csv", "--beta", "0.5", "--n",
                             "2", "--group", "prompt", "--kind", "soft_best_of_n"},
                            folder);
  ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_TRUE(drawn.out.starts_with("group,draw,row,reward\np0,1,")) << drawn.out;
  EXPECT_EQ(std::count(drawn.out.begin(), drawn.out.end(), '\n'), 41);
}

TEST(Tables, AModelOfGroupsDrawsWithinGroupsOnly) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  ASSERT_EQ(run(with(kFitRows, {"--features", "a,b", "--beta", "1", "--group", "prompt"}), folder)
                .exit_code,
            0);
  const Words draw{"resample", "model.safetensors", "data.csv", "--beta", "1", "--n", "2"};
  const Outcome across = run(draw, folder);
  EXPECT_EQ(across.exit_code, 64);
  EXPECT_NE(across.err.find("--group: missing"), std::string::npos) << across.err;
  EXPECT_EQ(run(with(draw, {"--group", "prompt"}), folder).exit_code, 0);
  // Messages speak of options and of groups by their names.
  const Words many{"resample", "model.safetensors", "data.csv", "--beta", "1", "--group", "prompt",
                   "--kind",   "soft_best_of_n",    "--n",      "5"};
  const Outcome short_of_rows = run(many, folder);
  EXPECT_EQ(short_of_rows.exit_code, 64);
  EXPECT_NE(short_of_rows.err.find("--n = 5: group 'p0' has only 4 rows"), std::string::npos)
      << short_of_rows.err;
  const Outcome best_of_none =
      run(with(draw, {"--group", "prompt", "--kind", "best_of_n", "--best-of", "0"}), folder);
  EXPECT_EQ(best_of_none.exit_code, 64);
  EXPECT_NE(best_of_none.err.find("--best-of = 0: must be from 1 to 1e15"), std::string::npos)
      << best_of_none.err;
}

TEST(Tables, PredictionsDoNotDependOnThreads) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  ASSERT_EQ(
      run(with(kFitRows, {"--features", "a,b", "--beta", "1", "--threads", "1"}), folder).exit_code,
      0);
  ASSERT_EQ(
      run({"predict", "model.safetensors", "data.csv", "--threads", "1", "-o", "one.npy"}, folder)
          .exit_code,
      0);
  ASSERT_EQ(
      run(with(kFitRows, {"--features", "a,b", "--beta", "1", "--threads", "3"}), folder).exit_code,
      0);
  ASSERT_EQ(
      run({"predict", "model.safetensors", "data.csv", "--threads", "2", "-o", "two.npy"}, folder)
          .exit_code,
      0);
  EXPECT_EQ(read_file(folder.path() / "one.npy"), read_file(folder.path() / "two.npy"));
}

TEST(Tables, EvaluationWritesItsFilesAndAVerdict) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  const Outcome outcome = run(with(kEvaluateRows, {"-o", "out"}), folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("Admissible temperatures"), std::string::npos) << outcome.out;
  // What was left open is told: landmarks, rounds and both penalties.
  for (const char* fact : {"fitted 5 times, to ", "features on 64 rows", "rounds of gradient",
                           "lambda = ", "linear ridge: lambda = "}) {
    EXPECT_NE(outcome.out.find(fact), std::string::npos) << fact << "\n" << outcome.out;
  }
  EXPECT_EQ(outcome.out, read_file(folder.path() / "out" / "report.txt"));
  const auto json = nlohmann::json::parse(read_file(folder.path() / "out" / "result.json"));
  ASSERT_EQ(json["rewards"].size(), 3U);
  ASSERT_EQ(json["folds"].size(), 5U);
  for (const char* each : {"penalty", "linear_penalty"}) EXPECT_GT(json["folds"][0][each], 0);
  const auto& policy = json["rewards"][0]["policies"][2];
  EXPECT_EQ(policy["beta"], 0.5);
  for (const auto& number : {policy["gain"]["interval"][0], policy["pareto_k_threshold"],
                             json["rewards"][0]["advice"]["recommended_beta"]}) {
    EXPECT_TRUE(number.is_number());
  }
  const std::string csv = read_file(folder.path() / "out" / "policies.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 10);
  const Outcome again =
      run({"evaluate", "data.csv", "--config", "out/config.toml", "--threads", "3", "-o", "again"},
          folder);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(csv, read_file(folder.path() / "again" / "policies.csv"));
}

TEST(Tables, AnEnumeratedTableIsValuedExactly) {
  const Folder folder;
  folder.write("data.csv", variants_csv());
  const Outcome outcome = run(
      {"evaluate", "data.csv", "--one-hot", "seq", "--reward", "y", "--enumerated", "-o", "out"},
      folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto result = nlohmann::json::parse(read_file(folder.path() / "out" / "result.json"));
  const auto& policy = result["rewards"][0]["policies"][1];
  EXPECT_EQ(policy["gold"]["standard_error"], 0);
  EXPECT_TRUE(policy["reliable"]);
  EXPECT_GT(policy["best_of_n"]["n"], 1);
  EXPECT_NE(outcome.out.find(", best of n\n"), std::string::npos);
}

TEST(Tables, ARewardTransformKeepsTheRewardsUnit) {
  const Folder folder;
  folder.write("data.csv", variants_csv());
  const Words fit{"fit",
                  "data.csv",
                  "--one-hot",
                  "seq",
                  "--reward",
                  "y",
                  "--beta",
                  "1",
                  "--beta-unit",
                  "sd",
                  "-o",
                  "model.safetensors",
                  "--reward-transform"};
  const Outcome outcome = run(with(fit, {"log1p"}), folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("regressed: the reward's log1p"), std::string::npos) << outcome.out;
  ASSERT_EQ(run({"predict", "model.safetensors", "data.csv", "-o", "r.npy"}, folder).exit_code, 0);
  const std::string bytes = read_file(folder.path() / "r.npy");
  double last = 0;  // the sequence of seven A's, whose reward of 49 is the largest
  std::memcpy(&last, bytes.data() + bytes.size() - sizeof last, sizeof last);
  EXPECT_GT(last, 30);
  EXPECT_LE(last, 49 * (1 + 1e-12));
  const Outcome nearest = run(with(fit, {"ran"}), folder);
  EXPECT_EQ(nearest.exit_code, 64);
  EXPECT_NE(nearest.err.find("did you mean rank?"), std::string::npos) << nearest.err;
}

TEST(Tables, PreferencesWithinGroupsAreEvaluated) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  const Words words = with(kEvaluateRows, {"--features", "a,b", "--loss", "preferences"});
  const Outcome outcome = run(with(words, {"--group", "prompt"}), folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("Admissible temperatures"), std::string::npos) << outcome.out;
  const Outcome lonely = run(words, folder);
  EXPECT_EQ(lonely.exit_code, 64);
  EXPECT_NE(lonely.err.find("name the column of groups with --group"), std::string::npos)
      << lonely.err;
}

TEST(Tables, ARewardWithoutSignalHasNoSafeTemperature) {
  const Folder folder;
  std::string text = "a,y\n";
  for (int i = 0; i < 120; ++i) {
    text += std::to_string(std::sin(i * 1.3)) + "," + std::to_string(std::cos(i * i * 0.7)) + "\n";
  }
  folder.write("data.csv", text);
  const Outcome outcome = run(kEvaluateRows, folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("No safe temperature"), std::string::npos) << outcome.out;
}

/// What the program says of a table, with its exit code in front.
std::string refusal(const std::string& table, const Words& words = kEvaluateRows) {
  const Folder folder;
  folder.write("data.csv", table);
  const Outcome outcome = run(words, folder);
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  return std::to_string(outcome.exit_code) + " " + outcome.err;
}

void expect_words(const std::string& text, const Words& words) {
  for (const std::string& word : words) {
    EXPECT_NE(text.find(word), std::string::npos) << word << " in: " << text;
  }
}

TEST(Tables, RefuseWhatTheyCannotRead) {
  expect_words(refusal("a,y\n1,2\n3\n"), {"65 ", "data.csv: row 2"});
  expect_words(refusal("a,a,y\n1,2,3\n"), {"65 ", "data.csv", "a"});
  expect_words(refusal("a,y\n\xff,2\n"), {"65 ", "row 1", "UTF-8"});
  expect_words(refusal("a,y\n1,2\ninf,3\n2,4\n"), {"65 ", "row 2", "column a"});
  expect_words(refusal("a,y\n1,2\n,3\n2,4\n"), {"65 ", "row 2", "column a", "--impute mean"});
  expect_words(refusal("a,y\n1,2\n2,inf\n2,4\n"), {"65 ", "row 2", "column y"});
  expect_words(refusal("a,y\n1,2\n2,2\n3,2\n"), {"65 ", "y"});
  expect_words(refusal(""), {"65 ", "data.csv", "empty"});
}

TEST(Tables, RefuseWhatCannotBeLearnedFrom) {
  expect_words(refusal("a,y\n1,2\n2,3\n3,5\n"), {"64 ", "--evaluation-folds"});
  expect_words(refusal(data_csv(), with(kEvaluateRows, {"--weight", "b"})), {"65 ", "column b"});
  expect_words(refusal(data_csv(), with(kEvaluateRows, {"--group", "nothing"})),
               {"64 ", "nothing"});
  std::string one_group = "g,a,y\n";
  std::string lonely = "g,a,y\n";
  for (int i = 0; i < 40; ++i) {
    const std::string row = std::to_string(std::sin(i)) + "," + std::to_string(std::cos(i)) + "\n";
    one_group += "p," + row;
    lonely += "p" + std::to_string(i) + "," + row;
  }
  expect_words(refusal(one_group, with(kEvaluateRows, {"--group", "g"})), {"65 ", "group"});
  expect_words(refusal(lonely, with(kEvaluateRows, {"--group", "g"})), {"65 ", "group"});
}

TEST(Tables, RefuseWrongOptions) {
  const Words base{"evaluate", "data.csv"};
  expect_words(refusal(data_csv(), base), {"64 ", "--reward: missing"});
  const Words named = with(base, {"--reward", "y"});
  expect_words(refusal(data_csv(), with(named, {"--beta", "0"})), {"64 ", "--beta"});
  expect_words(refusal(data_csv(), with(named, {"--bootstrap", "50"})),
               {"64 ", "--bootstrap = 50", "take 1000"});
  expect_words(refusal(data_csv(), with(named, {"--weight-temperature", "1"})),
               {"64 ", "--weight-temperature = 1: is for label and surrogate weights only"});
  expect_words(refusal(data_csv(), with(named, {"--weights", "surogate"})),
               {"64 ", "did you mean surrogate?"});
  for (const char* penalty : {"gcv", "0", "-1", "nan"})
    expect_words(refusal(data_csv(), with(named, {"--penalty", penalty})),
                 {"64 ", "--penalty", "must be a number from 1e-09 to 1e+09, or folds"});
  expect_words(refusal(data_csv(), with(named, {"--reward", "z"})), {"64 "});
  expect_words(refusal(data_csv(), with(base, {"--reward", "z"})), {"64 ", "z"});
  expect_words(refusal(data_csv(), with(named, {"--transform", "whitn"})),
               {"64 ", "did you mean whiten?"});
  expect_words(refusal(data_csv(), with(named, {"--transform", "aut"})),
               {"64 ", "must be none, standardise or whiten"});
  expect_words(refusal(data_csv(), with(named, {"--interactions", "3"})),
               {"64 ", "--interactions"});
  expect_words(refusal(data_csv(), with(named, {"--impute", "median"})), {"64 ", "--impute"});
  expect_words(refusal(data_csv(), with(named, {"--beta-unit", "mean"})), {"64 ", "--beta-unit"});
  expect_words(refusal(data_csv(), {"evaluate", "none.csv", "--reward", "y"}), {"74 ", "none.csv"});
}

TEST(Tables, AGoldRewardOfAnotherScaleIsToldAndNoFailure) {
  const Folder folder;
  std::string text = "a,y,g\n";
  for (int i = 0; i < 80; ++i) {
    text += std::to_string(std::sin(1.7 * i)) + "," + std::to_string(std::sin(1.7 * i)) + ",3\n";
  }
  folder.write("data.csv", text);
  const Outcome outcome = run(with(kEvaluateRows, {"--features", "a", "--gold", "g"}), folder);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("The gold reward's standard deviation is 0,"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("No safe temperature"), std::string::npos) << outcome.out;
}

TEST(Tables, AColumnOfNanIsRefusedAndOneOfEmptyCellsLeftOut) {
  const Folder folder;
  const auto text = [](const char* cell) {
    std::string csv = "a,b,y\n";
    for (int i = 0; i < 60; ++i) {
      csv += std::to_string(std::sin(i)) + "," + cell + "," + std::to_string(std::cos(i)) + "\n";
    }
    return csv;
  };
  folder.write("data.csv", text("nan"));
  const Outcome written = run(with(kFitRows, {"--beta", "1"}), folder);
  EXPECT_EQ(written.exit_code, 65);
  EXPECT_NE(written.err.find("column 'b': no number in any row, but 'nan'; mend it, or leave it "
                             "out with --features '!b'"),
            std::string::npos)
      << written.err;
  EXPECT_EQ(run(with(kFitRows, {"--beta", "1", "--features", "!b"}), folder).exit_code, 0);
  folder.write("data.csv", text(""));
  const Outcome empty = run(with(kFitRows, {"--beta", "1"}), folder);
  EXPECT_EQ(empty.exit_code, 0) << empty.err;
  EXPECT_NE(empty.out.find("Column 'b' is not among the features taken by default"),
            std::string::npos)
      << empty.out;
}

TEST(Tables, DrawsNeedATemperatureOnlyWhereThereAreSeveral) {
  const Folder folder;
  std::string text = "a,b,y\n";
  for (int i = 0; i < 60; ++i) {
    text += std::to_string(std::sin(i)) + "," + std::to_string(std::sin(1.7 * i)) + "," +
            std::to_string(std::tanh(std::sin(i))) + "\n";
  }
  folder.write("data.csv", text);
  const Words draw{"resample", "model.safetensors", "data.csv", "--n", "3"};
  ASSERT_EQ(run(with(kFitRows, {"--beta", "1"}), folder).exit_code, 0);
  const Outcome one = run(draw, folder);
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(one.out, run(with(draw, {"--beta", "1"}), folder).out);
  ASSERT_EQ(run(with(kFitRows, {"--beta", "1,0.5"}), folder).exit_code, 0);
  EXPECT_EQ(run(draw, folder).exit_code, 64);
  // Before a row is read: there is no such table.
  const Outcome early = run({"resample", "model.safetensors", "none.csv", "--n", "3"}, folder);
  EXPECT_EQ(early.exit_code, 64);
  expect_words(early.err, {"--beta: missing"});
  // The best of several has no temperature.
  const Words best{"--kind", "best_of_n", "--best-of", "4", "--weights", "linear"};
  EXPECT_EQ(run(with(draw, best), folder).exit_code, 0);
  EXPECT_EQ(run(with(draw, {"--beta", "1", "-o", "x.npy"}), folder).exit_code, 64);
}

TEST(Tables, AConstantFeatureIsToldAndDropped) {
  const Folder folder;
  std::string text = "a,c,y\n";
  for (int i = 0; i < 60; ++i) {
    text += std::to_string(std::sin(i)) + ",3," + std::to_string(std::tanh(std::sin(i))) + "\n";
  }
  folder.write("data.csv", text);
  const Outcome outcome = run(with(kFitRows, {"--beta", "1"}), folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("'c'"), std::string::npos) << outcome.out;
}

TEST(Tables, AModelRefusesOtherFeatures) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  folder.write("other.csv", "a,d\n1,2\n");
  ASSERT_EQ(run(with(kFitRows, {"--features", "a,b", "--beta", "1"}), folder).exit_code, 0);
  const Outcome outcome = run({"predict", "model.safetensors", "other.csv", "-o", "r.npy"}, folder);
  EXPECT_EQ(outcome.exit_code, 64);
  expect_words(outcome.err, {"'b'", "other.csv"});
  const Outcome at =
      run({"predict", "model.safetensors", "data.csv", "--beta", "7", "-o", "r.npy"}, folder);
  EXPECT_EQ(at.exit_code, 64);
  expect_words(at.err, {"--beta = 7", "auto weights for 1"});
  const Outcome wrong = run({"predict", "data.csv", "data.csv", "-o", "r.npy"}, folder);
  EXPECT_EQ(wrong.exit_code, 65);
}

TEST(Tables, PredictTakesTemperaturesAsPrintedInDeviationsOrNone) {
  const Folder folder;
  folder.write("data.csv", data_csv());
  ASSERT_EQ(run(with(kFitRows, {"--features", "a,b", "--beta", "1,0.5"}), folder).exit_code, 0);
  const auto rewards = [&](const Words& more) {
    const Outcome outcome =
        run(with({"predict", "model.safetensors", "data.csv", "-o", "r.npy"}, more), folder);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return std::pair(read_file(folder.path() / "r.npy"), outcome.err);
  };
  // The reward's standard deviation is 0.8816.
  EXPECT_EQ(rewards({"--beta", "0.5672", "--beta-unit", "sd"}).first,
            rewards({"--beta", "0.5"}).first);
  const auto [open, said] = rewards({});
  EXPECT_EQ(open, rewards({"--weights", "uniform"}).first);
  expect_words(said, {"no --beta: rewards by equal weights", "auto weights for 1, 0.5"});
  const Outcome unit = run({"predict", "model.safetensors", "data.csv", "--beta", "1",
                            "--beta-unit", "mean", "-o", "r.npy"},
                           folder);
  EXPECT_EQ(unit.exit_code, 64);
  expect_words(unit.err, {"--beta-unit = mean", "must be reward or sd"});
}

}  // namespace
}  // namespace esscher::cli
