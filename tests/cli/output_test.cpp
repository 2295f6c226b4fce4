// What the program writes, beyond words in it: numbers that agree with the golden ones, files that
// are whole or not there, a manual that is the one in docs.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "program.h"
#include "tables.h"

namespace esscher::cli {
namespace {

nlohmann::json golden(const std::string& name) {
  return nlohmann::json::parse(read_file(std::string(ESSCHER_GOLDEN_DIR) + "/" + name));
}

TEST(Output, JsonCarriesTheGoldenNumbersTheResolvedOptionsAndTheBuild) {
  Folder folder;
  const Outcome outcome = run({"theory", "--link", "tanh", "--beta", "4,2,1,0.5,0.25",
                               "--max-order", "8", "--format", "json", "-o", "tanh.json"},
                              folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const nlohmann::json json = nlohmann::json::parse(read_file(folder.path() / "tanh.json"));
  EXPECT_EQ(json["options"]["link"], "tanh");
  EXPECT_EQ(json["options"]["noise"], "none");
  EXPECT_EQ(json["options"]["max_order"], 8);
  EXPECT_FALSE(json["esscher"]["version"].get<std::string>().empty());
  EXPECT_FALSE(json["esscher"]["compiler"].get<std::string>().empty());
  const nlohmann::json reference = golden("single_index.json")["links"]["tanh"];
  ASSERT_EQ(json["temperatures"].size(), reference["tilt"].size());
  for (std::size_t i = 0; i < reference["tilt"].size(); ++i) {
    const nlohmann::json& row = json["temperatures"][i];
    const nlohmann::json& expected = reference["tilt"][i];
    EXPECT_NEAR(row["kl"], expected["kl_to_reference"].get<double>(), 1e-11);
    EXPECT_NEAR(row["optimal_value"], expected["optimal_value"].get<double>(), 1e-11);
    for (std::size_t k = 0; k <= 8; ++k) {
      EXPECT_NEAR(row["signal"]["label_exp"]["signal"][k].get<double>(),
                  expected["signal_label_exp"][k].get<double>(),
                  1e-9 * std::abs(expected["signal_label_exp"][k].get<double>()) + 1e-11);
    }
  }
}

TEST(Output, CsvHasOneFullLineForEachTemperature) {
  Folder folder;
  const Outcome outcome = run({"theory", "--link", "hermite:2", "--beta", "4,2", "--format", "csv",
                               "--max-order", "3", "--learned", "tanh", "--overlap", "0.5"},
                              folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  std::istringstream lines(outcome.out);
  std::vector<std::ptrdiff_t> commas;
  for (std::string line; std::getline(lines, line);) {
    commas.push_back(std::count(line.begin(), line.end(), ','));
  }
  ASSERT_EQ(commas.size(), 3u);
  // 15 columns of the law, 7 of the learned policy, 2 x 4 a transform.
  EXPECT_EQ(commas, (std::vector<std::ptrdiff_t>{45, 45, 45}));
  // At beta = 2 the second moment of h_2 is infinite: an empty cell, not a number.
  EXPECT_NE(outcome.out.find(",,"), std::string::npos);
}

TEST(Output, ExtremeTemperaturesYieldNumbersOrNullNeverNan) {
  Folder folder;
  const Outcome outcome =
      run({"theory", "--link", "tanh@scale:1000", "--beta", "0.001,1,1000", "--format", "json"},
          folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  // C_k overflows a double at e^{1e6}: null, while its scaled form is a number.
  const nlohmann::json& signal = json["temperatures"][0]["signal"]["label_exp"];
  EXPECT_TRUE(signal["signal"][1].is_null());
  EXPECT_TRUE(signal["scaled"][1].is_number());
  EXPECT_NEAR(json["temperatures"][0]["mean_reward"], 1000, 1e-2);
}

TEST(Output, LeavesAnOldFileAloneWhenItFails) {
  Folder folder;
  folder.write("kept.json", "old");
  const Outcome outcome =
      run({"theory", "--link", "hermite:3", "--beta", "1", "-o", "kept.json"}, folder);
  EXPECT_EQ(outcome.exit_code, 64);
  EXPECT_EQ(read_file(folder.path() / "kept.json"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1)
      << "a partial file was left behind";
}

TEST(Output, WritesBehindSymbolicLinksAndKeepsThem) {
  namespace fs = std::filesystem;
  Folder folder;
  fs::create_directory(folder.path() / "sub");
  folder.write("sub/old.csv", "old");
  fs::create_symlink("sub/old.csv", folder.path() / "near.csv");
  fs::create_symlink(folder.path() / "near.csv", folder.path() / "far.csv");
  fs::create_symlink("sub/new.csv", folder.path() / "dangling.csv");
  fs::create_symlink("loop.csv", folder.path() / "loop.csv");
  const auto write_to = [&folder](const std::string& name) {
    return run({"theory", "--link", "tanh", "--beta", "1", "--format", "csv", "-o", name}, folder);
  };
  EXPECT_EQ(write_to("far.csv").exit_code, 0);
  EXPECT_TRUE(read_file(folder.path() / "sub/old.csv").starts_with("beta,"));
  EXPECT_EQ(write_to("dangling.csv").exit_code, 0);
  EXPECT_TRUE(read_file(folder.path() / "sub/new.csv").starts_with("beta,"));
  for (const char* link : {"near.csv", "far.csv", "dangling.csv"}) {
    EXPECT_TRUE(fs::is_symlink(folder.path() / link)) << link;
  }
  const Outcome loop = write_to("loop.csv");
  EXPECT_EQ(loop.exit_code, 74);
  EXPECT_NE(loop.err.find("-o = loop.csv"), std::string::npos) << loop.err;
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path() / "sub"), {}), 2)
      << "a partial file was left behind";
}

TEST(Output, JsonTakesNamesThatAreNotUtf8) {
  Folder folder;
  const std::string name = "caf\xe9.csv";
  folder.write(name, "-1,-1\n1,1\n");
  const Outcome outcome =
      run({"theory", "--link", "table:" + name, "--beta", "1", "--format", "json"}, folder);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["options"]["link"], "table:caf\uFFFD.csv");
}

TEST(Output, TableKeepsItsColumnsApartWithinThePage) {
  Folder folder;
  const std::vector<std::vector<std::string>> commands{
      {"tanh@scale:-1000", "0.001,0.0000123456,1,1000"},
      {"tanh@scale:1.23456e-99", "0.000123456,123456789"},
      {"damped_hermite:3@scale:1.23456e-8@shift:-1.23456e-8", "1.23456e-8,1.23456e-7"},
      {"hermite:3@clip:-2,2", "8:0.125:log13"}};
  for (const auto& command : commands) {
    const Outcome outcome = run({"theory", "--link", command[0], "--beta", command[1], "--learned",
                                 "sin:3", "--overlap", "-0.123456"},
                                folder);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    std::istringstream lines(outcome.out);
    bool in_table = false;
    int rows = 0;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 98u) << line;
      const bool heading = line.starts_with("       beta ");
      in_table = heading || (in_table && line.size() == 95 && line[2] != 'J');
      if (!in_table || heading) continue;
      ++rows;
      // 9 of the temperature, then columns of 12, each with a blank in front.
      for (std::size_t column = 11; column < 95; column += 12) EXPECT_EQ(line[column], ' ') << line;
    }
    EXPECT_GE(rows, 4) << outcome.out;
  }
}

