#pragma once

#include <span>

#include "esscher/refinement/refine.h"

namespace esscher::internal {

/// Mean of independent values with its standard error. \pre two values or more
HeldOutError mean_error(std::span<const double> values);
/// Of a_i - b_i.
HeldOutError mean_difference(std::span<const double> a, std::span<const double> b);

}  // namespace esscher::internal
