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
  double least = 0;  ///< bounds for its moments
  double greatest = 0;
};

/// Columns whose deviation is more than 30 times that of a normal law with their quartiles, while
/// values beyond 10 such deviations from the median, the bounds, are one in a hundred at most, or
/// all the same. Where quartiles are equal, since most values are one, the distance of the others
/// from it stands in: their median, of eight or more, and one in fifty of them
/// are few. Rare letters and flags are as they should
/// be. Quartiles are those of 4096 rows spread over the table, whatever their weights, or fewer
/// where there are many columns; of more than 65,536 columns none is looked at. Cost: a read of
/// those rows, O(rows) a column.
std::vector<FarColumn> far_columns(const WeightedRows& table, std::span<const double> scale);

}  // namespace esscher::internal
