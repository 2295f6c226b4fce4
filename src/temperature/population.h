#pragma once

/// \file
/// Population averages of a layer's features under the reference policy and under the optimal one.

#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/model/network.h"
#include "esscher/temperature/predicted_gap.h"
#include "esscher/theory/tilted_law.h"

namespace esscher::internal {

/// What stage 2 will see, by draws from an equal mixture of pi_0 and pi*.
struct Population {
  Matrix<double> phi;             ///< draws x m
  std::vector<double> f;          ///< r*
  std::vector<double> reference;  ///< weights of mean 1 that make the draws pi_0 ...
  std::vector<double> optimal;    ///< ... and pi*
};

/// \throws UsageError where the features do not fit into memory.
Population draw_population(const FirstLayer& layer, const Link& reward, const TiltedLaw& law,
                           const PredictedGapOptions& options);

/// Weighted sums over the draws, divided by their number.
struct PopulationMoments {
  Matrix<double> gram;         ///< E w phi phi'
  std::vector<double> linear;  ///< E v phi
};

/// No gram where \p w is empty. Same bits for any number of threads.
PopulationMoments moments(const Population& drawn, std::span<const double> w,
                          std::span<const double> v, int threads);

}  // namespace esscher::internal
