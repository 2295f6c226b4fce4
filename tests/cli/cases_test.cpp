// Command lines as data: cases.json holds what is typed, and what must come of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.h"

namespace esscher::cli {
namespace {

std::vector<nlohmann::json> cases() {
  return nlohmann::json::parse(read_file(ESSCHER_CLI_CASES)).get<std::vector<nlohmann::json>>();
}

class CommandLine : public ::testing::TestWithParam<nlohmann::json> {};

TEST_P(CommandLine, DoesWhatTheCaseSays) {
  const nlohmann::json& expected = GetParam();
  Folder folder;
  // Kept by name: items() of a temporary would outlive it.
  const nlohmann::json files = expected.value("files", nlohmann::json::object());
  for (const auto& [name, text] : files.items()) {
    folder.write(name, text);
  }
  const Outcome outcome = run(expected.at("arguments").get<std::vector<std::string>>(), folder);
  EXPECT_EQ(outcome.exit_code, expected.at("exit").get<int>()) << outcome.err;
  for (const std::string part : expected.value("out", nlohmann::json::array())) {
    EXPECT_NE(outcome.out.find(part), std::string::npos)
        << "missing on standard output: " << part << "\n"
        << outcome.out;
  }
  for (const std::string part : expected.value("err", nlohmann::json::array())) {
    EXPECT_NE(outcome.err.find(part), std::string::npos)
        << "missing on standard error: " << part << "\n"
        << outcome.err;
  }
  if (outcome.exit_code != 0 && !expected.value("prints_help", false)) {
    // One clear line, and no half a result.
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_TRUE(outcome.err.starts_with("esscher: ")) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  } else if (outcome.exit_code == 0) {
    EXPECT_EQ(outcome.err, "");
  }
  EXPECT_EQ(outcome.out.find("nan"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Cases, CommandLine, ::testing::ValuesIn(cases()),
                         [](const ::testing::TestParamInfo<nlohmann::json>& test) {
                           return test.param.at("name").get<std::string>();
                         });

}  // namespace
}  // namespace esscher::cli