TEST(Output, AFullDeviceIsAnErrorOfOutput) {
  Folder folder;
  const Outcome outcome = run({"theory", "--link", "tanh", "-o", "/dev/full"}, folder);
  EXPECT_EQ(outcome.exit_code, 74);
  EXPECT_NE(outcome.err.find("cannot be written"), std::string::npos) << outcome.err;
}

TEST(Output, SameCommandSameBytes) {
  Folder folder;
  const std::vector<std::string> arguments{"theory",      "--link",   "sin:3", "--noise",
                                           "uniform:0.2", "--format", "json"};
  EXPECT_EQ(run(arguments, folder).out, run(arguments, folder).out);
}

TEST(Output, LogOfJsonIsAnObjectALineThatChangesNoResult) {
  Folder folder;
  folder.write("data.csv", data_csv());
  const Words table{"data.csv", "--reward", "y", "--features", "a,b", "--beta", "1"};
  const auto with = [](Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  // What each tells of itself, beside what comes from the rooms that it leads through.
  const std::map<std::string, Words> commands{
      {"folds", with({"evaluate"}, table)},
      {"features: round 0", with(with({"fit"}, table), {"-o", "m.safetensors"})},
      {"readouts",
       {"simulate", "--link", "tanh", "--dim", "50", "--width", "8", "--feature-samples", "500",
        "--readout-samples", "500", "--deployment-temperature", "1"}}};
  for (const auto& [stage, words] : commands) {
    const Words json_result = with(words, {"--format", "json"});
    const Outcome silent = run(json_result, folder);
    ASSERT_EQ(silent.exit_code, 0) << silent.err;
    EXPECT_EQ(silent.err, "");
    const Outcome told = run(with(json_result, {"--log", "json", "--quiet"}), folder);
    ASSERT_EQ(told.exit_code, 0) << told.err;
    const auto results = [](const std::string& text) {
      nlohmann::json record = nlohmann::json::parse(text);
      record.erase("seconds");
      return record;
    };
    EXPECT_EQ(results(told.out), results(silent.out));
    bool seen = false;
    std::istringstream lines(told.err);
    for (std::string line; std::getline(lines, line);) {
      const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
      ASSERT_TRUE(object.is_object()) << line;
      ASSERT_EQ(object.size(), 5u) << line;
      EXPECT_LE(object["done"], object["total"]) << line;
      EXPECT_GE(object["elapsed_s"].get<double>(), 0) << line;
      EXPECT_EQ(object["left_s"].is_null(), object["done"] == 0) << line;
      seen = seen || object["stage"] == stage;
    }
    EXPECT_TRUE(seen) << stage << " is not in\n" << told.err;
  }
  const Outcome unknown = run(with({"evaluate"}, with(table, {"--log", "yaml"})), folder);
  EXPECT_EQ(unknown.exit_code, 64);
  EXPECT_NE(unknown.err.find("--log: yaml not in {line,json}"), std::string::npos) << unknown.err;
}

TEST(Output, ManualIsTheOneInDocs) {
  Folder folder;
  const Outcome outcome = run({"manual", "--format", "markdown"}, folder);
  ASSERT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, read_file(ESSCHER_CLI_MANUAL))
      << "options have changed: run 'make manual' and commit docs/cli.md";
}

