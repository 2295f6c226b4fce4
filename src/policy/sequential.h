#pragma once

/// \file
/// Policies by independent runs of the tempered sampler.

#include <span>
#include <vector>

#include "policy/importance.h"

namespace esscher::internal {

/// A pilot run finds the case's path of temperatures, which the others follow, so that each run i
/// gives an estimate Z_i whose expectation is exact, and means over its particles. Runs are then
/// draws with weights Z_i: log of the mean Z, and Z-weighted means, which are free of each run's
/// own bias of order 1 / particles; their standard errors come from the influence functions over
/// the runs, with runs - 1 degrees of freedom. Common to all cases are the random numbers. Fewer
/// results than cases where cancelled: none. Cost: runs x particles x moves x temperatures, each k
/// m multiply-adds and some three to ten times m activations.
std::vector<PolicyValue> evaluate_by_runs(const LayerFeatures& layer,
                                          std::span<const KnownCase> cases, const MultiLink& reward,
                                          const PolicyOptions& options);

}  // namespace esscher::internal
