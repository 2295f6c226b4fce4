#include "pipeline/against_target.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "policy/table_cells.h"
#include "temperature/advised_points.h"

namespace esscher::internal {
namespace {

/// Whether an error can be told.
template <class Policy>
bool value_is_told(const Policy& policy) {
  const double error = policy.steady_value.standard_error;
  if (error == 0) return true;  // exact
  return policy.ess >= kLeastRows && known_where_it_goes(policy.coverage, policy.beyond);
}

/// "'judge' at beta 1, 0.71".
std::string places(const std::vector<ReachingPolicy>& reached) {
  std::string text;
  const ReachingPolicy* last = nullptr;
  for (const ReachingPolicy& policy : reached) {
    const bool goes_on = last != nullptr && last->name == policy.name &&
                         last->beta.has_value() == policy.beta.has_value() &&
                         last->n.has_value() == policy.n.has_value();
    const std::optional<double> at = policy.beta ? policy.beta : policy.n;
    if (goes_on && at) {
      text += ", " + number_text(*at, 3);
    } else {
      text += (text.empty() ? "" : "; ") + in_quotes(policy.name);
      if (policy.beta) text += " at beta " + number_text(*at, 3);
      if (policy.n) text += ", best of " + number_text(*at, 4);
    }
    last = &policy;
  }
  return text;
}

std::string verdict_of(const TargetAnswer& answer, double alpha) {
  const std::string target = number_text(answer.target, 6);
  std::string text;
  if (answer.reached.empty()) {
    text = "Target " + target + ": of none of the " + std::to_string(answer.policies) +
           " policies here can it be told that its true mean reaches it.";
  } else {
    const auto& best = *std::ranges::max_element(answer.reached, {}, &ReachingPolicy::low);
    text = "Target " + target + ": a true mean of at least that have " + places(answer.reached) +
           " (" + std::to_string(answer.reached.size()) + " of " + std::to_string(answer.policies) +
           " policies; nominal chance that any of them has not: " + number_text(alpha, 3) +
           "). The highest lower end is that of " + places({best}) + ", " +
           number_text(best.low, 4) + " (estimate " + number_text(best.value, 4) + ").";
  }
  if (answer.untold > 0) {
    text += " " + std::to_string(answer.untold) +
            (answer.untold == 1 ? " could not be told: its known rows are"
                                : " could not be told: their known rows are") +
            " too few where it would go.";
  }
  return text;
}

}  // namespace

AgainstTarget::AgainstTarget(double target, bool grouped) {
  if (!std::isfinite(target)) throw UsageError(rejection("--target", target, "must be finite"));
  if (grouped) {
    throw UsageError(rejection(
        "--target", target,
        "within groups the level of the gold reward is nobody's, only rises have a meaning",
        "leave it out, and look at the gains"));
  }
  answer_.target = target;
}

void AgainstTarget::add(ReachingPolicy policy, const MeasuredValue& value, bool told) {
  ++answer_.policies;
  if (!told) {
    ++answer_.untold;
    return;
  }
  policy.value = value.value.value;
  policies_.push_back(std::move(policy));
  values_.push_back(value);
}

void AgainstTarget::add_tilts(const std::string& name, std::span<const TablePolicyValue> policies) {
  for (const TablePolicyValue& policy : policies) {
    add({.name = name, .beta = policy.beta}, measured_value(policy), value_is_told(policy));
  }
}

void AgainstTarget::add_best_of_n(const std::string& name, std::span<const BestOfNValue> choices) {
  for (const BestOfNValue& best : choices) {
    add({.name = name, .n = best.n}, measured_value(best), value_is_told(best));
  }
}

void AgainstTarget::add_trained(const std::string& name, const TablePolicyValue& policy) {
  add({.name = name}, measured_value(policy), value_is_told(policy));
}

TargetAnswer AgainstTarget::answer(double alpha, std::uint64_t seed) const {
  TargetAnswer answer = answer_;
  const std::vector<double> ends = TargetTest(values_, alpha, seed).lower_ends(answer.target);
  for (std::size_t k = 0; k < ends.size(); ++k) {
    if (!(ends[k] >= answer.target)) continue;
    answer.reached.push_back(policies_[k]);
    answer.reached.back().low = ends[k];
  }
  answer.verdict = verdict_of(answer, alpha);
  return answer;
}

}  // namespace esscher::internal
