#pragma once

#include <span>
#include <vector>

#include "esscher/refinement/refine.h"
#include "refinement/direction_network.h"

namespace esscher::internal {

struct DirectionCount {
  std::size_t directions = 1;  ///< r
  std::vector<HeldOutError> by_directions;
  bool better_than_constant = false;  ///< by as many standard errors
  Matrix<double> metric;              ///< M cut down to its leading r directions, k x k
};

/// The least number of leading directions of \p metric on which a network predicts held-out samples
/// as well as on any more: where none of the larger numbers has an error that is smaller by three
/// standard errors of the difference. The first half of the samples fits, the second decides.
DirectionCount count_directions(DirectionNetwork& network, MatrixView<const double> metric,
                                MatrixView<const double> v, std::span<const double> y, int threads);

}  // namespace esscher::internal
