#pragma once

/// \file
/// At which temperatures the readout's weights are taken, given the temperature at which the policy
/// will be deployed (mathematics, section 8; the rule is ours).
///
/// Weights e^{r/beta_w} look where the tilted policy will look, but at beta_w = beta2 they leave,
/// when that is low, few effective samples to fit a readout to. Choosing one beta_w by a
/// cross-fitted J is a gamble: J is known least where the tilt is strong. So nothing is chosen. The
/// deployed readout is the mean of those fitted with weights at each temperature of a grid from
/// beta2 up to equal weights, but for the lowest ones, whose effective sample size is less than
/// `least_ess_ratio` times the readout's effective parameters (the degrees of freedom of the ridge
/// fit with equal weights). Each takes its weights as a defensive mixture with equal ones
/// (weights/log_weights.h), so that directions which the heavy rows leave open are held by the
/// others. On real landscapes (docs/landscapes.md) the mean takes three quarters or more of what
/// the best single temperature in hindsight has to give.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace esscher {

/// Temperatures of weights: beta times 1, 1.5, 2, 3, 4, 8, 16, and infinity (equal weights).
/// \throws UsageError unless beta is a temperature
std::vector<double> weight_temperature_grid(double beta);

/// The lowest of beta times 1, 2^(1/4), 2^(1/2), ... at which weights e^{value/temperature} leave
/// \p least_ess effective samples, or the greatest temperature there is; infinity where equal
/// weights do not leave them.
/// \throws UsageError unless beta is a temperature, DataError as normalise_log_weights()
/// Cost: a pass over the values for each temperature tried.
double bearable_temperature(std::span<const double> values, double beta, double least_ess);

struct AveragedWeightsOptions {
  std::size_t parameters = 0;  ///< effective ones of the readout, intercept included
  double least_ess_ratio = 0.1;
};

struct AveragedWeights {
  std::size_t first = 0;  ///< index of the lowest temperature whose readout takes part
  std::string reason;     ///< a plain sentence
};

/// Which readouts the mean holds: those of \p temperatures from the first that the sample can bear.
/// \param temperatures  ascending, the last one infinity
/// \param ess           effective sample size of the weights at each, before any mixture
/// \throws UsageError where they are not of that kind
AveragedWeights averaged_weights(std::span<const double> temperatures, std::span<const double> ess,
                                 const AveragedWeightsOptions& options);

}  // namespace esscher
