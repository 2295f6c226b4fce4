#include "esscher/theory/learned_policy.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/gaussian/quadrature.h"
#include "esscher/theory/tilted_law.h"
#include "smoothed_link.h"

namespace esscher {
namespace {

/// E_{pi_r} F(u) - reference: what the learned policy adds to the true reward.
double gold_gain(const Link& learned, double beta, internal::SmoothedLink& smoothed,
                 double reference, std::span<const double> breaks) {
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
        values[1] = mass.lower <= u && u <= mass.upper ? smoothed(u) - reference : 0;
        return learned(u) / beta;
      },
      2, breaks);
  return integrals.values[1] / integrals.values[0];
}

/// |f| may grow like e^{L z^2}. Under pi_r the direction u has a variance of at most 1 / (1 - 2a),
/// r/beta growing like a u^2, so z = m u + sqrt(1 - m^2) v one of v = m^2 / (1 - 2a) + 1 - m^2, and
/// E f is finite for 2 L v < 1.
void require_finite_gold_value(const Link& reward, const Link& learned, double overlap,
                               double beta) {
  const double log_rate = std::max(reward.growth().left.log_rate, reward.growth().right.log_rate);
  if (log_rate == 0) return;
  const double rate = std::max({0.0, learned.growth().left.upper_quadratic_rate,
                                learned.growth().right.upper_quadratic_rate}) /
                      beta;
  const double variance = overlap * overlap / (1 - 2 * rate) + (1 - overlap) * (1 + overlap);
  if (2 * log_rate * variance < 1) return;
  throw UsageError(rejection(
      "beta", beta,
      "the expectation of " + reward.name() + " under the policy of the learned reward is infinite",
      "clip either reward, or raise beta"));
}

}  // namespace

std::vector<LearnedPolicy> learned_policies(const Link& reward, const Link& learned, double overlap,
                                            std::span<const double> betas) {
  if (!(std::abs(overlap) <= 1)) {
    throw UsageError(rejection("overlap", overlap, "must be in [-1, 1]",
                               "it is the cosine between the learned direction and theta*"));
  }
  internal::SmoothedLink smoothed(reward, overlap);
  std::vector<double> breaks(learned.landmarks().begin(), learned.landmarks().end());
  if (std::abs(overlap) == 1) {
    // Nothing smooths the true reward: its own breaks show.
    for (const double z : reward.landmarks()) breaks.push_back(overlap * z);
    std::sort(breaks.begin(), breaks.end());
  }
  std::vector<LearnedPolicy> policies;
  for (const double beta : betas) {
    const TiltedLaw optimal = tilted_law(reward, beta);
    const TiltedLaw believed = tilted_law(learned, beta);
    LearnedPolicy policy;
    policy.beta = beta;
    require_finite_gold_value(reward, learned, overlap, beta);
    const double gold = gold_gain(learned, beta, smoothed, optimal.reference_value, breaks);
    policy.gold_value = optimal.reference_value + gold;
    policy.proxy_value = believed.mean_reward;
    policy.kl = believed.kl;
    const double gain = gold - beta * policy.kl;
    policy.value = optimal.reference_value + gain;
    policy.optimal_value = optimal.optimal_value;
    policy.reference_value = optimal.reference_value;
    policy.value_gap = optimal.gain - gain;
    if (optimal.gains()) policy.efficiency = gain / optimal.gain;
    policy.ess_fraction = believed.ess_fraction;
    policies.push_back(policy);
  }
  return policies;
}

}  // namespace esscher
