#pragma once

/// \file
/// Draws from the tilted policy in all d dimensions.

#include <cstdint>

#include "esscher/base/matrix.h"
#include "esscher/policy/policy_value.h"

namespace esscher {

struct PolicySamples {
  Matrix<double> x;  ///< N x d; coordinates as the first layer's, hidden ones first
  PolicyMethod method = PolicyMethod::sequential;
  int temperatures = 0;
};

/// N draws from pi ∝ pi_0 e^{r/beta}: the layer's coordinates by tempered sequential Monte Carlo,
/// the others standard normal, independent of them as they are under the policy. Draws of one run
/// share ancestors and are weakly dependent; each follows the policy up to the sampler's error.
/// \throws UsageError where N x d exceeds the memory (says how much it would need).
PolicySamples sample_policy(const Network& network, double beta, std::uint64_t count,
                            const PolicyOptions& options = {});

}  // namespace esscher
