#pragma once

/// \file
/// Points in the coordinates of a kernel: x S, with S a matrix or, where that is empty, a diagonal.

#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/features/metric_kernel.h"

namespace esscher::internal {

/// x S.
Matrix<double> stretched(MatrixView<const double> x, const Matrix<double>& by,
                         std::span<const double> diagonal);

/// out = before out + g S': gradients by the coordinates x S become those by x.
void take_back(const Matrix<double>& g, const Matrix<double>& by, std::span<const double> diagonal,
               double before, MatrixView<double> out);

/// Of each row the sum of squares, and \p more.
std::vector<double> squares(const Matrix<double>& x, double more);

Matrix<double> transposed(const Matrix<double>& x);

/// Whether distances of 1, the median of points, keep some digits beside the squares of most
/// points. They do not where one value far out squeezes a column that a metric then stretches
/// again.
bool is_resolved(const KernelPoints& points);

}  // namespace esscher::internal
