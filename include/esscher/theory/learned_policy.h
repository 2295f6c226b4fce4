#pragma once

/// \file
/// What a policy tilted by a learned reward is worth, exactly, when the learned reward sees one
/// direction w: r(x) = g(<w, x>), with overlap m = <w, theta*>. Then (u, z) = (<w, x>, <theta*, x>)
/// is all that matters, z = m u + sqrt(1 - m^2) v with u, v independent N(0, 1).

#include <optional>
#include <span>
#include <vector>

#include "esscher/model/link.h"

namespace esscher {

/// The policy pi_r ∝ e^{r/beta} N(0, I), measured by the true reward r*. Units of the reward.
struct LearnedPolicy {
  double beta = 0;
  double gold_value = 0;       ///< E_{pi_r} r*: the true reward that it earns
  double proxy_value = 0;      ///< E_{pi_r} r: the reward that it believes to earn
  double kl = 0;               ///< KL(pi_r || N(0, I)), nats
  double value = 0;            ///< J(pi_r) = gold_value - beta * kl
  double optimal_value = 0;    ///< J* = J(pi_{r*})
  double reference_value = 0;  ///< J(N(0, I)) = E r*
  double value_gap = 0;  ///< J* - J(pi_r) = beta KL(pi_r || pi*), never negative but for rounding
  /// (J(pi_r) - reference) / (J* - reference): 1 is optimal, 0 no better than not optimising,
  /// negative is over-optimised. Empty where r* is constant.
  std::optional<double> efficiency;
  /// (E e^{r/beta})^2 / E e^{2r/beta}; empty where the latter is infinite.
  std::optional<double> ess_fraction;
};

/// One entry for each beta, in their order.
/// \param reward   r* as a link of z
/// \param learned  r as a link of u; a constant added to it changes nothing but proxy_value
/// \param overlap  m in [-1, 1]
/// \throws UsageError where overlap is outside [-1, 1], a beta is not finite and positive, or at
/// one
///         of them either reward's exponential moment or the gold value is infinite.
/// Cost: about 1 ms a temperature, and once some 1000 integrals of the smoothed reward
/// E f(m u + sqrt(1 - m^2) v), which all temperatures share.
std::vector<LearnedPolicy> learned_policies(const Link& reward, const Link& learned, double overlap,
                                            std::span<const double> betas);

}  // namespace esscher
