// Features of shape (prompts, candidates, dim): groups follow from the shape, in every command.

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "arrays.h"
#include "program.h"
#include "refusals.h"

namespace esscher::cli {
namespace {

/// The rows of arrays.h as 20 prompts of 4 candidates, in one file of two keys.
std::string by_prompt_npz(const std::vector<double>& rewards = array_rewards()) {
  const auto npy = [](const std::string& shape, const std::vector<double>& values) {
    return npy_file(npy_dictionary("<f8", shape), array_bytes(values));
  };
  ZipArchive archive;
  archive.add({"embeddings.npy", npy("20, 4, 2", array_features())});
  archive.add({"labels.npy", npy("20, 4", rewards)});
  archive.add({"flat.npy", npy("80,", rewards)});
  return archive.whole();
}

class PromptTables : public testing::Test {
 protected:
  PromptTables() {
    folder_.write("d.npz", by_prompt_npz());
    folder_.write("x.csv", array_csv(true));
  }
  std::string out_of(const std::vector<std::string>& words) const {
    const Outcome outcome = run(words, folder_);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out;
  }
  Folder folder_;
};

TEST_F(PromptTables, FitAndPredictionAreThoseOfTheTableWithGroups) {
  const std::string report = out_of({"fit", "d.npz", "--beta", "1", "-o", "m.safetensors"});
  EXPECT_NE(report.find("Groups are the first axis: 20 prompts of 4 candidates."),
            std::string::npos)
      << report;
  out_of({"fit", "x.csv", "--reward", "y", "--features", "a,b", "--group", "prompt", "--beta", "1",
          "-o", "t.safetensors"});
  out_of({"predict", "m.safetensors", "d.npz", "-o", "m.npy"});
  out_of({"predict", "t.safetensors", "x.csv", "-o", "t.npy"});
  const std::string by_prompt = read_file(folder_.path() / "m.npy");
  const std::string by_row = read_file(folder_.path() / "t.npy");
  EXPECT_NE(by_prompt.find("'shape': (20, 4)"), std::string::npos);
  EXPECT_NE(by_row.find("'shape': (80, 1)"), std::string::npos);
  // The same numbers, prompt by prompt.
  constexpr std::size_t kBytes = kArrayRows * sizeof(double);
  ASSERT_GT(by_prompt.size(), kBytes);
  EXPECT_EQ(by_prompt.substr(by_prompt.size() - kBytes), by_row.substr(by_row.size() - kBytes));
}

TEST_F(PromptTables, PredictionsAsATableNamePromptAndCandidate) {
  out_of({"fit", "d.npz", "--beta", "1", "-o", "m.safetensors"});
  out_of({"predict", "m.safetensors", "d.npz", "-o", "r.csv"});
  const std::string table = read_file(folder_.path() / "r.csv");
  EXPECT_TRUE(table.starts_with("row,prompt,candidate,reward\n1,1,1,")) << table;
  EXPECT_NE(table.find("\n4,1,4,"), std::string::npos);
  EXPECT_NE(table.find("\n5,2,1,"), std::string::npos);
  EXPECT_NE(table.find("\n80,20,4,"), std::string::npos);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 81);
  folder_.write("x.npy", array_npy(array_features(), 2));
  out_of({"predict", "m.safetensors", "x.npy", "-o", "rows.csv"});
  EXPECT_TRUE(read_file(folder_.path() / "rows.csv").starts_with("row,reward\n1,"));
}

TEST_F(PromptTables, EvaluationIsThatOfTheTableWithGroups) {
  const std::vector<std::string> options{"--beta", "1", "--bootstrap", "100", "--format", "csv"};
  std::vector<std::string> by_shape{"evaluate", "d.npz"};
  by_shape.insert(by_shape.end(), options.begin(), options.end());
  std::vector<std::string> by_column{"evaluate",   "x.csv", "--reward", "y",
                                     "--features", "a,b",   "--group",  "prompt"};
  by_column.insert(by_column.end(), options.begin(), options.end());
  EXPECT_EQ(out_of(by_shape), out_of(by_column));
}

TEST_F(PromptTables, DrawsAreOfEveryPrompt) {
  out_of({"fit", "d.npz", "--beta", "1", "-o", "m.safetensors"});
  const std::string drawn =
      out_of({"resample", "m.safetensors", "d.npz", "--beta", "1", "--n", "2"});
  EXPECT_TRUE(drawn.starts_with("group,draw,row,reward\n1,1,")) << drawn;
  EXPECT_NE(drawn.find("\n20,2,"), std::string::npos) << drawn;
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), '\n'), 41);
}

TEST_F(PromptTables, MissingCandidatesAreCounted) {
  std::vector<double> rewards = array_rewards();
  rewards[3] = std::numeric_limits<double>::quiet_NaN();
  folder_.write("gaps.npz", by_prompt_npz(rewards));
  const std::string report = out_of({"fit", "gaps.npz", "--beta", "1", "-o", "m.safetensors"});
  EXPECT_NE(report.find("79 rows are left of 80 (1 without a reward)."), std::string::npos)
      << report;
}

TEST_F(PromptTables, NamedGroupsAndOtherShapesAreRefused) {
  const std::vector<std::string> to{"-o", "m.safetensors"};
  expect_parts(refused({"fit", "d.npz", "--group", "labels", to[0], to[1]}, folder_),
               {"64 ", "--group = labels", "d.npz[embeddings] tells the groups",
                "20 prompts of 4 candidates", "leave it out"});
  expect_parts(
      refused({"evaluate", "d.npz", "--reward", "flat"}, folder_),
      {"65 ", "d.npz[flat]: --reward has shape (80,)", "must have shape (20, 4)", "reshape it"});
}

}  // namespace
}  // namespace esscher::cli
