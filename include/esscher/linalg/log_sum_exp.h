#pragma once

/// \file
/// Sums of exponentials in logarithms: weights e^{y/beta} overflow long before they matter.

#include <span>

namespace esscher {

/// log sum_i e^{x_i}, without overflow; -infinity for an empty span or when every entry is
/// -infinity, +infinity where one is +infinity. Two passes, O(n).
/// \throws UsageError where an entry is NaN.
double log_sum_exp(std::span<const double> x);

}  // namespace esscher
