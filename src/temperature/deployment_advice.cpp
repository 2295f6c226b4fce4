#include "esscher/temperature/deployment_advice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/temperature/simultaneous_gains.h"

namespace esscher {
namespace {

/// So many effective rows, at least, tell an error: intervals that rest on fewer were not found to
/// hold.
constexpr double kLeastRows = 5;

/// A policy with what is known of its gain.
struct AdvisedPoint {
  const TablePolicyValue* policy;
  Interval gain;

  /// Errors need several rows or, with groups, several groups.
  bool told() const {
    if (policy->groups > 0) return policy->reliable;
    return policy->gain.standard_error == 0 || policy->ess >= kLeastRows;
  }
  std::string untold() const {
    if (policy->groups > 0) return policy->remark;
    return "the tilt leaves " + number_text(policy->ess, 3) + " effective rows; " +
           number_text(kLeastRows) + " are needed to tell an error";
  }
  bool gains() const { return told() && gain.low > 0; }
  double cautious() const { return (gain.low + policy->gain.value) / 2; }
  const TableEstimate& rise() const { return policy->rise; }
};

std::string short_text(double value) { return number_text(value, 3); }

std::string stop_sentence(AdviceLimit limit, const AdvisedPoint& at) {
  const std::string beta = short_text(at.policy->beta);
  const bool loses = at.gain.high < 0;
  switch (limit) {
    case AdviceLimit::grid_end:
      return "Lower temperatures were not looked at: the end of the grid is not a limit.";
    case AdviceLimit::learning_cost:
      return "It stops before " + beta +
             (loses ? ": there the policy costs more KL than it gains, the reward's errors eat it."
                    : ": there the gain can no longer be told from zero, the reward's errors eat "
                      "it.");
    case AdviceLimit::unreliable:
      return "It stops before " + beta + ": " + at.untold() + ".";
    case AdviceLimit::gold_turned:
      return "It stops before " + beta +
             ": there the true reward falls while the learned one still rises (over-optimisation).";
    case AdviceLimit::not_learnable:
      break;
  }
  throw InternalError("no such limit");
}

std::string refusal(std::span<const AdvisedPoint> points) {
  const std::string head = "No safe temperature: tilting by this learned reward is not supported. ";
  const auto told = [](const AdvisedPoint& point) { return point.told(); };
  if (std::ranges::none_of(points, told)) {
    return head + "At " + short_text(points.front().policy->beta) + ", the mildest tilt, " +
           points.front().untold() + ".";
  }
  const auto loses = [](const AdvisedPoint& point) { return point.gain.high < 0; };
  if (std::ranges::all_of(points, loses)) {
    return head +
           "At every temperature the policy costs more KL than it gains: the learned reward is too "
           "large for what it knows.";
  }
  const AdvisedPoint& nearest = *std::ranges::max_element(
      points, {}, [](const AdvisedPoint& point) { return point.gain.low; });
  return head + "At no temperature can the gain be told from zero (nearest to it at " +
         short_text(nearest.policy->beta) + ": " + short_text(nearest.policy->gain.value) + " [" +
         short_text(nearest.gain.low) + ", " + short_text(nearest.gain.high) +
         "]): the reward is not learnable from these features, or not from so few rows.";
}

/// Whether the gold value lies clearly below the best of points [first, i).
bool turned(std::span<const AdvisedPoint> points, std::size_t first, std::size_t i) {
  return std::ranges::any_of(points.subspan(first, i - first), [&](const AdvisedPoint& above) {
    return points[i].rise().value + points[i].rise().standard_error < above.rise().value;
  });
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
                                   std::span<const Interval> gains) {
  if (points.empty() || gains.size() != points.size()) {
    throw UsageError(rejection(
        "points", std::to_string(points.size()) + " and " + std::to_string(gains.size()) + " gains",
        "there must be one at least, and a gain for each"));
  }
  std::vector<AdvisedPoint> descending;
  for (std::size_t i = 0; i < points.size(); ++i) descending.push_back({&points[i], gains[i]});
  std::ranges::sort(descending, std::ranges::greater{},
                    [](const AdvisedPoint& point) { return point.policy->beta; });
  // Where there is no tilt there is nothing to judge.
  if (std::ranges::any_of(points, is_tilted)) {
    std::erase_if(descending, [](const AdvisedPoint& p) { return !is_tilted(*p.policy); });
  }

  DeploymentAdvice advice;
  const auto best = std::ranges::max_element(descending, {}, [](const AdvisedPoint& point) {
    return point.gains() ? point.cautious() : -std::numeric_limits<double>::infinity();
  });
  if (!best->gains() || !is_tilted(*best->policy)) {
    const bool none = std::ranges::none_of(descending, [](const auto& p) { return p.told(); });
    advice.limit = none ? AdviceLimit::unreliable : AdviceLimit::not_learnable;
    advice.verdict = refusal(descending);
    return advice;
  }
  const auto at = static_cast<std::size_t>(best - descending.begin());
  std::size_t first = at;
  while (first > 0 && descending[first - 1].gains()) --first;
  std::size_t stop = at + 1;
  advice.limit = AdviceLimit::grid_end;
  for (; stop < descending.size(); ++stop) {
    if (!descending[stop].told()) {
      advice.limit = AdviceLimit::unreliable;
    } else if (!descending[stop].gains()) {
      advice.limit = AdviceLimit::learning_cost;
    } else if (turned(descending, first, stop)) {
      advice.limit = AdviceLimit::gold_turned;
    } else {
      continue;
    }
    break;
  }

  TemperatureInterval interval;
  interval.low = descending[stop - 1].policy->beta;
  interval.high = descending[first].policy->beta;
  if (stop < descending.size()) interval.low_excluded = descending[stop].policy->beta;
  if (first > 0) interval.high_excluded = descending[first - 1].policy->beta;
  const TablePolicyValue& chosen = *best->policy;
  advice.admissible = interval;
  advice.recommended = chosen.beta;
  advice.gain = chosen.gain;
  advice.gain->interval = best->gain;
  if (chosen.groups == 0 && chosen.gain.standard_error > 0) {
    const double share = chosen.value.standard_error / chosen.gain.standard_error;
    advice.labels_to_halve =
        static_cast<std::uint64_t>(std::ceil(3 * chosen.ess * std::max(1.0, share * share)));
  }
  advice.verdict = "Admissible temperatures: " + interval.text() +
                   ". Recommended: " + short_text(chosen.beta) + ", with a gain of at least " +
                   short_text(best->gain.low) + " over the reference, KL counted (estimate " +
                   short_text(chosen.gain.value) + ", at most " + short_text(best->gain.high) +
                   "). " +
                   stop_sentence(advice.limit, descending[std::min(stop, descending.size() - 1)]);
  return advice;
}

}  // namespace esscher
