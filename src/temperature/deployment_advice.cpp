#include "esscher/temperature/deployment_advice.h"

#include <algorithm>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher {
namespace {

double lower_limit(const TableEstimate& estimate, double level) {
  return estimate.interval ? estimate.interval->low : estimate.lower(level);
}

double upper_limit(const TableEstimate& estimate, double level) {
  return estimate.interval ? estimate.interval->high : estimate.upper(level);
}

/// A policy that is the reference to six digits gains nothing, whatever the last digits say.
constexpr double kNoTilt = 1e-6;

std::string short_text(double value) { return number_text(value, 3); }

std::string stop_sentence(AdviceLimit limit, const TablePolicyValue& at, double level) {
  const std::string beta = short_text(at.beta);
  const bool loses = upper_limit(at.gain, level) < 0;
  switch (limit) {
    case AdviceLimit::grid_end:
      return "Lower temperatures were not looked at: the end of the grid is not a limit.";
    case AdviceLimit::learning_cost:
      return "It stops before " + beta +
             (loses ? ": there the policy costs more KL than it gains, the reward's errors eat it."
                    : ": there the gain can no longer be told from zero, the reward's errors eat "
                      "it.");
    case AdviceLimit::unreliable:
      return "It stops before " + beta + ": " + at.remark + ".";
    case AdviceLimit::gold_turned:
      return "It stops before " + beta +
             ": there the true reward falls while the learned one still rises (over-optimisation).";
    case AdviceLimit::not_learnable:
      return "Even at " + beta +
             (loses ? ", the mildest tilt, the policy costs more KL than it gains: the learned "
                      "reward is too large for what it knows."
                    : ", the mildest tilt, the gain cannot be told from zero: the reward is not "
                      "learnable from these features, or not from so few rows.");
  }
  throw InternalError("no such limit");
}

/// What is wrong at a temperature, given the best gold value above it; grid_end: nothing.
AdviceLimit look_at(const TablePolicyValue& point, const TablePolicyValue* best, double level) {
  if (!point.reliable) return AdviceLimit::unreliable;
  if (!(lower_limit(point.gain, level) > 0) || point.kl.value < kNoTilt) {
    return best == nullptr ? AdviceLimit::not_learnable : AdviceLimit::learning_cost;
  }
  const bool turned =
      best != nullptr && point.rise.value + point.rise.standard_error < best->rise.value;
  return turned ? AdviceLimit::gold_turned : AdviceLimit::grid_end;
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

DeploymentAdvice advise_deployment(std::span<const TablePolicyValue> points, double level) {
  if (points.empty()) {
    throw UsageError(rejection("points", "none", "must hold at least one temperature"));
  }
  std::vector<const TablePolicyValue*> descending;
  for (const TablePolicyValue& point : points) descending.push_back(&point);
  std::ranges::sort(descending, [](const auto* a, const auto* b) { return a->beta > b->beta; });

  // Where there is no tilt to judge the sequence has not begun.
  const auto first = std::ranges::find_if(
      descending, [](const auto* point) { return point->kl.value >= kNoTilt; });
  if (first != descending.end()) descending.erase(descending.begin(), first);

  DeploymentAdvice advice;
  advice.limit = AdviceLimit::grid_end;
  const TablePolicyValue* best = nullptr;
  std::size_t passed = 0;
  for (; passed < descending.size(); ++passed) {
    const TablePolicyValue& point = *descending[passed];
    advice.limit = look_at(point, best, level);
    if (advice.limit != AdviceLimit::grid_end) break;
    if (best == nullptr || point.rise.value > best->rise.value) best = &point;
  }
  const TablePolicyValue& stop = *descending[std::min(passed, descending.size() - 1)];
  if (passed == 0) {
    advice.verdict =
        "No safe temperature: tilting by this learned reward is not supported. " +
        (advice.limit == AdviceLimit::unreliable
             ? "At " + short_text(stop.beta) + ", the mildest tilt, " + stop.remark + "."
             : stop_sentence(advice.limit, stop, level));
    return advice;
  }
  TemperatureInterval interval;
  interval.low = descending[passed - 1]->beta;
  interval.high = descending[0]->beta;
  if (passed < descending.size()) interval.low_excluded = stop.beta;
  const auto good = std::find_if(descending.begin(), descending.end(), [&](const auto* point) {
    return point->rise.value >= best->rise.value - best->rise.standard_error;
  });
  advice.admissible = interval;
  advice.recommended = (*good)->beta;
  advice.gain = (*good)->gain;
  advice.verdict = "Admissible temperatures: " + interval.text() +
                   ". Recommended: " + short_text((*good)->beta) + ", with an expected gain of " +
                   short_text((*good)->gain.value) + " [" +
                   short_text(lower_limit((*good)->gain, level)) + ", " +
                   short_text(upper_limit((*good)->gain, level)) +
                   "] over the reference, KL counted. " + stop_sentence(advice.limit, stop, level);
  return advice;
}

}  // namespace esscher
