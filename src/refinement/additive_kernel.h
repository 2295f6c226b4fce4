#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"

namespace esscher::internal {

/// k(x, z) = sum_k w_k e^{-|x_k - z_k| / s_k} among n points: regressions on it are sums of
/// functions of one column each (Hastie, Tibshirani 1990), rough ones. s_k is the median of column
/// k's distances that are not 0.
class AdditiveKernel {
 public:
  struct Column {
    double middle = 0;  ///< the median
    double scale = 1;   ///< s_k
  };
  /// \param x        n x k
  /// \param columns  of \p x or of points like them
  AdditiveKernel(MatrixView<const double> x, std::span<const Column> columns);
  /// Of some 200 points.
  static std::vector<Column> columns_of(MatrixView<const double> x);

  std::size_t points() const { return growth_.columns(); }
  std::size_t columns() const { return growth_.rows(); }

  /// out(i, j) = k(a_i, b_j) for points a of one and b of another with the same columns. Cost: 2
  /// multiplications and a comparison for each column of weight. On the calling thread.
  static void values(const AdditiveKernel& a, const AdditiveKernel& b,
                     std::span<const double> weights, MatrixView<double> out);
  /// Variances over points a, weighed, of the functions f_k = w_k sum_j alpha_j k_k(., b_j); within
  /// groups where there are any.
  /// \param groups  dense ids of points a; empty: one group
  static std::vector<double> variances(const AdditiveKernel& a,
                                       std::span<const double> point_weights,
                                       std::span<const std::uint32_t> groups,
                                       const AdditiveKernel& b, std::span<const double> alpha,
                                       std::span<const double> weights);

 private:
  // e^{-|u - v|} is the lesser of e^u e^{-v} and e^v e^{-u}.
  Matrix<double> growth_;  ///< k x n, e^{(x - middle) / s}
  Matrix<double> decay_;   ///< 1 over them
};

}  // namespace esscher::internal
