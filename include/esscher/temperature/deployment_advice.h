#pragma once

/// \file
/// How low the deployment temperature may go, read off measured policies (mathematics, sections 7
/// and 8; the procedure is ours).

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
  unreliable,     ///< too few effective rows to say what the policy is worth
  gold_turned,    ///< the true reward falls while the learned one still rises: over-optimisation
  not_learnable,  ///< not even the mildest tilt has a gain that can be told from zero
};
std::string_view advice_limit_name(AdviceLimit limit);

struct DeploymentAdvice {
  /// Empty: no safe temperature.
  std::optional<TemperatureInterval> admissible;
  /// Of the admissible temperatures the highest whose gold value is within one standard error of
  /// the best one: as much as can be had, for as little tilt as it takes. The error is that of the
  /// rise over the reference, since levels of groups are common to all temperatures.
  std::optional<double> recommended;
  std::optional<TableEstimate> gain;  ///< J - reference at the recommended temperature
  AdviceLimit limit = AdviceLimit::not_learnable;
  std::string verdict;  ///< plain sentences
};

/// Goes down from the highest temperature at which there is a tilt (KL of 1e-6) and stops at the
/// first that is not reliable, whose gain has a lower limit of 0 or less, or whose gold value lies
/// more than one standard error (of its rise) below the best so far. Since each temperature is
/// looked at only if all higher ones passed, the chance that any is admitted where no tilt gains is
/// at most that of one lower limit, 2.5 % at the 95 % level, however long the grid (a
/// fixed-sequence procedure: Maurer, Hothorn, Lehmacher 1995). The lower limit is the bootstrapped
/// one where there is one, else Student's at \p level. \param points  one policy at distinct
/// temperatures, in any order \throws UsageError where there are no points
DeploymentAdvice advise_deployment(std::span<const TablePolicyValue> points, double level = 0.95);

}  // namespace esscher
