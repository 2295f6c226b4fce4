#include "policy/unseen.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "esscher/policy/steady_error.h"

namespace esscher::internal {
namespace {

/// 95 % of samples of n show what has a chance of 3/n.
constexpr double kRuleOfThree = 3;

/// take(j, y) for the rows that pi_0 takes and whose reward is known.
template <class Take>
void for_known(const KnownGold& gold, const TableCells& cells, const Take& take) {
  for (std::size_t j = 0; j < cells.order.size(); ++j) {
    const std::size_t i = cells.order[j];
    if (cells.prior[j] > 0 && gold.known(i)) take(j, gold.y[i]);
  }
}

/// Of the known rows of cell c: (sum prior)^2 / sum prior^2.
double known_rows(const KnownGold& gold, const TableCells& cells, std::size_t c) {
  double sum = 0;
  double squares = 0;
  for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
    if (!gold.known(cells.order[j])) continue;
    sum += cells.prior[j];
    squares += cells.prior[j] * cells.prior[j];
  }
  return sum > 0 ? sum / squares * sum : 0;
}

}  // namespace

ExpectedEss expected_ess(const KnownGold& gold, const TableCells& cells, PolicyWeights weights) {
  ExpectedEss expected{0, kInfinity};
  double squares = 0;
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    double sum = 0;
    double square = 0;
    double rows = 0;
    double known = 0;
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      if (!(cells.prior[j] > 0)) continue;
      sum += weights[j];
      square += weights[j] * weights[j];
      ++rows;
      known += gold.known(cells.order[j]) ? 1 : 0;
    }
    const double ess = square > 0 ? known / rows * (sum / square * sum) : 0;
    expected.least = std::min(expected.least, ess);
    squares += ess > 0 ? cells.share[c] / ess * cells.share[c] : kInfinity;
  }
  expected.all = 1 / squares;
  return expected;
}

double weight_beyond(const KnownGold& gold, const TableCells& cells, std::span<const double> scores,
                     PolicyWeights weights) {
  double beyond = 0;
  double sum = 0;
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    double highest = -kInfinity;
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      const std::size_t i = cells.order[j];
      if (cells.prior[j] > 0 && gold.known(i)) highest = std::max(highest, scores[i]);
    }
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      if (!(cells.prior[j] > 0)) continue;
      sum += weights[j];
      if (scores[cells.order[j]] > highest) beyond += weights[j];
    }
  }
  return sum > 0 ? beyond / sum : 1;
}

bool least_error_counts(const KnownGold& gold, const TableCells& cells, double ess, double found) {
  // No reward lies farther from a mean of them than the least from the greatest.
  double low = kInfinity;
  double high = -kInfinity;
  for_known(gold, cells, [&](std::size_t, double y) {
    low = std::min(low, y);
    high = std::max(high, y);
  });
  return std::sqrt(kRuleOfThree) / ess * (high - low) > found;
}

double least_error(const KnownGold& gold, const TableCells& cells, PolicyWeights weights,
                   double ess, double found) {
  if (!least_error_counts(gold, cells, ess, found)) return 0;
  std::map<double, double> of_reward;
  double weight = 0;
  double prior = 0;
  double mean = 0;
  for_known(gold, cells, [&](std::size_t j, double y) {
    of_reward[y] += weights[j];
    weight += weights[j];
    prior += cells.prior[j];
    mean += weights[j] * y;
  });
  if (!(weight > 0)) return 0;
  mean /= weight;
  double most = 0;
  for (const auto& [_, each] : of_reward) most = std::max(most, each / weight);
  if (!(most > std::max(0.5, 1 - kRuleOfThree / ess))) return 0;
  double square = 0;
  for_known(gold, cells, [&](std::size_t j, double y) {
    square += cells.prior[j] / prior * (y - mean) * (y - mean);
  });
  return std::sqrt(kRuleOfThree * square) / ess;
}

double error_beyond(const KnownGold& gold, const TableCells& cells, double beyond) {
  if (beyond == 0) return 0;
  double prior = 0;
  double mean = 0;
  for_known(gold, cells, [&](std::size_t j, double y) {
    prior += cells.prior[j];
    mean += cells.prior[j] * y;
  });
  mean /= prior;
  double square = 0;
  for_known(gold, cells, [&](std::size_t j, double y) {
    square += cells.prior[j] / prior * (y - mean) * (y - mean);
  });
  return beyond * std::sqrt(square);
}

Estimate steady_value(double value, const KnownGold& gold, const TableCells& cells,
                      PolicyWeights all_weights, double beyond) {
  std::vector<double> weights;
  std::vector<double> residuals;
  double concentration = 0;  // of the policy from the law of the known rows
  double predicted = 0;
  double sum = 0;
  for (std::size_t j = 0; j < cells.order.size(); ++j) {
    if (!(cells.prior[j] > 0)) continue;
    const double w = all_weights[j];
    concentration += w * w / cells.prior[j];
    const std::size_t i = cells.order[j];
    predicted += w * gold.predicted[i];
    if (!gold.known(i)) continue;
    weights.push_back(w);
    residuals.push_back(gold.y[i] - gold.predicted[i]);
    sum += w;
  }
  Estimate steady{value, kInfinity};
  if (!(sum > 0)) return steady;
  double drawn = 0;
  for (std::size_t j = 0; j < cells.order.size(); ++j) {
    const double w = all_weights[j];
    const double moved = w / (1 - w) * (gold.predicted[cells.order[j]] - predicted);
    if (w > 0) drawn += moved * moved;
  }
  const double correction =
      steady_error(weights, residuals, concentration / known_rows(gold, cells, 0));
  const double off = error_beyond(gold, cells, beyond);
  const double variance = correction * correction + drawn + off * off;
  if (!std::isfinite(variance)) return steady;
  steady.standard_error = std::sqrt(variance);
  if (drawn > 0) {
    const double share = variance / drawn;
    steady.degrees_of_freedom = share * share * pieces_of_variance(all_weights);
  }
  return steady;
}

}  // namespace esscher::internal
