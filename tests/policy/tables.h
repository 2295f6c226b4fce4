#pragma once

/// \file
/// Tables of a learned reward and a gold reward whose tilted policies are known.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/policy/table_policy.h"
#include "policy/above_rows.h"
#include "policy/tilted_table.h"

namespace esscher::policy_tables {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Table {
  std::vector<double> r;
  std::vector<double> y;
  std::vector<std::uint32_t> groups;
  std::vector<double> log_weights;
  std::vector<std::uint32_t> strata;

  TableReference reference() const { return {r.size(), groups, log_weights, strata}; }
  TablePolicyValue value(const TablePolicyOptions& options) const {
    return table_policy_value(r, y, reference(), options);
  }
};

/// r = z standard normal, y = 0.8 z + 0.5 noise.
inline Table normal_table(std::size_t rows, std::uint64_t index) {
  Table table;
  table.r.resize(rows);
  RandomStream(11, "z", index).fill_normal(0, table.r);
  table.y.resize(rows);
  RandomStream(11, "noise", index).fill_normal(0, table.y);
  for (std::size_t i = 0; i < rows; ++i) table.y[i] = 0.8 * table.r[i] + 0.5 * table.y[i];
  return table;
}

inline std::vector<std::uint32_t> numbers(std::size_t rows, std::size_t block,
                                          std::size_t modulus) {
  std::vector<std::uint32_t> result;
  for (std::size_t i = 0; i < rows; ++i) {
    result.push_back(static_cast<std::uint32_t>(i / block % modulus));
  }
  return result;
}

inline TablePolicyOptions at(double beta, int bootstrap = 0) {
  TablePolicyOptions options;
  options.beta = beta;
  options.bootstrap = bootstrap;
  options.threads = 1;
  return options;
}

/// What is added to an error of the tilt at \p beta for rows above all that are there.
inline double error_above(const Table& table, const TableReference& reference, double beta,
                          std::size_t figure) {
  const internal::TableCells cells = internal::table_cells(reference);
  if (cells.grouped) return 0;
  const internal::TiltedTable tilted(cells, table.r, {table.y, {}}, beta);
  return internal::errors_above(cells, table.r, table.y, tilted.all_weights(), beta)[figure];
}

}  // namespace esscher::policy_tables
