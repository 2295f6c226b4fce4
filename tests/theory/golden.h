#pragma once

// Golden numbers of tests/golden: where they come from is said in tests/golden/README.md.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "esscher/model/link.h"

namespace esscher::golden {

inline nlohmann::json load(const std::string& name) {
  const std::string path = std::string(ESSCHER_GOLDEN_DIR) + "/" + name;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return nlohmann::json::parse(file);
}

/// The link that a golden file means by a name.
inline Link link(const std::string& name) {
  static const std::map<std::string, std::string> specifications{
      {"sin3", "sin:3"},
      {"cos2", "cos:2"},
      {"damped_hermite_2", "damped_hermite:2,0.25"},
      {"damped_hermite_3", "damped_hermite:3,0.25"},
      {"damped_hermite_4", "damped_hermite:4,0.25"},
      {"clipped_hermite_3", "hermite:3@clip:-2,2"},
      {"tanh_hermite_4", "formula:tanh(h(4,z))"},
      {"h_3(u sqrt(1.5)) exp(-u^2/4)", "damped_hermite:3,0.25"},
      {"cos(2u)", "cos:2"},
  };
  const auto found = specifications.find(name);
  return parse_link(found == specifications.end() ? name : found->second);
}

/// 1e-9 relative or 1e-11 absolute, whichever is looser.
inline ::testing::AssertionResult agrees(double value, double reference) {
  const double tolerance = std::max(1e-9 * std::abs(reference), 1e-11);
  if (std::abs(value - reference) <= tolerance) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "value " << ::testing::PrintToString(value) << ", reference "
         << ::testing::PrintToString(reference) << ", off by " << std::abs(value - reference);
}

}  // namespace esscher::golden
