#pragma once

/// \file
/// At which temperature the readout's weights are best taken, given the temperature at which the
/// policy will be deployed (mathematics, section 8; the rule is ours).
///
/// Weights e^{r/beta_w} look where the tilted policy will look, but at beta_w = beta2 they leave,
/// when that is low, too few effective samples to fit a readout. So: weight as hard as the sample
/// can bear. Among candidates beta_w >= beta2,
///  1. start at the lowest one whose weights have an effective sample size of at least
///     `least_ess_ratio` times the readout's effective number of parameters, the degrees of freedom
///     of the ridge fit with equal weights (equal weights, if none has); counting all parameters
///     instead leaves gain on the table where a sample is small and its penalty large;
///  2. as long as a plainer candidate (a higher beta_w) has a cross-fitted objective J at beta2
///     that is better by more than `standard_errors` standard errors of the paired difference, move
///     to the best of those.
/// The second step guards against rewards with heavy tails, whose few large labels make the first
/// one overconfident. Preferring the plainer fit whenever it is within one standard error instead
/// gives away most of the gain at low temperatures, where J is known least.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace esscher {

/// Temperatures worth trying for weights: beta times 1, 1.5, 2, 3, 4, 8, 16, and infinity (equal
/// weights). \throws UsageError unless beta is a temperature
std::vector<double> weight_temperature_grid(double beta);

/// A readout that could be deployed, seen by what it predicts of rows that it was not fitted to.
struct WeightCandidate {
  double weight_temperature = 0;     ///< beta_w; infinity for equal weights
  double ess = 0;                    ///< effective sample size of its weights
  std::span<const double> held_out;  ///< n held-out predictions
};

/// How rows are drawn and held out. All spans have length n, or are empty.
struct HeldOutRows {
  std::span<const double> rewards;  ///< y, n
  /// Fold of each row, 0 ... K - 1. Each fold's policy is normalised within it: readouts of
  /// different folds differ by constants, which no policy sees.
  std::span<const std::uint32_t> folds;
  std::span<const std::uint32_t> groups{};  ///< policies are normalised within groups; empty: none
  std::span<const double> log_weights{};    ///< of the rows in pi_0; empty: equal
};

struct WeightTemperatureOptions {
  std::size_t parameters = 0;  ///< effective ones of the readout, intercept included
  double least_ess_ratio = 1;
  double standard_errors = 1;
};

struct WeightTemperatureChoice {
  std::size_t candidate = 0;  ///< index into the candidates
  /// Cross-fitted J at beta2 of each candidate; empty below beta2.
  std::vector<std::optional<double>> objectives;
  std::string reason;  ///< a plain sentence
};

/// \param candidates  ascending in weight_temperature, the last one equal weights (infinity)
/// \throws UsageError where beta is no temperature or the candidates are not of that kind
/// Cost: O(n) a candidate.
WeightTemperatureChoice choose_weight_temperature(double beta,
                                                  std::span<const WeightCandidate> candidates,
                                                  const HeldOutRows& rows,
                                                  const WeightTemperatureOptions& options);

}  // namespace esscher
