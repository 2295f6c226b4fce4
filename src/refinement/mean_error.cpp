#include "refinement/mean_error.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace esscher::internal {

HeldOutError mean_error(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  HeldOutError error;
  for (const double value : values) error.value += value / n;
  double variance = 0;
  for (const double value : values) {
    variance += (value - error.value) * (value - error.value) / (n * (n - 1));
  }
  error.standard_error = std::sqrt(variance);
  return error;
}

HeldOutError mean_difference(std::span<const double> a, std::span<const double> b) {
  std::vector<double> difference(a.size());
  std::transform(a.begin(), a.end(), b.begin(), difference.begin(), std::minus<>());
  return mean_error(difference);
}

}  // namespace esscher::internal
