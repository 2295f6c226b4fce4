#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "data/feature_moments.h"

namespace esscher::internal {

/// A column whose standard deviation is that of a few values far out: a wrong unit, -9999 for what
/// is missing.
struct FarColumn {
  std::size_t column = 0;
  double least = 0;  ///< bounds for its moments, within which its other values lie
  double greatest = 0;
};

/// Columns whose deviation is more than 30 times that of a normal law with their quartiles, of 4096
/// rows spread over the table, or fewer where there are many columns. Bounds lie 10 such deviations
/// from the median. None where quartiles are equal: rare letters and flags are as they should be.
/// Cost: a read of those rows, O(rows) a column.
std::vector<FarColumn> far_columns(const WeightedRows& table, std::span<const double> scale);

}  // namespace esscher::internal
