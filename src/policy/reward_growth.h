#pragma once

/// \file
/// Whether the policy tilted by a network exists at all.

#include <cstddef>
#include <span>

#include "esscher/model/network.h"

namespace esscher::internal {

/// The highest Hermite order that neuron \p j really has under a readout weight \p a, and a times
/// its coefficient there. Order 0 where a is 0. For Hermite activations and mixtures.
struct LeadingTerm {
  int order = 0;
  double coefficient = 0;
};
LeadingTerm leading_term(const FirstLayer& layer, std::size_t j, double a);

/// E e^{r/beta} is finite
/// - for relu, tanh, erf and softplus always: they grow at most linearly;
/// - for Hermite activations of order 2 exactly where the largest eigenvalue of the quadratic form
///   Q = sum_j a_j w_j w_j' / sqrt 2 is below beta / 2 (at equality, where lower orders decide, it
///   is counted as infinite);
/// - where neurons have a higher order, if each of those is bounded above: even order, negative
///   leading coefficient. That is sufficient; networks whose neurons of order 3 and more are
///   bounded only together are refused too.
/// \throws UsageError where it is not shown to be finite, with the reason and the remedy.
/// Cost: for order 2 an eigendecomposition of k x k, else none.
void require_finite_tilt(const FirstLayer& layer, std::span<const double> readout, double beta);

}  // namespace esscher::internal
