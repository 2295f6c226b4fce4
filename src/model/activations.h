#pragma once

/// \file
/// The functions that are links by name and known to formulas too. NaN passes through.

#include <cmath>

namespace esscher::internal {

inline double relu(double x) { return x <= 0 ? 0 : x; }

inline double sigmoid(double x) {
  // exp of the negative magnitude only: exp(-x) overflows on the left.
  const double decay = std::exp(-std::abs(x));
  return (x >= 0 ? 1 : decay) / (1 + decay);
}

inline double softplus(double x) { return relu(x) + std::log1p(std::exp(-std::abs(x))); }

}  // namespace esscher::internal