TEST(Output, EveryCommandHasAnExampleInTheManualThatRuns) {
  Folder folder;
  folder.write("data.csv", data_csv());
  folder.write("variants.csv", variants_csv());
  folder.write("library.csv", variants_csv());
  folder.write("new.csv", data_csv(false));
  folder.write("pairs.csv", preferences_csv());
  const auto scores = [](const std::string& names) {
    const std::string text = scores_csv();
    return names + text.substr(text.find('\n'));
  };
  folder.write("scores.csv", scores("prompt,judge,model,trained,human"));
  folder.write("labelled.csv", scores("prompt,model,coin,trained,y"));
  folder.write("pool.csv", scores("prompt,model,coin,trained,z"));
  folder.write("samples.csv", scores("prompt,judge,coin,policy_a,human"));
  std::istringstream manual(run({"manual"}, folder).out);
  int examples = 0;
  for (std::string line; std::getline(manual, line);) {
    if (!line.starts_with("    esscher ")) continue;
    ++examples;
    // Words as a shell would part them: single quotes only.
    std::vector<std::string> words;
    bool quoted = false;
    std::string word;
    for (const char c : line.substr(12) + " ") {
      if (c == '\'') {
        quoted = !quoted;
      } else if (c == ' ' && !quoted) {
        if (!word.empty()) words.push_back(word);
        word.clear();
      } else {
        word += c;
      }
    }
    EXPECT_EQ(run(words, folder).exit_code, 0) << line;
  }
  EXPECT_GE(examples, 4);
}

}  // namespace
}  // namespace esscher::cli
