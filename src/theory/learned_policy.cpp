#include "esscher/theory/learned_policy.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/gaussian/quadrature.h"
#include "esscher/theory/tilted_law.h"
#include "smoothed_link.h"

namespace esscher {
namespace {

/// E_{pi_r} F(u): the true reward under the learned policy.
double gold_value(const Link& learned, double beta, internal::SmoothedLink& smoothed,
                  std::span<const double> breaks) {
  // Where the policy has no mass the smoothed reward is not asked for: it is dear, and far out all
  // digits of an oscillating reward's phase are lost.
  const TiltedIntegrals mass = tilted_integrals(
      [&](double u, std::span<double> values) {
        values[0] = 1;
        return learned(u) / beta;
      },
      1, breaks);
  const TiltedIntegrals integrals = tilted_integrals(
      [&](double u, std::span<double> values) {
        values[0] = 1;
        values[1] = mass.lower <= u && u <= mass.upper ? smoothed(u) : 0;
        return learned(u) / beta;
      },
      2, breaks);
  return integrals.values[1] / integrals.values[0];
}

}  // namespace

std::vector<LearnedPolicy> learned_policies(const Link& reward, const Link& learned, double overlap,
                                            std::span<const double> betas) {
  if (!(std::abs(overlap) <= 1)) {
    throw UsageError(rejection("overlap", overlap, "must be in [-1, 1]",
                               "it is the cosine between the learned direction and theta*"));
  }
  internal::SmoothedLink smoothed(reward, overlap);
  std::vector<double> breaks(learned.breaks().begin(), learned.breaks().end());
  if (std::abs(overlap) == 1) {
    // Nothing smooths the true reward: its own breaks show.
    for (const double z : reward.breaks()) breaks.push_back(overlap * z);
    std::sort(breaks.begin(), breaks.end());
  }
  std::vector<LearnedPolicy> policies;
  for (const double beta : betas) {
    const TiltedLaw optimal = tilted_law(reward, beta);
    const TiltedLaw believed = tilted_law(learned, beta);
    LearnedPolicy policy;
    policy.beta = beta;
    policy.gold_value = gold_value(learned, beta, smoothed, breaks);
    policy.proxy_value = believed.mean_reward;
    policy.kl = believed.kl;
    policy.value = policy.gold_value - beta * policy.kl;
    policy.optimal_value = optimal.optimal_value;
    policy.reference_value = optimal.reference_value;
    policy.value_gap = policy.optimal_value - policy.value;
    const double gain = policy.optimal_value - policy.reference_value;
    if (gain > 0) policy.efficiency = (policy.value - policy.reference_value) / gain;
    policy.ess_fraction = believed.ess_fraction;
    policies.push_back(policy);
  }
  return policies;
}

}  // namespace esscher
