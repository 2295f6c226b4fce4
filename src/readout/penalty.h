#pragma once

#include <span>
#include <vector>

#include "esscher/readout/ridge.h"
#include "readout/moments.h"

namespace esscher::internal {

/// One ridge fit to the sum of some moments, the penalty chosen as the options say. For
/// PenaltyRule::kfold the parts are the folds.
struct MomentFit {
  std::vector<double> coefficients;
  double intercept = 0;
  double penalty = 0;
  double degrees_of_freedom = 1;
  double error = 0;  ///< weighted mean squared residual
  std::vector<RidgePathPoint> path;
  std::size_t rank = 0;
  bool singular = false;  ///< the penalised normal equations are, to working precision
};

/// \param parts     at least one, of which one has weight
/// \param features  number by which the trace is divided for the mean eigenvalue: the width before
///                  any change of coordinates
/// \pre options are valid
MomentFit fit_moments(std::span<const Moments* const> parts, std::size_t features,
                      const RidgeOptions& options);

}  // namespace esscher::internal
