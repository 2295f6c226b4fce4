#include "esscher/weights/log_weights.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/linalg/compensated_sum.h"
#include "esscher/linalg/log_sum_exp.h"
#include "esscher/weights/pareto.h"
#include "weights/pareto_tail.h"

namespace esscher {
namespace {

struct WeightSums {
  CompensatedSum total;
  CompensatedSum squares;

  void add(double weight) {
    total.add(weight);
    squares.add(weight * weight);
  }
  double ess(std::size_t n) const {
    return std::clamp(total.value() * total.value() / squares.value(), 1.0, static_cast<double>(n));
  }
};

}  // namespace

namespace internal {

double largest_log_weight(std::span<const double> log_weights) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < log_weights.size(); ++i) {
    const double x = log_weights[i];
    if (std::isnan(x) || x == std::numeric_limits<double>::infinity()) {
      throw DataError(rejection("log weight " + std::to_string(i + 1), x,
                                "must be a finite number, or -inf for no weight"));
    }
    largest = std::max(largest, x);
  }
  if (std::isinf(largest)) {
    throw DataError(rejection("log weights", std::to_string(log_weights.size()) + " values",
                              "at least one must be finite"));
  }
  return largest;
}

}  // namespace internal

void normalise_log_weights(std::span<double> log_weights) {
  // The largest goes first: beside a large constant the logarithm of the sum would lose its digits.
  const double largest = internal::largest_log_weight(log_weights);
  for (double& x : log_weights) x -= largest;
  const double log_total = log_sum_exp(log_weights);
  for (double& x : log_weights) x -= log_total;
}

std::vector<double> defensive_log_weights(std::span<const double> log_weights,
                                          std::span<const double> log_reference) {
  if (log_weights.size() != log_reference.size()) {
    throw UsageError(rejection("log_reference", std::to_string(log_reference.size()) + " values",
                               "there are " + std::to_string(log_weights.size()) + " log weights"));
  }
  std::vector<double> mixture(log_weights.begin(), log_weights.end());
  std::vector<double> reference(log_reference.begin(), log_reference.end());
  normalise_log_weights(mixture);
  normalise_log_weights(reference);
  for (std::size_t i = 0; i < mixture.size(); ++i) {
    mixture[i] = std::log((1 - kDefensiveShare) * std::exp(mixture[i]) +
                          kDefensiveShare * std::exp(reference[i]));
  }
  return mixture;
}

double effective_sample_size(std::span<const double> log_weights) {
  const double largest = internal::largest_log_weight(log_weights);
  WeightSums sums;
  for (const double x : log_weights) sums.add(std::exp(x - largest));
  return sums.ess(log_weights.size());
}

WeightDiagnostics diagnose_weights(std::span<const double> log_weights) {
  const double largest = internal::largest_log_weight(log_weights);
  const std::size_t n = log_weights.size();
  std::vector<double> weights(n);
  WeightSums sums;
  for (std::size_t i = 0; i < n; ++i) {
    weights[i] = std::exp(log_weights[i] - largest);
    sums.add(weights[i]);
  }
  WeightDiagnostics facts;
  facts.ess = sums.ess(n);

  const auto top = weights.begin() + static_cast<std::ptrdiff_t>((n + 99) / 100);
  std::nth_element(weights.begin(), top - 1, weights.end(), std::greater<>());
  // Summed by size, so that the order of the samples does not show in the last bits.
  std::sort(weights.begin(), top);
  CompensatedSum heaviest;
  std::for_each(weights.begin(), top, [&](double weight) { heaviest.add(weight); });
  facts.top_share = std::min(1.0, heaviest.value() / sums.total.value());

  facts.pareto_k = internal::pareto_tail(log_weights, largest).fit.k;
  facts.pareto_k_threshold = pareto_k_threshold(n);
  return facts;
}

}  // namespace esscher
