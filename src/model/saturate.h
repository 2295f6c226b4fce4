#pragma once

/// \file
/// Links promise finite values: what overflows is held at the largest double.

#include <algorithm>
#include <limits>

namespace esscher::internal {

constexpr double kLargest = std::numeric_limits<double>::max();

/// \p value held to [-DBL_MAX, DBL_MAX]; NaN passes through.
inline double saturated(double value) { return std::clamp(value, -kLargest, kLargest); }

/// Whether \p value overflowed, before or after saturation, or is NaN.
inline bool overflowed(double value) { return !(value < kLargest && value > -kLargest); }

}  // namespace esscher::internal
