#pragma once

/// \file
/// Pareto smoothed importance sampling: Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto smoothed
/// importance sampling", JMLR 25 (2024), arXiv 1507.02646, with the fit of Zhang and Stephens, "A
/// new and efficient estimation method for the generalized Pareto distribution", Technometrics 51
/// (2009).

#include <cstddef>
#include <span>
#include <vector>

namespace esscher {

struct ParetoFit {
  double k = 0;      ///< shape; > 0.7: the mean is out of reach
  double sigma = 0;  ///< scale, > 0
};

/// Generalised Pareto law of \p excesses (ascending, >= 0, at least one > 0) by Zhang and Stephens'
/// empirical Bayes estimate, with the weakly informative prior of the paper's appendix
/// (k -> (n k + 5) / (n + 10)). Finite for all excesses up to 1e300.
/// \throws UsageError where the excesses are not of that kind.
ParetoFit fit_generalised_pareto(std::span<const double> excesses);

struct SmoothedWeights {
  std::vector<double> log_weights;  ///< smoothed, normalised: their exponentials sum to 1
  /// As WeightDiagnostics::pareto_k; where it is infinite, nothing was smoothed.
  double k = 0;
  std::size_t tail = 0;  ///< weights that were replaced
};

/// The weights above the (M + 1)-th largest, M = floor(min(n/5, 3 sqrt n)), are replaced by
/// expected order statistics of the law fitted to their excesses, and held at the largest raw
/// weight. Needs five of them. Among equal weights the later one counts as the larger. \throws
/// DataError as normalise_log_weights().
SmoothedWeights pareto_smoothed(std::span<const double> log_weights);

/// min(1 - 1/log10 n, 0.7); -infinity for n = 1.
double pareto_k_threshold(std::size_t samples);

}  // namespace esscher
