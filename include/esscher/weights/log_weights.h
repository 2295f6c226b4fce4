#pragma once

/// \file
/// Importance weights as logarithms: normalisation and the facts that tell how few samples carry
/// them.

#include <span>
#include <vector>

namespace esscher {

struct WeightDiagnostics {
  /// Effective sample size (sum w)^2 / sum w^2, in [1, n].
  double ess = 0;
  /// Share of the total weight on the heaviest 1 % of the samples (rounded up to whole samples).
  double top_share = 0;
  /// Shape of the generalised Pareto law fitted to the largest weights: +infinity where the tail is
  /// too short to fit; -infinity where the largest weights are all equal. See pareto.h.
  double pareto_k = 0;
  /// Above this, an estimate from so many samples is not to be relied on:
  /// min(1 - 1/log10 n, 0.7) (Vehtari, Simpson, Gelman, Yao, Gabry 2024).
  double pareto_k_threshold = 0;
  bool reliable() const { return pareto_k <= pareto_k_threshold; }
};

/// log w - logsumexp(log w), in place: afterwards the weights sum to 1. -infinity (no weight) is
/// allowed. \throws DataError where an entry is NaN or +infinity (with its 1-based number), or none
/// is finite.
void normalise_log_weights(std::span<double> log_weights);

/// The share of equal weights in a defensive mixture.
inline constexpr double kDefensiveShare = 0.1;

/// Logarithms of (1 - a) w_i / sum w + a v_i / sum v, a = kDefensiveShare: weights of which none is
/// less than a tenth of the reference's (defensive importance sampling, Hesterberg 1995).
/// \param log_weights, log_reference  logarithms of w and v, of one length
/// \throws UsageError for unequal lengths, DataError as normalise_log_weights()
std::vector<double> defensive_log_weights(std::span<const double> log_weights,
                                          std::span<const double> log_reference);

/// (sum w)^2 / sum w^2 of unnormalised log weights, in [1, n].
/// \throws DataError as normalise_log_weights().
double effective_sample_size(std::span<const double> log_weights);

/// Facts about unnormalised log weights; adding a constant to all of them changes nothing. A
/// weight of 0 (-infinity) counts as a sample. Cost: O(n) and a sort of the tail.
/// \throws DataError as normalise_log_weights().
WeightDiagnostics diagnose_weights(std::span<const double> log_weights);

}  // namespace esscher
