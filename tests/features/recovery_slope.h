#pragma once

/// How recovery times grow with the dimension, with standard errors: for the test of the claim and
/// for the benchmark at large dimensions.

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "esscher/features/learn_features.h"

namespace esscher::recovery {

/// The system with which the claim is shown: damped_hermite:3 of information exponent 3 and
/// generative exponent 1, relu neurons, each on samples of its own.
inline FeatureOptions cubic_options(Weighting weighting, std::uint64_t dim) {
  FeatureOptions options{{parse_link("damped_hermite:3"), parse_noise("gaussian:0.1")}};
  const double infinity = std::numeric_limits<double>::infinity();
  options.engine = Engine::marginal;
  options.dim = dim;
  options.label = standardised_label(options.model, weighting, 1, -infinity, infinity);
  const int exponent = weighting == Weighting::none ? 3 : 1;
  options.step_size = default_step_size(0.3, options.batch, dim, exponent);
  // Recovered neurons all count: none may be missed by an early stop.
  options.stop_when_settled = false;
  // Times are late by 1.2 % at most: 0.01 in the logarithm.
  options.checkpoints_per_decade = 200;
  return options;
}

struct Estimate {
  double value = 0;
  double standard_error = 0;
};

/// Logarithm of the median recovery time over the neurons that recovered. A median of n normal
/// values has the error 1.2533 sigma / sqrt(n), and their quartiles are 1.349 sigma apart.
/// \pre some neurons recovered
inline Estimate log_median(const RecoveryTimes& times) {
  double count = 0;
  for (const auto& time : times.neuron) count += time ? 1 : 0;
  const double sigma = std::log(*times.upper_quartile / *times.lower_quartile) / 1.349;
  return {std::log(*times.median), 1.2533 * sigma / std::sqrt(count)};
}

/// Slope of the logarithm of the median time over the logarithm of the dimension, by weighted least
/// squares.
inline Estimate slope(const std::vector<std::uint64_t>& dims, const std::vector<Estimate>& times) {
  double weights = 0;
  double mean = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const double weight = 1 / (times[i].standard_error * times[i].standard_error);
    weights += weight;
    mean += weight * std::log(static_cast<double>(dims[i]));
  }
  mean /= weights;
  double squares = 0;
  double products = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const double weight = 1 / (times[i].standard_error * times[i].standard_error);
    const double x = std::log(static_cast<double>(dims[i])) - mean;
    squares += weight * x * x;
    products += weight * x * times[i].value;
  }
  return {products / squares, 1 / std::sqrt(squares)};
}

}  // namespace esscher::recovery
