#include "esscher/temperature/deployment_advice.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/temperature/simultaneous_gains.h"
#include "policy/table_cells.h"
#include "temperature/advised_points.h"

namespace esscher {
namespace {

using internal::AdvisedPoint;
using internal::AdvisedRange;

AdvisedPoint advised_point(const TablePolicyValue& policy, const Interval& gain) {
  AdvisedPoint point{.at = policy.beta,
                     .kl = policy.kl.value,
                     .gain = static_cast<const Estimate&>(policy.gain),
                     .interval = gain,
                     .rise = static_cast<const Estimate&>(policy.rise),
                     .tilted = is_tilted(policy)};
  if (policy.groups == 0 && !policy.reliable && policy.ess < internal::kLeastEffectiveRows) {
    point.frail = policy.ess;
  }
  if (policy.groups > 0 || !internal::known_where_it_goes(policy.coverage, policy.beyond)) {
    point.told = policy.reliable;
    point.untold = policy.remark;
  } else if (policy.gain.standard_error > 0 && policy.ess < internal::kLeastRows) {
    point.told = false;
    point.few_rows = true;
    point.untold = "the tilt leaves " + number_text(policy.ess, 3) +
                   (policy.clusters > 0 ? " effective clusters; " : " effective rows; ") +
                   number_text(internal::kLeastRows) + " are needed to tell an error";
  }
  return point;
}

}  // namespace

std::string_view advice_limit_name(AdviceLimit limit) {
  switch (limit) {
    case AdviceLimit::grid_end:
      return "grid_end";
    case AdviceLimit::learning_cost:
      return "learning_cost";
    case AdviceLimit::unreliable:
      return "unreliable";
    case AdviceLimit::gold_turned:
      return "gold_turned";
    case AdviceLimit::not_learnable:
      return "not_learnable";
  }
  throw InternalError("no such limit");
}

double cautious_gain(const TableEstimate& gain) {
  return gain.interval ? (gain.interval->low + gain.value) / 2 : gain.value;
}

DeploymentAdvice advise_deployment(std::span<const TablePolicyValue> points,
                                   std::span<const Interval> gains, const RewardFacts& reward,
                                   const ToldGains<TablePolicyValue>& of_labelled) {
  internal::require_gains(points.size(), gains.size());
  const bool twice = !of_labelled.points.empty();
  if (twice) internal::require_gains(of_labelled.points.size(), of_labelled.gains.size());
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, std::ranges::greater{}, [&](std::size_t i) { return points[i].beta; });
  // Where there is no tilt there is nothing to judge.
  if (std::ranges::any_of(points, is_tilted)) {
    std::erase_if(order, [&](std::size_t i) { return !is_tilted(points[i]); });
  }
  std::vector<AdvisedPoint> descending;
  for (const std::size_t i : order) {
    AdvisedPoint point = advised_point(points[i], gains[i]);
    if (twice && internal::may_speak(points[i].coverage, points[i].beyond, points[i].ess)) {
      point =
          internal::more_certain(point, advised_point(of_labelled.points[i], of_labelled.gains[i]));
    }
    descending.push_back(std::move(point));
  }

  const internal::AdviceWords words{.kl_counted = true, .reward = reward};
  DeploymentAdvice advice;
  const std::optional<AdvisedRange> range = internal::advised_range(descending);
  if (!range) {
    advice.limit = internal::no_gain_limit(descending, words);
    advice.verdict = "No safe temperature: tilting by this reward is not supported. " +
                     internal::no_gain_sentence(descending, words);
    return advice;
  }
  advice.limit = range->limit;
  const auto [at, first, stop, _] = *range;
  TemperatureInterval interval;
  interval.low = descending[stop - 1].at;
  interval.high = descending[first].at;
  if (stop < descending.size()) interval.low_excluded = descending[stop].at;
  if (first > 0) interval.high_excluded = descending[first - 1].at;
  const AdvisedPoint& best = descending[at];
  const TablePolicyValue& chosen = (best.of_labelled ? of_labelled.points : points)[order[at]];
  advice.admissible = interval;
  advice.recommended = chosen.beta;
  advice.gain = chosen.gain;
  advice.gain->interval = best.interval;
  advice.of_labelled = best.of_labelled;
  if (chosen.groups == 0 && chosen.gain.standard_error > 0) {
    const double share = chosen.value.standard_error / chosen.gain.standard_error;
    advice.labels_to_halve =
        static_cast<std::uint64_t>(std::ceil(3 * chosen.ess * std::max(1.0, share * share)));
  }
  advice.verdict = "Admissible temperatures: " + interval.text() +
                   ". Recommended: " + number_text(chosen.beta, 3) + ", with " +
                   internal::gain_text(best, words) + ". " +
                   internal::stop_sentence(*range, descending, words) +
                   internal::start_sentence(*range, descending, words);
  return advice;
}

}  // namespace esscher
