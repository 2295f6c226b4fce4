#pragma once

/// \file
/// Where an integrand lives: the first half of the quadrature.

#include <functional>
#include <span>
#include <vector>

namespace esscher::internal {

/// Logarithm of the integrand's size at a point, and of its Gaussian-tilted weight alone.
struct LogSize {
  double size = 0;    ///< log of weight * max(1, |g_1|, ..., |g_p|)
  double weight = 0;  ///< log of weight
  double terms =
      0;  ///< sum of the magnitudes that were added to get it: what rounding is relative to
};

struct Panelling {
  std::vector<double> edges;  ///< ascending ends of the first panels
  double log_scale = 0;       ///< largest log weight seen
  double rounding = 0;        ///< relative rounding error of the weights near their peaks
};

/// Finds every peak of \p log_size that matters (within e^{-80} of the highest), and lays panels
/// that start at the peaks' own widths and double outwards; every break inside is an edge.
/// \throws UsageError where the size still grows at |z| = 1e9, InternalError where it is NaN.
Panelling find_panels(const std::function<LogSize(double)>& log_size,
                      std::span<const double> breaks);

}  // namespace esscher::internal
