#pragma once

/// \file
/// Loops over neurons, for the instruction set at hand. Sums over samples run in their order.

#include <span>

#include "esscher/base/matrix.h"

namespace esscher::internal {

/// out_j = sum_t weights[t] rows(t, j).
void combine_rows(std::span<const double> weights, MatrixView<const double> rows,
                  std::span<double> out);

/// slopes(i, j) <- labels[i] signs[j] slopes(i, j).
void weigh_slopes(std::span<const double> labels, std::span<const double> signs,
                  MatrixView<double> slopes);

/// out_j = sum_i a(i, j) b(i, j).
void column_products(MatrixView<const double> a, MatrixView<const double> b, std::span<double> out);

/// inverse_j = 1 / sqrt(1 + growth_j - decay_j^2), of a root that is not below 1 but for rounding.
void inverse_lengths(std::span<const double> decay, std::span<const double> growth,
                     std::span<double> inverse);

}  // namespace esscher::internal
