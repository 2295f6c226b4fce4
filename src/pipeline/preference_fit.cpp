#include "pipeline/preference_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

void add_pair(std::vector<StatedPair>& pairs, std::span<const double> targets, std::uint64_t a,
              std::uint64_t b, double sure_win) {
  if (targets[a] < targets[b]) std::swap(a, b);
  const double lead = targets[a] - targets[b];
  StatedPair pair{{a, b}};
  if (lead == 0) {
    pair.share = 0.5;
  } else if (sure_win > 0) {
    // What only rounding keeps from a sure win is one.
    constexpr double kSure = 1 - 1e-9;
    const double share = 0.5 + 0.5 * lead / sure_win;
    pair.share = share < kSure ? share : 1;
  }
  pairs.push_back(pair);
}

/// Pairs with their folds, of which a fit leaves one out.
struct FoldedPairs : WeightedPairs {
  std::vector<std::uint32_t> folds;

  void add(Preference pair, double log_weight, std::uint32_t fold) {
    pairs.push_back(pair);
    log_weights.push_back(log_weight);
    folds.push_back(fold);
  }
  WeightedPairs without(std::uint32_t fold) const {
    WeightedPairs others;
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      if (folds[p] == fold) continue;
      others.pairs.push_back(pairs[p]);
      others.log_weights.push_back(log_weights[p]);
    }
    return others;
  }
};

/// Logarithm of each group's weight.
std::vector<double> masses(std::span<const std::uint32_t> groups, std::span<const double> even) {
  std::vector<double> mass(std::size_t{std::ranges::max(groups)} + 1);
  for (std::size_t i = 0; i < groups.size(); ++i) mass[groups[i]] += std::exp(even[i]);
  for (double& each : mass) each = std::log(each);
  return mass;
}

/// Slope of targets on predictions, both about their group's mean, under weights e^even.
double slope(std::span<const double> predictions, std::span<const double> targets,
             std::span<const std::uint32_t> groups, std::span<const double> even) {
  const std::size_t count = std::size_t{std::ranges::max(groups)} + 1;
  std::vector<double> size(count);
  std::vector<double> r_mean(count);
  std::vector<double> y_mean(count);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const double w = std::exp(even[i]);
    size[groups[i]] += w;
    r_mean[groups[i]] += w * predictions[i];
    y_mean[groups[i]] += w * targets[i];
  }
  double rr = 0;
  double ry = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::uint32_t g = groups[i];
    const double w = std::exp(even[i]);
    if (!(w > 0)) continue;
    const double r = predictions[i] - r_mean[g] / size[g];
    rr += w * r * r;
    ry += w * r * (targets[i] - y_mean[g] / size[g]);
  }
  return rr > 0 ? std::max(0.0, ry / rr) : 0;
}

}  // namespace

std::vector<StatedPair> preferences(std::span<const double> targets,
                                    std::span<const std::uint32_t> groups, std::uint64_t seed,
                                    double sure_win) {
  std::vector<std::vector<std::uint64_t>> members(std::size_t{std::ranges::max(groups)} + 1);
  for (std::size_t i = 0; i < groups.size(); ++i) members[groups[i]].push_back(i);
  std::vector<double> up_to;  // pairs in groups up to and with this one
  double total = 0;
  for (const std::vector<std::uint64_t>& group : members) {
    const auto n = static_cast<double>(group.size());
    up_to.push_back(total += n * (n - 1) / 2);
  }
  std::vector<StatedPair> pairs;
  if (total <= static_cast<double>(kMostPairs)) {
    for (const std::vector<std::uint64_t>& group : members) {
      for (std::size_t a = 0; a < group.size(); ++a) {
        for (std::size_t b = a + 1; b < group.size(); ++b) {
          add_pair(pairs, targets, group[a], group[b], sure_win);
        }
      }
    }
    return pairs;
  }
  // Too many to list: drawn with replacement, each pair equally likely.
  const RandomStream stream(seed, "stage2/pairs");
  for (std::uint64_t p = 0; p < kMostPairs; ++p) {
    const double at = stream.uniform(3 * p) * total;
    const auto g = static_cast<std::size_t>(std::ranges::upper_bound(up_to, at) - up_to.begin());
    const std::vector<std::uint64_t>& group = members[std::min(g, members.size() - 1)];
    const auto n = static_cast<double>(group.size());
    if (n < 2) continue;
    const auto a =
        std::min(group.size() - 1, static_cast<std::size_t>(stream.uniform(3 * p + 1) * n));
    auto b =
        std::min(group.size() - 2, static_cast<std::size_t>(stream.uniform(3 * p + 2) * (n - 1)));
    if (b >= a) ++b;
    add_pair(pairs, targets, group[a], group[b], sure_win);
  }
  return pairs;
}

