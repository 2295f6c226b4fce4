#pragma once

#include "esscher/base/matrix.h"

namespace esscher::internal {

/// The median Euclidean distance above 0 among the rows of x; 1 where all are one, since any scale
/// serves then. Rows should lie about 0, as for the kernels. Cost: rows^2 (columns + 10), for some
/// hundred rows.
double median_distance(const Matrix<double>& x);

/// The same of sums of absolute differences.
double median_absolute_distance(const Matrix<double>& x);

}  // namespace esscher::internal
