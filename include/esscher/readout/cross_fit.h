#pragma once

/// \file
/// A weighted ridge fit together with what it predicts of rows that it has not seen.

#include <cstdint>
#include <span>
#include <vector>

#include "esscher/readout/ridge.h"

namespace esscher {

struct CrossFit {
  RidgeFit fit;                  ///< on all rows
  std::vector<double> held_out;  ///< n: row i by the fit to the other folds; empty if cancelled
};

/// The fit to all rows, as fit_ridge(), and for each fold the fit to the others, all with weights
/// \p log_weights. Each chooses its penalty by itself where the rule is gcv.
/// \param folds  n numbers 0 ... K - 1, each of which occurs; 2 <= K <= 64
/// A fold's complement is weighed relative to its own heaviest row, however far below the heaviest
/// of all that lies.
/// \param groups  as in fit_ridge(); each must lie within one fold. Held-out predictions have a
///         level of their own in each group.
/// \throws UsageError for PenaltyRule::kfold (folds of folds are not offered) and as fit_ridge();
///         DataError where a fold's complement has no weight
/// Cost: one pass for the folds' moments, K + 1 eigendecompositions, one pass for predictions.
/// Memory: K (m + 1)^2 doubles for moments, and while fits are made some four (m + 1)^2 for each
/// thread that makes one (K + 1 at most), for a fixed penalty above rounding two; n for weights and
/// n for predictions; with groups (m + 1) a group and n more. Where there are fewer rows than
/// columns m is n, and 2 n m for the change of coordinates comes on top.
CrossFit cross_fit_ridge(const DesignRows& rows, std::span<const double> targets,
                         std::span<const double> log_weights, std::span<const std::uint32_t> folds,
                         const RidgeOptions& options = {},
                         std::span<const std::uint32_t> groups = {});

/// cross_fit_ridge() for each of several weights, with a fixed penalty each, in one pass for all
/// moments.
/// \param log_weights  n each; taken over, since n numbers a fit may be much
/// \param penalties    lambda >= 0, one a fit; options.rule and options.penalty are not looked at
/// \throws UsageError and DataError as cross_fit_ridge()
/// Cost: one pass for moments, one for predictions, K + 1 factors of m x m for each weights.
/// Memory: for each weights the moments, weights, predictions and groups of cross_fit_ridge(), and
/// K m for coefficients; what a thread takes to make a fit is as there.
std::vector<CrossFit> cross_fit_ridges(const DesignRows& rows, std::span<const double> targets,
                                       std::vector<std::vector<double>> log_weights,
                                       std::span<const double> penalties,
                                       std::span<const std::uint32_t> folds,
                                       const RidgeOptions& options = {},
                                       std::span<const std::uint32_t> groups = {});

/// cross_fit_ridge() for each of several fixed penalties; as cross_fit_ridges() otherwise, but that
/// there is one set of weights and moments.
std::vector<CrossFit> cross_fit_ridge_path(const DesignRows& rows, std::span<const double> targets,
                                           std::span<const double> log_weights,
                                           std::span<const double> penalties,
                                           std::span<const std::uint32_t> folds,
                                           const RidgeOptions& options = {},
                                           std::span<const std::uint32_t> groups = {});

}  // namespace esscher
