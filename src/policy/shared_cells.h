#pragma once

/// \file
/// The estimates of policy/table_policy.h and policy/best_of_n.h for many policies of one
/// reference: its cells are found once, and ranks once for all n.

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "policy/table_cells.h"

namespace esscher::internal {

/// \param cells  of the reference
TablePolicyValue table_policy_value(std::span<const double> r, std::span<const double> y,
                                    const TableCells& cells, const TablePolicyOptions& options);

/// The rows of each cell in ascending order of their proxy rewards.
class RankedCells {
 public:
  struct Row {
    double prior = 0;
    double r = 0;
    std::size_t row = 0;    ///< of the table
    std::size_t piece = 0;  ///< within the cell; of a group each row is one
    bool placed = false;
  };
  /// Rows of one proxy reward.
  struct Level {
    std::size_t begin = 0;  ///< in `rows`
    std::size_t end = 0;
    double mass = 0;       ///< m_b
    double log_upper = 0;  ///< log F_b
    double log_lower = 0;  ///< log F_{b-1}; -infinity of the lowest
    double r = 0;
  };
  struct Cell {
    std::vector<Row> rows;      ///< without those of no weight
    std::vector<Level> levels;  ///< ascending
    std::size_t pieces = 0;     ///< of the cell, rows or clusters; of a group its rows
    std::size_t present = 0;    ///< those with weight
  };

  /// \param cells  must outlive this. \throws as best_of_n_value() for rewards
  RankedCells(const TableCells& cells, std::span<const double> r);
  const TableCells& cells() const { return cells_; }
  const Cell& operator[](std::size_t c) const { return ranked_[c]; }

 private:
  const TableCells& cells_;
  std::vector<Cell> ranked_;
};

BestOfNValue best_of_n_value(const RankedCells& ranked, std::span<const double> y,
                             const BestOfNOptions& options);

}  // namespace esscher::internal
