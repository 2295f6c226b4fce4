#pragma once

/// \file
/// Gold rewards of which only some are known: predictions of all rows, corrected by what the known
/// ones tell (prediction-powered inference, Angelopoulos, Bates, Fannjiang, Jordan, Zrnic, Science
/// 382, 2023; doubly robust). Rows with a gold reward are a random draw from all rows or, within
/// groups, groups with two of them or more from all groups, and those from their group.

#include <span>
#include <vector>

#include "policy/table_cells.h"

namespace esscher::internal {

struct KnownGold {
  std::span<const double> y;          ///< NaN where it is not known
  std::span<const double> predicted;  ///< m; empty: every y is known

  bool partial() const { return !predicted.empty(); }
  bool known(std::size_t row) const { return y[row] == y[row]; }
};

/// \throws UsageError for unequal lengths; DataError where a value is infinite, or NaN though no
///         rewards are predicted; where fewer than two known rows of a stratum (or groups with two
///         of them) leave no error to tell
void require_gold(const KnownGold& gold, const TableCells& cells);

/// What makes predictions m rewards in the place of y for one law w of a cell's rows, so that their
/// mean is that of the predictions, sum w m, and of what the known rows add to it, sum_K w (y - m)
/// / sum_K w; how far rows lie from the mean is what they move it by.
struct Correction {
  double share = 0;         ///< sum_K w
  double all = 0;           ///< to be added to the prediction of each row
  std::vector<double> own;  ///< and to that of each known one besides
};
/// \param w       of the known rows alone
/// \param errors  their y - m
Correction correction(std::span<const double> w, std::span<const double> errors);

/// The same for any law within groups, since what is known of them is weighted by how they were
/// drawn: with N rows, of which K are known, c = (N - 1)/(K - 1), and G groups, of which H have two
/// known rows or more, a group's rise sum (w - p) y is that of m in all groups and
/// c sum_K (w - p) (y - m - their mean) in those H, which is unbiased; H stand for G among groups
/// of like size, since a draw of rows leaves large groups rather than small ones known. One reward
/// for each row.
std::vector<double> corrected_within_groups(const KnownGold& gold, const TableCells& cells);

/// How the known rows of a law within groups make up for the others.
struct GroupCoverage {
  /// Their weight over what would be their due, K/N in a group.
  double coverage = 1;
  /// (sum t)^2 / sum t^2, t of a group being its known rows' weight over their due: so many groups
  /// tell the correction.
  double groups = 0;
};
/// \param shares  weight of the known rows within each group, of sum 1 over all its rows
GroupCoverage group_coverage(const KnownGold& gold, const TableCells& cells,
                             std::span<const double> shares);

/// Pieces that have a known row, or with groups a group with two or all of its rows known.
std::size_t known_pieces(const KnownGold& gold, const TableCells& cells);

}  // namespace esscher::internal
