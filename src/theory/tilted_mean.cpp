#include "tilted_mean.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace esscher::internal {

TiltedMean tilted_mean(const Link& link, double s) {
  const TiltedIntegrals integrals = tilted_integrals(
      [&](double z, std::span<double> values) {
        const double f = link(z);
        values[0] = 1;
        values[1] = f;
        values[2] = f * f;
        return s * f;
      },
      3, link.landmarks());
  return {integrals.values[1] / integrals.values[0], integrals.values[2] / integrals.values[0]};
}

QuadratureOptions about_mean(double mean, double second_moment, double s) {
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
