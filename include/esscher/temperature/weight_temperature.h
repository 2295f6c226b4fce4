#pragma once

/// \file
/// At which temperatures the readout's weights are taken, given the temperature at which the policy
/// will be deployed (mathematics, section 8; the rule is ours): weights e^{r/beta_w} look where the
/// tilted policy will look, but at beta_w = beta2 they leave, when that is low, few effective
/// samples to fit a readout to.

#include <span>
#include <vector>

#include "esscher/base/function_ref.h"

namespace esscher {

/// The lowest of beta times 1, 2^(1/4), 2^(1/2), ... at which weights leave \p least_ess effective
/// samples, or the greatest temperature there is; infinity where not even its weights leave them.
/// \param log_weights  of a temperature
/// \throws UsageError unless beta is a temperature, DataError as normalise_log_weights()
/// Cost: weights for each temperature tried.
double bearable_temperature(internal::FunctionRef<std::vector<double>(double)> log_weights,
                            double beta, double least_ess);

/// For weights e^{value/temperature}.
double bearable_temperature(std::span<const double> values, double beta, double least_ess);

}  // namespace esscher
