#include "pipeline/preference_fit.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

void add_pair(std::vector<Preference>& pairs, std::span<const double> targets, std::uint64_t a,
              std::uint64_t b) {
  if (targets[a] > targets[b]) pairs.push_back({a, b});
  if (targets[a] < targets[b]) pairs.push_back({b, a});
}

/// Pairs with their weights and folds, of which a fit leaves one out.
struct WeightedPairs {
  std::vector<Preference> pairs;
  std::vector<double> log_weights;
  std::vector<std::uint32_t> folds;

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

std::vector<Preference> preferences(std::span<const double> targets,
                                    std::span<const std::uint32_t> groups, std::uint64_t seed) {
  std::vector<std::vector<std::uint64_t>> members(std::size_t{std::ranges::max(groups)} + 1);
  for (std::size_t i = 0; i < groups.size(); ++i) members[groups[i]].push_back(i);
  std::vector<double> up_to;  // pairs in groups up to and with this one
  double total = 0;
  for (const std::vector<std::uint64_t>& group : members) {
    const auto n = static_cast<double>(group.size());
    up_to.push_back(total += n * (n - 1) / 2);
  }
  std::vector<Preference> pairs;
  if (total <= static_cast<double>(kMostPairs)) {
    for (const std::vector<std::uint64_t>& group : members) {
      for (std::size_t a = 0; a < group.size(); ++a) {
        for (std::size_t b = a + 1; b < group.size(); ++b) {
          add_pair(pairs, targets, group[a], group[b]);
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
    add_pair(pairs, targets, group[a], group[b]);
  }
  return pairs;
}

CrossFit cross_fit_preferences(const DesignRows& rows, std::span<const double> targets,
                               std::span<const double> log_weights,
                               std::span<const std::uint32_t> folds,
                               std::span<const std::uint32_t> groups, std::span<const double> even,
                               const PreferenceFitOptions& options) {
  WeightedPairs all{preferences(targets, groups, options.seed), {}, {}};
  if (all.pairs.empty()) {
    throw DataError("rewards: no group has two different ones, so that none is preferred");
  }
  for (const auto& [winner, loser] : all.pairs) {
    all.log_weights.push_back(log_weights[winner] + log_weights[loser]);
    all.folds.push_back(folds[winner]);
  }
  const std::uint32_t count = *std::ranges::max_element(folds) + 1;
  BradleyTerryOptions fitting;
  fitting.folds = static_cast<int>(count);
  fitting.threads = options.threads;
  fitting.callbacks = options.callbacks;
  if (options.penalty) {
    fitting.rule = PenaltyRule::fixed;
    fitting.penalty = *options.penalty;
  }
  const BradleyTerryFit whole =
      fit_bradley_terry(rows, all.pairs, all.log_weights, all.folds, fitting);
  CrossFit result;
  result.fit.coefficients = whole.coefficients;
  result.fit.penalty = whole.penalty;
  result.fit.weights = diagnose_weights(log_weights);
  result.fit.degrees_of_freedom = static_cast<double>(rows.columns() + 1);
  if (whole.status == BradleyTerryStatus::cancelled) return result;

  fitting.rule = PenaltyRule::fixed;
  fitting.penalty = whole.penalty;
  result.held_out.resize(targets.size());
  for (std::uint32_t fold = 0; fold < count; ++fold) {
    const WeightedPairs others = all.without(fold);
    const BradleyTerryFit fit =
        fit_bradley_terry(rows, others.pairs, others.log_weights, {}, fitting);
    if (fit.status == BradleyTerryStatus::cancelled) {
      result.held_out.clear();
      return result;
    }
    const std::vector<double> values = predict(rows, fit.coefficients, 0, options.threads);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (folds[i] == fold) result.held_out[i] = values[i];
    }
  }
  const double unit = slope(result.held_out, targets, groups, even);
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
