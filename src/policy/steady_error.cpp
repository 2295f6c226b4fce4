#include "esscher/policy/steady_error.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "esscher/base/error.h"

namespace esscher {

double steady_error(std::span<const double> weights, std::span<const double> residuals,
                    double concentration) {
  if (weights.size() != residuals.size()) {
    throw UsageError(rejection("residuals", std::to_string(residuals.size()) + " values",
                               "there are " + std::to_string(weights.size()) + " weights"));
  }
  double sum = 0;
  double mean = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    mean += weights[i] * residuals[i];
  }
  if (!(sum > 0)) throw UsageError(rejection("weights", sum, "must have a sum above 0"));
  if (!(concentration > 0)) {
    throw UsageError(rejection("concentration", concentration, "must be above 0"));
  }
  mean /= sum;
  double squares = 0;  // sums over normalised weights
  double fourths = 0;
  double variance = 0;
  double moved = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double w = weights[i] / sum;
    const double d = w * (residuals[i] - mean);
    squares += w * w;
    fourths += w * w * w * w;
    variance += d * (residuals[i] - mean);
    moved += d * d;
  }
  const double pieces = squares / fourths * squares;
  const double own = moved / squares;
  return std::sqrt((kSteadyPieces * variance + pieces * own) / (kSteadyPieces + pieces) *
                   concentration);
}

}  // namespace esscher
