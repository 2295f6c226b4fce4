#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "esscher/base/matrix.h"

namespace esscher::internal {

/// Squared distances below this share of the squares are rounding of equal points.
inline constexpr double kSamePoint = 1e-14;

/// One point against m others: what the three networks need of each.
struct KernelRow {
  std::span<const double> arc_products;  ///< m, 1 + <p, q_j>
  std::span<const double> arc_lengths;   ///< m
  double arc_length = 1;
  std::span<const double> laplace_products;  ///< m, <p, q_j>
  std::span<const double> laplace_squares;   ///< m
  double laplace_square = 0;
  std::span<const double> distances;  ///< m, |p - q_j|_1
  std::span<const double, 3> shares;
};

/// out[j] = sum of shares times kernels.
void kernel_row(const KernelRow& row, std::span<double> out);

/// The sum of each kernel over the others, each for a share of 1.
std::array<double, 3> kernel_row_sums(const KernelRow& row);

/// alpha_j times derivatives: arc by the other's coordinates, and by the point's own (to be summed
/// and divided by its length), Laplace by the difference, product by the sign of the difference.
struct KernelRowSlopes {
  std::span<double> arc;
  std::span<double> arc_own;
  std::span<double> laplace;
  std::span<double> product;
};
void kernel_row_slopes(const KernelRow& row, std::span<const double> alpha,
                       const KernelRowSlopes& out);

/// The same for the Laplace kernel alone.
struct LaplaceRow {
  std::span<const double> products;  ///< m, <p, q_j>
  std::span<const double> squares;   ///< m
  double square = 0;
  double share = 1;
};
/// out[j] = share e^{-|p - q_j|}; \p out may be the products.
void laplace_row(const LaplaceRow& row, std::span<double> out);
/// alpha_j times derivatives by the difference; \p out may be the products.
void laplace_row_slopes(const LaplaceRow& row, std::span<const double> alpha,
                        std::span<double> out);

/// out(i, j) = sum_k |p(i, k) - others(j, k)|, but for rounding of the coordinates' sums.
void absolute_distances(MatrixView<const double> p, MatrixView<const double> others,
                        MatrixView<double> out);

/// out[k] = sum_j c_j sign(p_k - others(k, j)).
void sign_sums(std::span<const double> p, MatrixView<const double> others,
               std::span<const double> c, std::span<double> out);

}  // namespace esscher::internal