double likely_scale(std::span<const double> leads, std::span<const double> weights) {
  double total = 0;
  double square = 0;
  for (std::size_t p = 0; p < leads.size(); ++p) {
    total += weights[p];
    square += weights[p] * leads[p] * leads[p];
  }
  if (!(square > 0)) return 0;
  const double typical = std::sqrt(square / total);
  const double tie = total / static_cast<double>(leads.size());
  const auto slope = [&](double s) {
    double sum = tie / 2 * typical * std::tanh(s * typical / 2);
    for (std::size_t p = 0; p < leads.size(); ++p) {
      sum -= weights[p] * leads[p] / (1 + std::exp(s * leads[p]));
    }
    return sum;
  };
  if (!(slope(0) < 0)) return 0;
  // The slope rises: halves of an interval that it changes sign in.
  double high = 1 / typical;
  while (slope(high) < 0) high *= 2;
  double low = 0;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (slope(middle) < 0 ? low : high) = middle;
  }
  return (low + high) / 2;
}

namespace {

/// Decades of the penalty, and where their search begins.
constexpr int kDecades = 8;
constexpr int kFirstDecade = 3;
double decade(int number) { return std::pow(10.0, number - 6); }

/// Fits of all folds for one penalty, and what they say of the rows left out.
struct FoldFits {
  double loss = std::numeric_limits<double>::infinity();  ///< weighted mean over pairs, nats
  std::vector<double> held_out;                           ///< empty where cancelled
};

FoldFits fit_folds(std::span<const DesignRows* const> rows, const FoldedPairs& all,
                   std::span<const std::uint32_t> folds, const BradleyTerryOptions& options) {
  FoldFits result;
  std::vector<double> held_out(folds.size());
  for (std::uint32_t fold = 0; fold + 1 < rows.size(); ++fold) {
    const WeightedPairs others = all.without(fold);
    const BradleyTerryFit fit =
        fit_bradley_terry(*rows[fold], others.pairs, others.log_weights, {}, options);
    if (fit.status == BradleyTerryStatus::cancelled) return result;
    const std::vector<double> values = predict(*rows[fold], fit.coefficients, 0, options.threads);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (folds[i] == fold) held_out[i] = values[i];
    }
  }
  std::vector<double> weights = all.log_weights;
  normalise_log_weights(weights);
  result.loss = 0;
  for (std::size_t p = 0; p < weights.size(); ++p) {
    const double lead = held_out[all.pairs[p].winner] - held_out[all.pairs[p].loser];
    // log(1 + e^-lead) without overflow.
    result.loss +=
        std::exp(weights[p]) * (std::max(0.0, -lead) + std::log1p(std::exp(-std::abs(lead))));
  }
  result.held_out = std::move(held_out);
  return result;
}

/// tr H (H + lambda)^-1 + 1, H the curvature of the mean loss at the fit.
double effective_parameters(const DesignRows& rows, const WeightedPairs& all,
                            const BradleyTerryFit& fit, int threads) {
  const std::size_t m = rows.columns();
  const std::vector<double> values = predict(rows, fit.coefficients, 0, threads);
  std::vector<double> weights = all.log_weights;
  normalise_log_weights(weights);
  Matrix<double> features(static_cast<std::size_t>(rows.rows()), m);
  rows.fill(0, features.view());
  Matrix<double> curvature(m, m);
  constexpr std::size_t kPairs = 512;
  for (std::size_t first = 0; first < all.pairs.size(); first += kPairs) {
    const std::size_t count = std::min(kPairs, all.pairs.size() - first);
    Matrix<double> differences(count, m);
    std::vector<double> w(count);
    for (std::size_t p = 0; p < count; ++p) {
      const auto& [winner, loser] = all.pairs[first + p];
      const double q = 1 / (1 + std::exp(values[loser] - values[winner]));
      w[p] = std::exp(weights[first + p]) * q * (1 - q);
      for (std::size_t j = 0; j < m; ++j) {
        differences(p, j) = features(winner, j) - features(loser, j);
      }
    }
    add_weighted_gram(differences.view(), w, curvature.view());
  }
  for (std::size_t j = 0; j < m; ++j) curvature(j, j) += fit.penalty;
  if (!cholesky(curvature.view())) return static_cast<double>(m + 1);
  Matrix<double> inverse(m, m);
  for (std::size_t j = 0; j < m; ++j) inverse(j, j) = 1;
  solve_lower(curvature.view(), inverse.view());
  double trace = 0;
  for (const double value : inverse.values()) trace += value * value;
  return 1 + static_cast<double>(m) - fit.penalty * trace;
}

}  // namespace

