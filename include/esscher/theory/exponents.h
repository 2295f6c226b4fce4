#pragma once

/// \file
/// How hard theta* is to find from labels: the information exponent, which plain regression on the
/// label sees, and the generative exponent, which the best label transform sees.

#include <optional>
#include <vector>

#include "esscher/model/single_index.h"

namespace esscher {

struct ExponentOptions {
  int max_order = 12;  ///< highest Hermite order that is looked at, 1 to 64
  /// E[Y h_k] counts as zero where it is below this times the standard deviation of f.
  double information_tolerance = 1e-7;
  /// lambda_k^2 counts as zero below this.
  double generative_tolerance = 1e-12;
};

struct Exponents {
  /// u_k = E[Y h_k(Z)] = E[f(Z) h_k(Z)], k = 0..max_order.
  std::vector<double> hermite;
  std::vector<double> hermite_errors;
  double second_moment = 0;  ///< E f^2, without noise
  double variance = 0;       ///< Var f, without noise
  /// sd f is at most 1e-10 of the root of E f^2: f is constant to ten digits, and what varies is
  /// rounding for all that double precision can tell. No exponent is looked for then.
  bool constant = false;

  /// min{k >= 1 : E[Y h_k] != 0}; empty where no coefficient stands out of information_tolerance
  /// and of rounding up to max_order, as for sin(50 z), whose largest is below 1e-500.
  std::optional<int> information;

  /// lambda_k^2 = E[E[h_k(Z) | Y]^2] of the noisy label, k = 0..max_order (lambda_0 = 1).
  std::vector<double> lambda_squared;
  std::vector<double> lambda_squared_errors;

  /// min{k >= 1 : lambda_k > 0}: the least information exponent over all label transforms
  /// (Damian, Pillaud-Vivien, Lee, Bruna 2024, arXiv 2403.05529). Label noise of the kinds in
  /// noise.h changes lambda_k but not this: convolution with them is injective. It is therefore
  /// decided on the noise-free label. Empty where none is found up to max_order.
  std::optional<int> generative;

  /// Weak-recovery threshold n/d of spectral methods, 1 / (2 lambda_2^2); only where the generative
  /// exponent is 2.
  std::optional<double> spectral_threshold;

  int max_order = 0;
  double information_tolerance = 0;
  double generative_tolerance = 0;
};

/// Cost: some milliseconds for a built-in link (one adaptive integration and about 4000 label
/// cells, each with one root finding a monotone branch of f).
///
/// lambda_k^2 comes from cells of the label: by Cauchy-Schwarz each cell can only lose, so the
/// value converges from below; halving the cells gives the error estimate and one Richardson step.
/// Labels taken on a flat stretch of f are atoms, exactly. \throws UsageError where max_order is
/// outside 1..64 or a tolerance is not positive.
Exponents exponents(const SingleIndexModel& model, const ExponentOptions& options = {});

}  // namespace esscher
