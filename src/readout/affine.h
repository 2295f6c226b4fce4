#pragma once

#include <cstddef>
#include <span>

namespace esscher::internal {

/// intercept + <row, coefficients>. Four sums side by side, so that additions need not wait.
inline double affine(std::span<const double> row, std::span<const double> coefficients,
                     double intercept) {
  constexpr std::size_t kLanes = 4;
  double sums[kLanes] = {};
  std::size_t j = 0;
  for (; j + kLanes <= row.size(); j += kLanes) {
    for (std::size_t l = 0; l < kLanes; ++l) sums[l] += row[j + l] * coefficients[j + l];
  }
  double rest = intercept;
  for (; j < row.size(); ++j) rest += row[j] * coefficients[j];
  return rest + ((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace esscher::internal
