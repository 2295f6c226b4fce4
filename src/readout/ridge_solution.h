#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/readout/ridge.h"
#include "readout/moments.h"
#include "readout/row_space.h"

namespace esscher::internal {

/// The fit to the sum of all folds, with its facts and status.
/// \param weights   of the rows that take part, as diagnose_present() tells
/// \param features  columns of the rows that were given, before any change of coordinates
RidgeFit fit_all(const FoldMoments& moments, const RowSpace& space, std::span<const double> targets,
                 const WeightDiagnostics& weights, std::size_t features,
                 const RidgeOptions& options);

/// Whether the weighted labels spread less than rounding lets them, on the scale of all labels.
bool is_constant(double variance, std::span<const double> targets);

/// Of the weights that are not 0.
WeightDiagnostics diagnose_present(std::span<const double> log_weights);

RidgeFit cancelled_fit(std::size_t features);

/// \throws UsageError unless there is one penalty for each weighting
void require_penalties(std::span<const double> penalties, std::size_t weightings);

/// Weights that sum to 1. \throws UsageError unless there is one a target
std::vector<double> relative_weights(std::vector<double> log_weights,
                                     std::span<const double> targets);

}  // namespace esscher::internal
