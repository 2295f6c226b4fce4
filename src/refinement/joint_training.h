#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "esscher/refinement/refine.h"
#include "refinement/directions.h"

namespace esscher::internal {

struct JointTraining {
  Matrix<double> metric;               ///< M of the last step, k x k
  std::vector<RefineStep> trajectory;  ///< one a step
  bool cancelled = false;
};

/// Samples at most to which a second layer is fitted: far more than it has parameters.
inline constexpr std::uint64_t kFitSamples = 16384;

/// Length of the part along the hidden directions of the metric's leading direction.
double leading_overlap(const Directions& directions, MatrixView<const double> metric);

/// Step 2 of refine.h on samples first, ..., first + batch * options.steps - 1.
/// \param metric  of the pilot, k x k
/// \param taken   samples taken before
JointTraining train_jointly(Directions& directions, DirectionNetwork& network,
                            Matrix<double> metric, std::uint64_t first, std::uint64_t batch,
                            std::uint64_t dim, std::uint64_t taken, const RefineOptions& options,
                            const std::function<void(std::uint64_t)>& progress);

}  // namespace esscher::internal
