#pragma once

/// \file
/// How low the deployment temperature may go, read off measured policies (mathematics, sections 7,
/// 8 and 10; the procedure is ours).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "esscher/policy/table_policy.h"
#include "esscher/temperature/admissible_set.h"

namespace esscher {

/// Why the admissible temperatures end where they end.
enum class AdviceLimit {
  grid_end,       ///< they do not: lower temperatures were not looked at
  learning_cost,  ///< the gain can no longer be told from zero: the reward's errors eat it
  /// Too few effective rows, or groups, to say what the policy is worth; or none but strong
  /// policies were looked at, of which none gains for sure.
  unreliable,
  gold_turned,    ///< the true reward falls while the learned one still rises: over-optimisation
  not_learnable,  ///< no tilt has a gain that can be told from zero, nor does the reward tell gold
};
std::string_view advice_limit_name(AdviceLimit limit);

/// Halfway between the lower end of a gain's interval and its estimate: what is picked by among
/// policies that gain for sure. By lower ends alone wide intervals would count for nothing else,
/// and most of what low temperatures gain would be left; by estimates alone the luckiest would win.
double cautious_gain(const TableEstimate& gain);

/// Whose failure it is where a reward has no safe temperature.
enum class RewardOrigin {
  learned,  ///< that of features and rows from which it was learned
  given,    ///< its own
};

/// What is known of a reward where it has no safe temperature.
struct RewardFacts {
  RewardOrigin origin = RewardOrigin::learned;
  bool tells = false;  ///< the gold reward for sure: its policies fail for another reason
};

/// Policies, or choices among candidates, with an interval for the gain of each.
template <class Policy>
struct ToldGains {
  std::span<const Policy> points{};
  std::span<const Interval> gains{};
};

struct DeploymentAdvice {
  /// The temperatures around the recommended one whose gains all lie above zero. Empty: no safe
  /// temperature.
  std::optional<TemperatureInterval> admissible;
  /// Of the temperatures whose gain lies above zero the highest whose cautious_gain() is the
  /// largest, or less by a thousandth at most.
  std::optional<double> recommended;
  /// J - reference at the recommended temperature, with the interval that was given.
  std::optional<TableEstimate> gain;
  bool of_labelled = false;  ///< the gain is told from the labelled rows alone
  AdviceLimit limit = AdviceLimit::not_learnable;
  /// So many more labels of rows drawn from the recommended policy would halve the interval of its
  /// value, roughly: three times those that carry it now. To be averaged apart from the table,
  /// whose rows they do not belong to: they are no draw from pi_0. Empty with groups.
  std::optional<std::uint64_t> labels_to_halve;
  std::string verdict;  ///< plain sentences
};

/// The gains' intervals must hold for all policies among which anything is picked
/// (temperature/simultaneous_gains.h); then every gain that is admitted holds with them, in
/// whatever order temperatures pass or fail, and a failing mild temperature ends nothing. From the
/// recommended temperature the admissible ones reach up and down to the first whose lower end is 0
/// or less; downwards also to the first whose gold value lies more than one standard error (of its
/// rise over the reference, since levels of groups are common to all temperatures) below the best
/// above it. A temperature does not count without a tilt (KL below 1e-6), nor where the tilt leaves
/// fewer than 5 effective rows or clusters, a coverage below 1/2 (TablePolicyValue::coverage) or
/// more than a tenth of its weight beyond (TablePolicyValue::beyond) or, with groups, the policy is
/// not reliable.
/// \param points  one policy at distinct temperatures, in any order
/// \param gains   an interval for each
/// \param of_labelled  the same policies in the same order, told from the labelled rows alone where
///                     those of \p points are told from others, too; all intervals must hold at
///                     once. At each temperature that one counts which gains for sure, of two the
///                     one of the larger cautious_gain(); but not the labelled rows where more than
///                     a fifth of the policy lies beyond them, or where they carry more of it than
///                     their due by two standard errors, 1/sqrt(ESS) each. Empty: none
/// \throws UsageError where there are no points, or not as many intervals
DeploymentAdvice advise_deployment(std::span<const TablePolicyValue> points,
                                   std::span<const Interval> gains, const RewardFacts& reward = {},
                                   const ToldGains<TablePolicyValue>& of_labelled = {});

}  // namespace esscher
