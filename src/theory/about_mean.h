#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "esscher/gaussian/quadrature.h"

namespace esscher::internal {

/// Options for integrals of (f - mean) e^{s (f - mean)}: the difference carries the rounding of f
/// itself, which no bisection can take out of it. \p second_moment is E f^2 under the same law.
inline QuadratureOptions about_mean(double mean, double second_moment, double s) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const double size = std::abs(mean);
  const double variance = std::max(second_moment - mean * mean, kEpsilon * mean * mean);
  QuadratureOptions options;
  options.rounding = kEpsilon * s * size;
  // Where all mass sits at one reward the difference is nothing but rounding; the partition
  // function, which comes from the same integral, is still good.
  constexpr double kMost = 2e-9;
  if (variance > 0) options.rounding += std::min(kMost, kEpsilon * size / std::sqrt(variance));
  return options;
}

}  // namespace esscher::internal
