#pragma once

#include <span>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/base/matrix.h"

namespace esscher::internal {

/// log(1 + e^{-margin}), without overflow.
double logistic_loss(double margin);

struct LogisticFit {
  std::vector<double> coefficients;
  double loss = 0;  ///< without the penalty
  int iterations = 0;
  bool converged = false;
  bool cancelled = false;
};

/// Minimises sum_p weights_p log(1 + e^{-<a, d_p>}) + penalty |a|^2 by damped Newton steps from
/// \p start; weights are not negative and sum to 1, penalty > 0. The objective is strictly convex,
/// so that every start leads to the same a.
LogisticFit fit_logistic(const Matrix<double>& differences, std::span<const double> weights,
                         double penalty, std::vector<double> start, int iterations, int threads,
                         const Callbacks& callbacks);

/// <a, d_p> for all p.
std::vector<double> margins(const Matrix<double>& differences, std::span<const double> a,
                            int threads);

}  // namespace esscher::internal
