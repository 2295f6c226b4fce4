#pragma once

#include <cstdint>

#include "esscher/features/feature_options.h"
#include "features/marginal_kernel.h"

namespace esscher::internal {

/// Rows uniform on the sphere: m is the first coordinate, a / sqrt(a^2 + chi2_{d-1}).
void start_at_random(const FeatureOptions& options, const MarginalGroup& group);

/// Rows at normalise(+-v + r), r uniform on the sphere and v the direction of the mean of T(y) x
/// over the neuron's own samples 0, ..., options.spectral_samples - 1. Along theta* that mean is
/// the mean of T z; across it, each coordinate is a normal times the root of sum T^2, so that its
/// length there is a chi-square of d - 1. Cost: some ns a sample and neuron. Ends early on
/// cancellation.
void start_spectral(const FeatureOptions& options, const MarginalLaw& law,
                    const MarginalGroup& group);

}  // namespace esscher::internal
