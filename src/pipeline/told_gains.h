#pragma once

/// \file
/// Gains of several rewards' policies, with intervals that hold for all of them at once, told once
/// or, where labelled rows may speak for themselves, twice.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "esscher/policy/table_policy.h"
#include "esscher/temperature/best_of_n_advice.h"
#include "esscher/temperature/simultaneous_gains.h"

namespace esscher::internal {

/// The labelled rows tell what a policy is worth; what it costs is told by all rows, if that is
/// more: a draw that has missed the heaviest rows knows neither.
inline void price_by_all(const TablePolicyValue& all, TablePolicyValue& labelled) {
  const auto cost = [](const TablePolicyValue& policy) {
    return policy.value.value - policy.objective.value;
  };
  const double more = std::max(0.0, cost(all) - cost(labelled));
  labelled.objective.value -= more;
  labelled.gain.value -= more;
}

/// Policies of one reward, and where the intervals of their gains go.
template <class Policy>
struct GainSeries {
  std::vector<Policy>* points = nullptr;
  std::vector<Interval>* gains = nullptr;
  /// The same told from the labelled rows alone; nullptr, for all rewards: they are not.
  std::vector<Policy>* labelled_points = nullptr;
  std::vector<Interval>* labelled_gains = nullptr;

  ToldGains<Policy> of_labelled() const {
    if (!labelled_points) return {};
    return {*labelled_points, *labelled_gains};
  }
};

inline GainSeries<TablePolicyValue> gain_series(std::vector<TablePolicyValue>& points,
                                                std::vector<Interval>& gains,
                                                ToldByLabelled& labelled) {
  if (labelled.policies.empty()) return {&points, &gains};
  return {&points, &gains, &labelled.policies, &labelled.gains};
}
inline GainSeries<BestOfNValue> gain_series(std::vector<BestOfNValue>& points,
                                            std::vector<Interval>& gains,
                                            ToldByLabelled& labelled) {
  if (labelled.best_of_n.empty()) return {&points, &gains};
  return {&points, &gains, &labelled.best_of_n, &labelled.best_of_n_gains};
}

/// Fills in the intervals of \p gains of all \p points, and clears influences.
template <class Policy>
void tell_gains(std::vector<GainSeries<Policy>>& rewards,
                std::vector<Policy>* GainSeries<Policy>::*points,
                std::vector<Interval>* GainSeries<Policy>::*gains, double alpha,
                std::uint64_t seed) {
  std::vector<MeasuredGain> all;
  for (const auto& reward : rewards) {
    for (const Policy& policy : *(reward.*points)) all.push_back(measured_gain(policy));
  }
  const SimultaneousGains told = simultaneous_gains(all, alpha, seed);
  auto next = told.intervals.begin();
  for (const auto& reward : rewards) {
    (reward.*gains)->clear();
    for (Policy& policy : *(reward.*points)) {
      (reward.*gains)->push_back(*next++);
      policy.clear_influences();
    }
  }
}

/// All intervals of all rewards hold at once, nominally with probability 1 - \p alpha: what is told
/// twice is told at half of it each time.
template <class Policy>
void tell_gains(std::vector<GainSeries<Policy>>& rewards, double alpha, std::uint64_t seed) {
  using Series = GainSeries<Policy>;
  const bool twice = !rewards.empty() && rewards.front().labelled_points;
  if (twice) alpha /= 2;
  tell_gains<Policy>(rewards, &Series::points, &Series::gains, alpha, seed);
  if (!twice) return;
  tell_gains<Policy>(rewards, &Series::labelled_points, &Series::labelled_gains, alpha, seed);
}

}  // namespace esscher::internal
