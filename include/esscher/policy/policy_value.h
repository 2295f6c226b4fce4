#pragma once

/// \file
/// What the policy tilted by a learned network is worth under the true reward (mathematics,
/// section 6), in the coordinates of its first layer, whatever d is.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/model/multi_link.h"
#include "esscher/model/network.h"
#include "esscher/policy/estimate.h"

namespace esscher {

enum class PolicyMethod {
  quadrature,           ///< exact: the reward sees one direction only
  importance_sampling,  ///< self-normalised, from a mixture of pi_0 and the optimal policy
  sequential,           ///< tempered sequential Monte Carlo, elliptical slice moves
};
std::string_view policy_method_name(PolicyMethod method);

struct PolicyOptions {
  /// Empty: the first of quadrature, importance sampling, sequential that serves.
  std::optional<PolicyMethod> method;
  std::uint64_t samples = 1 << 16;  ///< importance sampling: draws
  std::uint64_t particles = 512;    ///< sequential: a run
  int runs = 16;                    ///< sequential: independent runs, whose spread is the error
  int moves = 4;                    ///< sequential: slice moves at each temperature
  std::uint64_t seed = 1;
  int threads = 0;
  Callbacks callbacks;
};

/// Units of the reward; KL and logarithms in nats.
struct PolicyValue {
  double beta = 0;
  PolicyMethod method = PolicyMethod::quadrature;
  Estimate log_partition;  ///< log E_0 e^{r/beta}
  Estimate kl;             ///< KL(pi_r || pi_0)
  Estimate gold;           ///< E_{pi_r} r*
  Estimate proxy;          ///< E_{pi_r} r
  Estimate value;          ///< J(pi_r) = gold - beta KL
  Estimate gap;            ///< J* - J(pi_r) = beta KL(pi_r || pi*)
  std::optional<Estimate>
      efficiency;              ///< (J(pi_r) - J(pi_0)) / (J* - J(pi_0)); empty if r* is constant
  double optimal_value = 0;    ///< J*, exact (of several directions: on a lattice)
  double reference_value = 0;  ///< J(pi_0), exact
  /// Effective draws. Importance sampling: (sum w)^2 / sum w^2. Sequential: as many independent
  /// draws of the policy would tell the proxy value with the same standard error. Empty where
  /// exact.
  std::optional<double> ess;
  std::optional<double> pareto_k;  ///< importance sampling only
  int temperatures = 0;  ///< sequential only: steps from pi_0 to pi_r (largest of the runs)
  bool reliable = true;
  bool cancelled = false;  ///< a request to cancel came first: there are no estimates
  std::string remark;      ///< a sentence where reliable is false
};

/// "" where the policy tilted by such a readout exists; else a sentence that says why not: a
/// network whose activation grows quadratically or faster upward has E e^{r/beta} infinite.
std::string why_no_policy(const FirstLayer& layer, std::span<const double> readout, double beta);

/// The policy pi ∝ pi_0 e^{r/beta}, r the network's reward, measured by r*(x) = reward of the
/// coordinates x_1, ..., x_q that the layer says are hidden.
/// \throws UsageError where beta is not a temperature, the exponential moment of either reward is
///         infinite at it (a network whose activation grows quadratically or faster upward; what of
///         order 3 and more is not bounded above neuron by neuron is refused as well), or a method
///         is asked for that does not apply, or the reward has not as many variables as the layer
///         has hidden directions.
PolicyValue evaluate_policy(const Network& network, const MultiLink& reward, double beta,
                            const PolicyOptions& options = {});

/// Many networks that share one first layer, each at its own temperature: what a table of readouts
/// needs. Random inputs are shared between them, so differences are less noisy than levels.
struct PolicyCase {
  std::span<const double> readout;  ///< m
  double intercept = 0;
  double beta = 1;
};
std::vector<PolicyValue> evaluate_policies(const FirstLayer& layer,
                                           std::span<const PolicyCase> cases,
                                           const MultiLink& reward,
                                           const PolicyOptions& options = {});

}  // namespace esscher
