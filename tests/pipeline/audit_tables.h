#pragma once

// What tests of audits are made of.

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/pipeline/table_audit.h"

namespace esscher {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

inline std::vector<double> normals(std::size_t rows, const char* name, std::uint64_t index = 0) {
  std::vector<double> values(rows);
  RandomStream(21, name, index).fill_normal(0, values);
  return values;
}

inline AuditOptions audit_options(std::vector<double> temperatures = {4, 2, 1, 0.5}) {
  AuditOptions options;
  options.temperatures = std::move(temperatures);
  options.bootstrap = 0;
  options.threads = 1;
  return options;
}

}  // namespace esscher
