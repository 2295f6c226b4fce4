#pragma once

/// \file
/// What the tests of quadrature share: one tilt alone, and closed forms.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <span>

#include "esscher/gaussian/quadrature.h"

namespace esscher::reference {

inline constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
/// The default goal, and as much again for what 20 to 80 panels are rounded by.
inline constexpr double kTolerance = 2e-13;

inline double phi(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }
inline double upper_tail(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

/// One tilt alone: log E e^l, its error, and the tilted mean and second moment of z.
struct Law {
  double log_mass;
  double log_error;
  double mean;
  double second;
};

inline Law tilted(const std::function<double(double)>& tilt, std::span<const double> breaks = {}) {
  const TiltedIntegrals integrals = tilted_integrals(
      [&](double z, std::span<double> values) {
        values[0] = 1;
        values[1] = z;
        values[2] = z * z;
        return tilt(z);
      },
      3, breaks);
  EXPECT_TRUE(integrals.converged);
  const double mass = integrals.values[0];
  return {integrals.log_scale + std::log(mass), integrals.errors[0] / mass,
          integrals.values[1] / mass, integrals.values[2] / mass};
}

/// Mills' ratio Q(x) / phi(x), by its continued fraction where that is quick.
inline long double mills(long double x) {
  if (x < 5) {
    return std::sqrt(std::numbers::pi_v<long double> / 2) * std::exp(x * x / 2) *
           std::erfc(x / std::numbers::sqrt2_v<long double>);
  }
  long double denominator = x;
  for (int k = 200; k > 0; --k) denominator = x + k / denominator;
  return 1 / denominator;
}

}  // namespace esscher::reference
