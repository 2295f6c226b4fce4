#pragma once

// What the program says when it refuses.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "program.h"

namespace esscher::cli {

/// "65 esscher: ...": exit code and message, which must be one line with no half a result.
inline std::string refused(const std::vector<std::string>& arguments, const Folder& folder) {
  const Outcome outcome = run(arguments, folder);
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("esscher: ")) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  return std::to_string(outcome.exit_code) + " " + outcome.err;
}

/// \p line begins with the first of \p parts, and has all others in this order.
inline void expect_parts(const std::string& line, const std::vector<std::string>& parts) {
  std::size_t at = 0;
  for (const std::string& part : parts) {
    const std::size_t found = line.find(part, at);
    EXPECT_NE(found, std::string::npos) << "'" << part << "' is missing from: " << line;
    if (found == std::string::npos) return;
    if (&part == &parts.front()) {
      EXPECT_EQ(found, 0U) << line;
    }
    at = found + part.size();
  }
}

}  // namespace esscher::cli
