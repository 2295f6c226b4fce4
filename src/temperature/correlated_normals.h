#pragma once

/// \file
/// Normal variables that move together as estimates on one table do.

#include <span>
#include <vector>

#include "esscher/base/matrix.h"

namespace esscher::internal {

/// Draws behind a quantile of a maximum.
inline constexpr std::size_t kMaximumDraws = 10000;

/// Of variables whose correlations are those of the vectors, none of which is zero: row a times a
/// vector of standard normal variables is variable a. As many columns as the vectors differ in
/// directions. \throws InternalError for vectors of unequal length
Matrix<double> correlation_root(const std::vector<std::span<const double>>& vectors);

}  // namespace esscher::internal
