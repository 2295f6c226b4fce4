#pragma once

/// \file
/// How many candidates best-of-n may choose from, by the rule of deployment temperatures
/// (deployment_advice.h; ours).

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "esscher/policy/best_of_n.h"
#include "esscher/temperature/deployment_advice.h"

namespace esscher {

/// What the labelled rows alone tell of policies that are told from others, too. All rows tell
/// better where a policy goes and what it costs; where few labelled ones have its weight, these may
/// tell better what it is worth, since what lies above them is then told by how the gold reward
/// bends (policy/above_rows.h). So gains here are of what these say it is worth and, if that is
/// more than they say, what all rows say it costs. Advice goes by whichever promises more;
/// intervals of both hold at once.
struct ToldByLabelled {
  std::vector<TablePolicyValue> policies{};
  std::vector<Interval> gains{};
  std::vector<BestOfNValue> best_of_n{};
  std::vector<Interval> best_of_n_gains{};
};

struct BestOfNAdvice {
  /// The largest n that is safe: from the recommended one on all n up to it gain for sure, and the
  /// gold value does not turn. Empty: no n is.
  std::optional<double> largest;
  std::optional<double> largest_excluded;  ///< the next n, which is not; empty: none was looked at
  /// Of the n that gain for sure that of the largest cautious_gain(); of those within a thousandth
  /// of it the smallest.
  std::optional<double> recommended;
  /// value - reference at the recommended n, with the interval that was given. KL is not counted:
  /// best-of-n has no temperature that would price it.
  std::optional<TableEstimate> gain;
  bool of_labelled = false;  ///< as DeploymentAdvice::of_labelled
  AdviceLimit limit = AdviceLimit::not_learnable;
  std::string verdict;  ///< plain sentences
};

/// \param points  best-of-n at distinct n above 1, ascending
/// \param gains   an interval for each, which must hold for all among which anything is picked
///                (simultaneous_gains.h)
/// \param of_labelled  as that of advise_deployment(), at the same n
/// \throws UsageError where there are no points, not as many intervals, or another order
BestOfNAdvice advise_best_of_n(std::span<const BestOfNValue> points,
                               std::span<const Interval> gains, const RewardFacts& reward = {},
                               const ToldGains<BestOfNValue>& of_labelled = {});

}  // namespace esscher
