#include "esscher/policy/policy_value.h"

#include <cmath>
#include <map>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/theory/multi_tilted_law.h"
#include "policy/importance.h"
#include "policy/one_direction.h"
#include "policy/policy_checks.h"
#include "policy/reward_growth.h"
#include "policy/sequential.h"

namespace esscher {
namespace {

using internal::KnownCase;

/// What follows from the gap and the best policy.
void complete(PolicyValue& value, const TiltedLaw& optimal) {
  value.optimal_value = optimal.optimal_value;
  value.reference_value = optimal.reference_value;
  value.value = value.gap;
  value.value.value = optimal.optimal_value - value.gap.value;
  // Below this the gain is rounding, and so would be any share of it.
  const double size = std::abs(optimal.reference_value) + std::abs(optimal.optimal_value);
  if (!(optimal.gain > 1e-14 * size)) return;
  value.efficiency = value.gap;
  value.efficiency->value = 1 - value.gap.value / optimal.gain;
  value.efficiency->standard_error /= optimal.gain;
}

/// Evaluates the cases numbered \p which and puts the results in their places.
template <class Evaluate>
void evaluate_some(std::span<const std::size_t> which, std::span<const KnownCase> cases,
                   std::span<PolicyValue> values, Evaluate evaluate) {
  if (which.empty()) return;
  std::vector<KnownCase> some;
  for (const std::size_t c : which) some.push_back(cases[c]);
  const std::vector<PolicyValue> found = evaluate(some);
  for (std::size_t i = 0; i < found.size(); ++i) {
    PolicyValue& value = values[which[i]];
    value = found[i];
    complete(value, some[i].optimal);
  }
}

}  // namespace

std::string_view policy_method_name(PolicyMethod method) {
  switch (method) {
    case PolicyMethod::quadrature:
      return "quadrature";
    case PolicyMethod::importance_sampling:
      return "importance_sampling";
    case PolicyMethod::sequential:
      return "sequential";
  }
  throw InternalError("unknown policy method");
}

std::string why_no_policy(const FirstLayer& layer, std::span<const double> readout, double beta) {
  try {
    internal::require_finite_tilt(layer, readout, beta);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

std::vector<PolicyValue> evaluate_policies(const FirstLayer& layer,
                                           std::span<const PolicyCase> cases,
                                           const MultiLink& reward, const PolicyOptions& options) {
  internal::check(options);
  if (reward.directions() != layer.hidden) {
    throw UsageError(rejection("reward", reward.name(),
                               "has " + std::to_string(reward.directions()) +
                                   " variables, and the layer " + std::to_string(layer.hidden) +
                                   " hidden directions"));
  }
  const Link* const single = reward.single();
  std::map<double, TiltedLaw> laws;
  std::vector<KnownCase> known;
  for (const PolicyCase& c : cases) {
    internal::check(layer, c.readout, c.intercept, c.beta);
    internal::require_finite_tilt(layer, c.readout, c.beta);
    if (!laws.contains(c.beta)) laws.emplace(c.beta, tilted_law(reward, c.beta));
    known.push_back({c, laws.at(c.beta)});
  }

  std::vector<PolicyValue> values(cases.size());
  std::vector<std::optional<internal::OneDirection>> directions(cases.size());
  std::vector<std::size_t> by_quadrature;
  std::vector<std::size_t> by_importance;
  std::vector<std::size_t> by_runs;
  for (std::size_t c = 0; c < cases.size(); ++c) {
    values[c].beta = cases[c].beta;
    values[c].reliable = false;
    values[c].remark = "cancelled before it was estimated";
    values[c].cancelled = true;
    if (single != nullptr && (!options.method || options.method == PolicyMethod::quadrature)) {
      directions[c] = internal::one_direction(layer, cases[c].readout);
    }
    if (directions[c]) {
      by_quadrature.push_back(c);
    } else if (options.method == PolicyMethod::quadrature) {
      throw UsageError(
          rejection("method", "quadrature", "a reward sees more than one direction",
                    "use importance_sampling or sequential, or leave the choice open"));
    } else if (options.method == PolicyMethod::sequential) {
      by_runs.push_back(c);
    } else {
      by_importance.push_back(c);
    }
  }

  const ParallelOptions loop{options.threads, "quadrature", options.callbacks};
  parallel_for_chunks(ChunkGrid(by_quadrature.size(), 1), loop, [&](const Chunk& chunk) {
    const std::size_t c = by_quadrature[chunk.index];
    values[c] = evaluate_one_direction(*directions[c], cases[c].intercept, *single, cases[c].beta);
  });
  if (by_importance.empty() && by_runs.empty()) return values;
  const internal::LayerFeatures features(layer);
  evaluate_some(by_importance, known, values, [&](std::span<const KnownCase> some) {
    return evaluate_by_importance(features, some, reward, options);
  });
  if (!options.method) {
    for (const std::size_t c : by_importance) {
      if (!values[c].reliable && !values[c].cancelled) by_runs.push_back(c);
    }
  }
  evaluate_some(by_runs, known, values, [&](std::span<const KnownCase> some) {
    return evaluate_by_runs(features, some, reward, options);
  });
  return values;
}

PolicyValue evaluate_policy(const Network& network, const MultiLink& reward, double beta,
                            const PolicyOptions& options) {
  const PolicyCase one{network.readout, network.intercept, beta};
  return evaluate_policies(network.first, {&one, 1}, reward, options).front();
}

}  // namespace esscher
