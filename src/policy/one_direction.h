#pragma once

/// \file
/// Networks that see one direction only: their policies are exact, by quadrature.

#include <optional>
#include <span>

#include "esscher/model/link.h"
#include "esscher/model/network.h"
#include "esscher/policy/policy_value.h"

namespace esscher::internal {

/// A reward g(<w, x>).
struct OneDirection {
  Link learned;        ///< g, without the network's intercept
  double overlap = 0;  ///< <w, theta*>
};

/// What the network is where all neurons with a weight in the readout have the same direction, up
/// to sign and to rounding; also where no neuron has a weight. \pre require_finite_tilt()
std::optional<OneDirection> one_direction(const FirstLayer& layer, std::span<const double> readout);

/// \throws UsageError as learned_policies()
PolicyValue evaluate_one_direction(const OneDirection& network, double intercept,
                                   const Link& reward, double beta);

}  // namespace esscher::internal
