#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/weights/pareto.h"

namespace esscher::internal {

/// \throws DataError where an entry is NaN or +infinity, or none is finite. Returns the largest.
double largest_log_weight(std::span<const double> log_weights);

/// The heaviest weights and the law fitted to how far they exceed the cutoff; the largest weight of
/// all is 1 here.
struct ParetoTail {
  std::vector<std::size_t> samples;  ///< ascending by weight
  double cutoff = 0;                 ///< a logarithm
  /// k = -infinity for a flat tail, which then is empty, +infinity for one of fewer than five; then
  /// no sigma.
  ParetoFit fit;
};

/// \param largest  largest_log_weight(log_weights)
ParetoTail pareto_tail(std::span<const double> log_weights, double largest);

}  // namespace esscher::internal
