// esscher simulate and sample as a user meets them: the files of a run, running it again, stopping
// it, and drawing from what it saved.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <regex>

#include "program.h"

namespace esscher::cli {
namespace {

Words small_run(const Words& more) {
  Words words{"simulate",
              "--link",
              "damped_hermite:3",
              "--noise",
              "gaussian:0.3",
              "--dim",
              "60",
              "--width",
              "12",
              "--feature-temperature",
              "1",
              "--feature-samples",
              "3000",
              "--readout-samples",
              "600",
              "--deployment-temperature",
              "1,0.5",
              "--policy-samples",
              "2000"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Simulate, WritesTheFilesThatItNames) {
  const Folder folder;
  const Outcome outcome = run(small_run({"-o", "run", "--control"}), folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* name : {"report.txt", "result.json", "policies.csv", "trajectory.csv",
                           "model.safetensors", "config.toml"}) {
    EXPECT_GT(std::filesystem::file_size(folder.path() / "run" / name), 0U) << name;
    EXPECT_NE(outcome.out.find(name), std::string::npos) << name;
  }
  const auto json = nlohmann::json::parse(read_file(folder.path() / "run" / "result.json"));
  EXPECT_EQ(json["options"]["seed"], "1");
  EXPECT_FALSE(json["esscher"]["instruction_set"].get<std::string>().empty());
  EXPECT_EQ(json["policies"].size(), 10U);
  EXPECT_EQ(json["features"]["overlaps"].size(), 12U);
  EXPECT_EQ(json["control"]["samples"], json["features"]["samples"]);
  for (const auto& row : json["policies"]) {
    EXPECT_TRUE(row["policy"]["efficiency"]["standard_error"].is_number());
    EXPECT_TRUE(row["readout"]["ess"].is_number());
  }
  // What the terminal shows is the report, and behind it where the files are.
  const std::string report = read_file(folder.path() / "run" / "report.txt");
  EXPECT_TRUE(outcome.out.starts_with(report.substr(0, report.find("after "))));
}

TEST(Simulate, TakesItsConfigurationFromStandardInput) {
  const Folder folder;
  folder.write("stdin", "link = \"tanh\"\ndim = 77\n");
  const Outcome plan = run({"simulate", "--config", "-", "--dry-run"}, folder);
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_NE(plan.out.find("dim = \"77\""), std::string::npos) << plan.out;
  folder.write("stdin", "link = \"tanh\"\ndin = 77\n");
  const Outcome refused = run({"simulate", "--config", "-", "--dry-run"}, folder);
  EXPECT_EQ(refused.exit_code, 64);
  EXPECT_NE(refused.err.find("standard input:2"), std::string::npos) << refused.err;
}

// Files of the same names hold the same: what was asked for is kept beside what it became.
TEST(Simulate, ItsConfigurationRepeatsEveryFile) {
  const Folder folder;
  Words automatic = small_run({"-o", "first"});
  const auto given = std::find(automatic.begin(), automatic.end(), "--feature-temperature");
  if (given != automatic.end()) automatic.erase(given, given + 2);
  ASSERT_EQ(run(automatic, folder).exit_code, 0);
  ASSERT_EQ(run({"simulate", "--config", "first/config.toml", "-o", "again"}, folder).exit_code, 0);
  // How long a stage took is another matter.
  const std::regex times(
      "\"(features|refinement|readouts|policies|predictions)\": [-0-9.e]+|[-0-9.e]+ s\\b");
  for (const char* name : {"config.toml", "report.txt", "result.json", "policies.csv",
                           "trajectory.csv", "model.safetensors"}) {
    const auto text = [&](const char* run_name) {
      const std::string whole = read_file(folder.path() / run_name / name);
      const bool timed = std::string(name).starts_with("re");
      return timed ? std::regex_replace(whole, times, "TIME") : whole;
    };
    EXPECT_TRUE(text("first") == text("again")) << name;
  }
  EXPECT_NE(read_file(folder.path() / "first" / "config.toml").find("\"auto\"  # became "),
            std::string::npos);
}

TEST(Simulate, ItsConfigurationRepeatsTheRunForAnyThreadsAndQuiet) {
  const Folder folder;
  ASSERT_EQ(run(small_run({"-o", "first", "--threads", "1"}), folder).exit_code, 0);
  const Outcome again =
      run({"simulate", "--config", "first/config.toml", "--threads", "3", "--quiet", "-o", "again"},
          folder);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, "");
  for (const char* name : {"policies.csv", "trajectory.csv", "model.safetensors"}) {
    EXPECT_EQ(read_file(folder.path() / "first" / name), read_file(folder.path() / "again" / name))
        << name;
  }
  ASSERT_EQ(run({"simulate", "--config", "first/config.toml", "--seed", "2", "-o", "other"}, folder)
                .exit_code,
            0);
  EXPECT_NE(read_file(folder.path() / "first" / "policies.csv"),
            read_file(folder.path() / "other" / "policies.csv"));
}

TEST(Simulate, ForceReplacesItsOwnFilesAndNoOthers) {
  const Folder folder;
  folder.write("run/notes.txt", "mine");
  folder.write("run/report.txt", "old");
  ASSERT_EQ(run(small_run({"-o", "run", "--force"}), folder).exit_code, 0);
  EXPECT_EQ(read_file(folder.path() / "run" / "notes.txt"), "mine");
  EXPECT_NE(read_file(folder.path() / "run" / "report.txt"), "old");
}

TEST(Simulate, CtrlCLeavesWhatIsDoneSoFar) {
  const Folder folder;
  // Some hours' work, if it were let run.
  const Outcome outcome =
      run({"simulate", "--link", "damped_hermite:3", "--dim", "1e8", "--width", "256", "--engine",
           "marginal", "--feature-temperature", "1", "--feature-samples", "1e11", "-o", "run"},
          folder, 2);
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_NE(outcome.err.find("interrupted"), std::string::npos) << outcome.err;
  const auto json = nlohmann::json::parse(read_file(folder.path() / "run" / "result.json"));
  EXPECT_EQ(json["status"], "cancelled");
  EXPECT_EQ(json["features"]["status"], "cancelled");
  EXPECT_GT(json["features"]["samples"], 0);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "run" / "model.safetensors"));
}

TEST(Sample, DrawsFromTheSavedModelInAllDimensions) {
  const Folder folder;
  ASSERT_EQ(run(small_run({"-o", "run", "--quiet"}), folder).exit_code, 0);
  const auto draw = [&](const std::string& name, const Words& more) {
    Words words{"sample",    "run/model.safetensors",
                "--beta",    "0.5",
                "--samples", "40",
                "--weights", "label",
                "-o",        name};
    words.insert(words.end(), more.begin(), more.end());
    return run(words, folder);
  };
  const Outcome outcome = draw("x.npy", {});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string bytes = read_file(folder.path() / "x.npy");
  EXPECT_NE(bytes.find("'shape': (40, 60)"), std::string::npos);
  ASSERT_GE(bytes.size(), 40 * 60 * sizeof(double));
  ASSERT_EQ(draw("again.npy", {"--threads", "3"}).exit_code, 0);
  EXPECT_EQ(bytes, read_file(folder.path() / "again.npy"));
  EXPECT_EQ(draw("no.npy", {"--weight-temperature", "0.7"}).exit_code, 64);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "no.npy"));
}

}  // namespace
}  // namespace esscher::cli
