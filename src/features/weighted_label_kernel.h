#pragma once

/// \file
/// T(y) in blocks, for the instruction set at hand.

#include <cstddef>

#include "esscher/features/weighted_label.h"

namespace esscher::internal {

/// s y - log_scale is held below this, so that a weight never overflows. A label whose E T^2 is 1
/// comes here with a probability below e^{-1400} (Markov's inequality).
inline constexpr double kGreatestExponent = 700;

/// out[i] = label(y[i]); in place allowed.
void apply_weighted_label(const WeightedLabel& label, const double* y, std::size_t count,
                          double* out);

}  // namespace esscher::internal
