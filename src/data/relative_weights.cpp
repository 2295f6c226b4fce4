#include "data/relative_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "esscher/base/error.h"
#include "esscher/linalg/compensated_sum.h"

namespace esscher::internal {

std::vector<double> relative_weights(std::span<const double> log_weights, std::size_t count) {
  if (log_weights.empty()) return std::vector<double>(count, 1.0);
  if (log_weights.size() != count) {
    throw InternalError(std::to_string(log_weights.size()) + " log weights for " +
                        std::to_string(count) + " rows");
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double largest = -kInfinity;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isnan(log_weights[i]) || log_weights[i] == kInfinity) {
      throw DataError(rejection("log weight " + std::to_string(i + 1), log_weights[i],
                                "must be finite, or -inf for no weight"));
    }
    largest = std::max(largest, log_weights[i]);
  }
  if (largest == -kInfinity) throw DataError("weights: all are 0; give some row a weight");
  std::vector<double> weights(count);
  CompensatedSum sum;
  for (std::size_t i = 0; i < count; ++i) {
    weights[i] = std::exp(log_weights[i] - largest);
    sum.add(weights[i]);
  }
  const double scale = static_cast<double>(count) / sum.value();
  for (double& weight : weights) weight *= scale;
  return weights;
}

}  // namespace esscher::internal
