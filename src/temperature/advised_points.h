#pragma once

/// \file
/// Which of several policies to take, and how far from it the others are admissible: one rule for
/// temperatures and for best-of-n.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "esscher/policy/estimate.h"
#include "esscher/policy/table_policy.h"
#include "esscher/temperature/deployment_advice.h"
#include "policy/table_cells.h"

namespace esscher::internal {

/// A policy with what is known of its gain.
struct AdvisedPoint {
  double at = 0;  ///< the temperature, or n
  double kl = 0;  ///< of the policy from the reference, roughly
  Estimate gain{};
  Interval interval{};
  Estimate rise{};        ///< of the gold value over the reference, by all rows
  bool rise_told = true;  ///< these tell its error
  /// The same by the labelled rows alone, where they may speak.
  std::optional<Estimate> labelled_rise{};
  bool tilted = true;        ///< false where it is the reference
  bool told = true;          ///< several rows or, with groups, several groups tell its error
  std::string untold{};      ///< why they do not
  bool few_rows = false;     ///< for want of effective rows
  bool of_labelled = false;  ///< told from the labelled rows alone
  /// Effective rows, where they are too few for its own interval.
  std::optional<double> frail{};

  bool gains() const { return told && tilted && interval.low > 0; }
  double cautious() const { return (interval.low + gain.value) / 2; }
};

/// Whether labelled rows may speak for themselves of a policy, by what all rows know of it. No more
/// than a fifth of it may lie on rows that score above every labelled one: what those are worth is
/// told by how gold bends below them, which a gold reward that turns there may belie. And the
/// labelled rows' weight must not be above its due by more than two standard errors: else they are
/// no random draw where the policy goes.
/// \param coverage, beyond, ess  as in TablePolicyValue
bool may_speak(double coverage, double beyond, double ess);

/// Of one policy told twice, what promises more: what gains for sure, of two the more cautious
/// gain. Both intervals must hold at once.
AdvisedPoint more_certain(const AdvisedPoint& told, const AdvisedPoint& of_labelled);

struct AdvisedRange {
  std::size_t best = 0;
  std::size_t first = 0;  ///< of the points around the best one that are admissible
  std::size_t stop = 0;   ///< behind their last
  AdviceLimit limit = AdviceLimit::grid_end;  ///< why it stops there
};

/// \throws UsageError unless there is a point, and a gain for each
void require_gains(std::size_t points, std::size_t gains);

/// \param points  from the mildest policy to the strongest, one at least
/// \return none where no point gains for sure
std::optional<AdvisedRange> advised_range(std::span<const AdvisedPoint> points);

/// What sentences must know.
struct AdviceWords {
  bool kl_counted = true;  ///< in the gains
  RewardFacts reward{};
};

/// "It stops before 0.5: ...", the sentence that tells the limit.
std::string stop_sentence(const AdvisedRange& range, std::span<const AdvisedPoint> points,
                          const AdviceWords& words);

/// " Higher temperatures are no safer: ...", where milder policies than those of the range fail;
/// else nothing.
std::string start_sentence(const AdvisedRange& range, std::span<const AdvisedPoint> points,
                           const AdviceWords& words);

/// Why no point gains for sure. A reward is not said to be beyond learning where none but strong
/// policies were looked at, and the mildest may gain: a milder one rests on more rows.
/// One that tells the gold reward costs more than it gains, or rows are too few.
AdviceLimit no_gain_limit(std::span<const AdvisedPoint> points, const AdviceWords& words);

/// The same as a sentence or two.
std::string no_gain_sentence(std::span<const AdvisedPoint> points, const AdviceWords& words);

/// "a gain of at least 0.5 over the reference, KL counted (estimate 0.7, at most 0.9)".
std::string gain_text(const AdvisedPoint& point, const AdviceWords& words);

}  // namespace esscher::internal
