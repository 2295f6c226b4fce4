#pragma once

/// \file
/// The first of two passes over a tilted law: its mean, about which the second pass integrates.

#include "esscher/gaussian/quadrature.h"
#include "esscher/model/link.h"

namespace esscher::internal {

struct TiltedMean {
  double first;   ///< E[f e^{s f}] / E e^{s f}
  double second;  ///< E[f^2 e^{s f}] / E e^{s f}
};

/// \pre E e^{s f} is finite (finiteness.h).
TiltedMean tilted_mean(const Link& link, double s);

/// Options for integrals of (f - mean) e^{s (f - mean)}: the difference carries the rounding of f
/// itself, which no bisection can take out of it. \p second_moment is E f^2 under the same law.
QuadratureOptions about_mean(double mean, double second_moment, double s);

}  // namespace esscher::internal
