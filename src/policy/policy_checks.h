#pragma once

/// \file
/// What is refused before any work.

#include <span>

#include "esscher/model/network.h"
#include "esscher/policy/policy_value.h"

namespace esscher::internal {

/// \throws UsageError for an option outside its range.
void check(const PolicyOptions& options);

/// \throws UsageError for a layer without neurons or coordinates, a readout that does not fit it or
///         is not finite, or a beta that is not a temperature.
void check(const FirstLayer& layer, std::span<const double> readout, double intercept, double beta);

}  // namespace esscher::internal
