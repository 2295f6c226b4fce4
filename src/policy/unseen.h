#pragma once

/// \file
/// What the rows whose gold reward is known do not show of a policy, and how much of its error that
/// is (ours).

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/policy/estimate.h"
#include "policy/known_gold.h"
#include "policy/table_cells.h"

namespace esscher::internal {

/// The rows that pi_0 takes and whose reward is known, by their places in the cells' order: those
/// of cell c are place[begin[c]] ... place[begin[c + 1] - 1].
struct KnownPlaces {
  std::vector<std::size_t> place;
  std::vector<std::size_t> begin;
};
KnownPlaces known_places(const KnownGold& gold, const TableCells& cells);

/// Whether half of the rows at least are known, which are no pool about the known ones then.
/// Without groups.
bool most_known(const KnownPlaces& known, const TableCells& cells);

/// A policy's weights in the cells' order, of each cell in a fixed proportion to each other.
using PolicyWeights = std::span<const double>;

/// What a draw of the known rows leaves of a policy. Without groups.
struct SeenPolicy {
  /// Effective rows, or clusters, among the known ones, on average: a draw that has missed the
  /// heaviest ones believes in more.
  double ess = 0;
  double least_ess = 0;  ///< of the cells
  /// Weight on rows whose score is above the highest one of a known row of their cell.
  double beyond = 0;
};
/// \param scores  of the table's rows
SeenPolicy seen_policy(const KnownPlaces& known, const TableCells& cells,
                       std::span<const double> scores, PolicyWeights weights);

/// Where the known rows that carry a policy show hardly more than one gold reward, their spread is
/// no measure of what they have not shown. Of \p ess that show none, three in \p ess may be
/// otherwise (the rule of three: at 95 %), and then lie as far from the policy's mean as pi_0's
/// rewards do: sqrt(3 E_{pi_0} (y - V)^2) / ess where rows of one reward have more than half of the
/// weight and all but three in \p ess of it, else 0. A standard error below it is raised to it.
/// Without groups.
/// \param ess    effective rows, or clusters
/// \param found  that error
double least_error(const KnownGold& gold, const KnownPlaces& known, const TableCells& cells,
                   PolicyWeights weights, double ess, double found);
/// Whether it may be above a standard error; for less than it costs.
bool least_error_counts(const KnownGold& gold, const KnownPlaces& known, const TableCells& cells,
                        double ess, double found);
/// The same of groups, by what they tell: their rises sum (w - p) y, or their values sum w y, of
/// the rows whose gold is known. Of \p groups that show one rise, or one value, three may be
/// otherwise, and then have their rewards in another order, each as likely: that moves both by d,
/// of E d^2 = rise^2 + sum (w - p)^2 S^2 (S^2 with N - 1), so that sqrt(3 E d^2) / groups is the
/// error, E being over groups, too. \param groups  with known gold, or clusters of them \param
/// found   the rise's
double least_error_of_groups(const KnownGold& gold, const TableCells& cells, PolicyWeights weights,
                             double groups, double found);
/// What rewards beyond the known rows may be off by: their weight times the standard deviation of
/// the known ones under pi_0. \param beyond  SeenPolicy::beyond
double error_beyond(const KnownGold& gold, const KnownPlaces& known, const TableCells& cells,
                    double beyond);

/// Of the value, by the weights of all rows of the one cell: the steady error of the correction,
/// what the predictions' mean moves by from one draw of all rows to another, and error_beyond(). An
/// infinite error where no known row has weight, or one row has all of it. Degrees of freedom are
/// Welch and Satterthwaite's: those of the draw alone are few.
/// \param off  error_beyond(), and what is owed to rows above all
Estimate steady_value(double value, const KnownGold& gold, const KnownPlaces& known,
                      const TableCells& cells, PolicyWeights weights, double off);

}  // namespace esscher::internal