CrossFit cross_fit_preferences(std::span<const DesignRows* const> rows,
                               std::span<const double> targets, std::span<const double> log_weights,
                               std::span<const std::uint32_t> folds,
                               std::span<const std::uint32_t> groups, std::span<const double> even,
                               const PreferenceFitOptions& options) {
  FoldedPairs all;
  const std::vector<double> mass = masses(groups, even);
  bool any = false;
  for (const auto& [rows_of, share] :
       preferences(targets, groups, options.seed, options.sure_win)) {
    const auto& [winner, loser] = rows_of;
    const double weight = log_weights[winner] + log_weights[loser] - mass[groups[winner]];
    // Of a group without weight nothing is asked.
    if (!std::isfinite(weight)) continue;
    any = any || share > 0.5;
    all.add({winner, loser}, weight + std::log(share), folds[winner]);
    if (share < 1) all.add({loser, winner}, weight + std::log(1 - share), folds[winner]);
  }
  if (!any) throw DataError("rewards: no group has two different ones, so that none is preferred");
  BradleyTerryOptions fitting;
  fitting.rule = PenaltyRule::fixed;
  fitting.threads = options.threads;
  fitting.callbacks = options.callbacks;
  CrossFit result;
  FoldFits best;
  if (options.penalty) {
    fitting.penalty = *options.penalty;
    best = fit_folds(rows, all, folds, fitting);
  } else {
    std::map<int, FoldFits> tried;
    const auto loss = [&](int number) {
      if (number < 0 || number >= kDecades) return std::numeric_limits<double>::infinity();
      if (!tried.contains(number)) {
        fitting.penalty = decade(number);
        tried[number] = fit_folds(rows, all, folds, fitting);
      }
      return tried[number].loss;
    };
    int number = kFirstDecade;
    while (loss(number + 1) < loss(number)) ++number;
    while (loss(number - 1) < loss(number)) --number;
    best = std::move(tried[number]);
    fitting.penalty = decade(number);
  }
  result.held_out = std::move(best.held_out);
  const DesignRows& whole_rows = *rows.back();
  result.fit.coefficients.assign(whole_rows.columns(), 0.0);
  if (result.held_out.empty()) return result;
  const BradleyTerryFit whole =
      fit_bradley_terry(whole_rows, all.pairs, all.log_weights, {}, fitting);
  result.fit.coefficients = whole.coefficients;
  result.fit.penalty = whole.penalty;
  result.fit.weights = diagnose_weights(log_weights);
  if (whole.status == BradleyTerryStatus::cancelled) {
    result.held_out.clear();
    return result;
  }
  result.fit.degrees_of_freedom = effective_parameters(whole_rows, all, whole, options.threads);
  double unit = 0;
  if (options.sure_win > 0) {
    std::vector<double> leads;
    std::vector<double> weights = all.log_weights;
    normalise_log_weights(weights);
    for (std::size_t p = 0; p < weights.size(); ++p) {
      weights[p] = std::exp(weights[p]);
      leads.push_back(result.held_out[all.pairs[p].winner] - result.held_out[all.pairs[p].loser]);
    }
    // Callers take standard deviations of the labels off, in which a sure win is 1.
    unit = options.sure_win * likely_scale(leads, weights);
  } else {
    unit = slope(result.held_out, targets, groups, even);
  }
  if (!(unit > 0)) {
    result.fit.remark =
        "out of sample the order that was learned does not agree with the rewards; its reward is "
        "constant.";
  }
  for (double& a : result.fit.coefficients) a *= unit;
  for (double& value : result.held_out) value *= unit;
  return result;
}

}  // namespace esscher::internal
