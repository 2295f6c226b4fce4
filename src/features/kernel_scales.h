#pragma once

#include <vector>

#include "esscher/base/matrix.h"

namespace esscher::internal {

/// Of the values above 0, ascending, that behind the first half; 1 where there are none, since all
/// points are one then, and any scale serves.
double median_above_zero(std::vector<double> values);

/// The median Euclidean distance above 0 among the rows of x; 1 where all are one. Rows should lie
/// about 0, as for the kernels: nearer than 1e-7 of their length, two are one. Cost: rows^2
/// (columns + 10), for some hundred rows.
double median_distance(const Matrix<double>& x);

/// The same of sums of absolute differences.
double median_absolute_distance(const Matrix<double>& x);

}  // namespace esscher::internal
