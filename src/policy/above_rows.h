#pragma once

/// \file
/// What lies above all rows of a table that is a sample: a policy goes there, too, and no row shows
/// it (ours). Without groups, and where gold is known of half of the rows at least: more of them
/// are a pool, which shows what lies above the known ones.
///
/// No rule can be right for every gold reward: of two that agree up to the highest row and part
/// above it, a table shows one and the same. What can be had is that gold goes on as it went. Where
/// it rises with the score, missing rows only make an estimate too low; where it bends down they
/// make it too high, and the more so the fewer high rows a sample happens to have, whose own spread
/// then shows the least.
///
/// Thinned tables tell how much is missing. Row j of n, with c - 1 others at its score or above,
/// lies above all of m random others with chance (n - c over m) / (n - 1 over m), so that the
/// weight above the highest of m rows is that chance times w_j, summed, on average; and likewise
/// the mean score there (a rarefaction, Hurlbert, "The nonconcept of species diversity", Ecology
/// 52, 1971; of m = n - 1 it is Good and Turing's estimate, the weight of the highest row).
/// - The odds of what n rows miss are taken to be half of those of what n/24 rows miss: too much on
///   average, but told by some 30 rows. Estimates by the few highest rows are small in the very
///   tables that have missed the top.
/// - The mean score there is that of n/16 rows and, on top of it, four times what that of n/32 lies
///   below: a doubling of rows raises it by as much as the doubling before.
/// - Gold there is that of a curve of second degree in the score, fitted by the policy's weights,
///   less that curve's own error (a sandwich).
/// - Of the best of m draws the odds above n rows are known, m/n, and the score there is that of
///   single draws above them. One draw's part of them is in the error of any mean of rows.
/// - Rows that are placed are no draws: however many lie at the top, they tell nothing of what is
///   above, and neither count nor are thinned.
/// Simulated lower ends: docs/trust.md.

#include <span>

#include "policy/table_cells.h"
#include "policy/tilted_table.h"

namespace esscher::internal {

/// Of one cell's rows above all that are there.
struct AboveRows {
  double odds = 0;        ///< their share of the policy's weight over that of the others
  double score = 0;       ///< their mean score less the policy's
  double gold = 0;        ///< their mean gold less the policy's, by the curve
  double gold_error = 0;  ///< and its standard error
};

/// \param scores   of the table's rows, \param gold  likewise, NaN where it is not known
/// \param weights  of the policy, in the cells' order
AboveRows above_rows(const TableCells& cells, std::size_t cell, std::span<const double> scores,
                     std::span<const double> gold, std::span<const double> weights);

/// Errors to be added to those of a tilt's figures that hold gold: by so much rows above may make
/// them worse, a standard error of the curve included; 0 where they make them better even so.
/// Over-optimisation has the value's: it is told too low by as much as the value is too high, and
/// by what the proxy's mean gains above, which is not added. At mild tilts, where next to nothing
/// is missed, the odds would make far too much of that. \param weights  TiltedTable::all_weights()
/// Cost: O(rows), with clusters a sort
Figures errors_above(const TableCells& cells, std::span<const double> scores,
                     std::span<const double> gold, std::span<const double> weights, double beta);

/// The same of the best of n by the score: of its value and of its gain, whose KL does not depend
/// on the law of scores. Of n + k draws from one law, k of them pieces of the table, the best is
/// one of the n others with chance n/(n + k): odds are (n - 1)/k, 1 at most. \param weights  of the
/// choice
double error_above_choice(const TableCells& cells, std::span<const double> scores,
                          std::span<const double> gold, std::span<const double> weights, double n);

}  // namespace esscher::internal
