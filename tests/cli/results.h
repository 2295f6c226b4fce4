#pragma once

// What the program prints as JSON.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "program.h"

namespace esscher::cli {

/// The result of a command that must end well.
inline nlohmann::json result_of(std::vector<std::string> words, const Folder& folder) {
  words.insert(words.end(), {"--format", "json"});
  const Outcome outcome = run(words, folder);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return nlohmann::json::parse(outcome.out, nullptr, false);
}

}  // namespace esscher::cli
