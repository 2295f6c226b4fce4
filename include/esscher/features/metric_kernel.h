#pragma once

/// \file
/// The features of two-layer networks of infinite width whose rows are drawn in a learned metric
/// (mathematics, section 9.2), as a kernel: ridge regression with k(x, z) is the network's readout
/// with a penalty on its square.
///
/// With M an average gradient outer product, k is the mean of three kernels, each divided by its
/// mean variance over a sample, so that none has to be chosen:
/// - arc-cosine (Cho, Saul 2009): ReLU neurons, rows N(0, M^{1/2}) and normal biases; smooth, and
///   linear far away;
/// - Laplace, e^{-|x - z|_M / s} (Radhakrishnan, Beaglehole, Pandit, Belkin 2024): cosines, rows
///   multivariate Cauchy in the metric M; rough along any direction;
/// - product Laplace, e^{-sum_k a_k |x_k - z_k| / s}, a_k^2 = M_kk: cosines with independent Cauchy
///   entries; rough along single columns, as rewards with thresholds are.
/// s is the median of the sample's distances. M's scale does not count. Columns should lie about 0:
/// distances are differences of squares and of sums, which lose the digits that all points share.
///
/// Beside them two other families. Laplace alone is cheap, and gradients of its rewards find
/// directions in fewer rounds. Quadratic, for what few rows tell of smooth rewards, is
/// (1 + <x, z>_M)^2, the ridge regression on all columns, squares and pairs, coordinates scaled to
/// mean square 1 over the sample, and over the kernel's mean variance there.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"

namespace esscher {

/// M, k x k, or its diagonal alone, k: beyond some columns no more can be learned.
struct KernelMetric {
  Matrix<double> full{};
  std::vector<double> diagonal{};  ///< used where `full` is empty
};

enum class KernelFamily {
  networks,   ///< the mean of the three infinitely wide networks
  laplace,    ///< the second of them alone
  quadratic,  ///< polynomials of degree two
};

/// Points in the kernels' own coordinates; what a family does not need is empty.
struct KernelPoints {
  Matrix<double> arc;                  ///< n x q, over the scale
  std::vector<double> arc_length;      ///< n, sqrt(1 + |.|^2): with the bias
  Matrix<double> laplace;              ///< n x q, over the scale
  std::vector<double> laplace_square;  ///< n
  Matrix<double> product;              ///< n x k, over the scale
  std::size_t size() const { return std::max(arc_length.size(), laplace_square.size()); }
  /// Copies of [first, first + count).
  KernelPoints part(std::size_t first, std::size_t count) const;
};

class MetricKernel {
 public:
  /// \param sample  n x k; a few hundred rows tell the scales, which are 1 where all are one point
  /// \throws UsageError where shapes do not fit, or the metric is not finite, negative or 0
  /// Cost: an eigendecomposition of M, and n^2 kernel values.
  MetricKernel(const KernelMetric& metric, MatrixView<const double> sample,
               KernelFamily family = KernelFamily::networks);

  /// What a file holds: the constructor's outcome, bit for bit.
  struct State {
    Matrix<double> arc;                ///< k x q: coordinates are x times it; k x 0 where diagonal
    Matrix<double> laplace;            ///< k x q
    std::vector<double> diagonal_arc;  ///< k, where the metric is diagonal, else empty
    std::vector<double> diagonal_laplace;  ///< k
    std::vector<double> product;           ///< k
    std::array<double, 4> shares{};  ///< of arc, laplace, product; or of one of the others alone
    friend bool operator==(const State&, const State&) = default;
  };
  explicit MetricKernel(State state);
  const State& state() const { return state_; }

  std::size_t columns() const { return state_.product.size(); }
  KernelFamily family() const {
    if (state_.shares[3] > 0) return KernelFamily::quadratic;
    const bool several = state_.shares[0] > 0 || state_.shares[2] > 0;
    return several ? KernelFamily::networks : KernelFamily::laplace;
  }

  /// \param x  n x k
  KernelPoints points(MatrixView<const double> x) const;
  /// out(i, j) = k(a_i, b_j). On the calling thread.
  /// Cost: n m (2 q + k) multiply-adds and three transcendental functions each; n m q for the
  /// other families, with one transcendental function for Laplace.
  void values(const KernelPoints& a, const KernelPoints& b, MatrixView<double> out) const;
  /// Of points among themselves, in half of the time.
  void values(const KernelPoints& x, MatrixView<double> out) const;
  /// Row i: the gradient of sum_j alpha_j k(x, z_j) at x_i; at z_j itself the kinks of the two
  /// Laplace kernels count as 0. On the calling thread. Cost: some twice values().
  void gradients(const KernelPoints& x, const KernelPoints& z, std::span<const double> alpha,
                 MatrixView<double> out) const;

 private:
  void set_networks(MatrixView<const double> sample);
  void set_laplace(MatrixView<const double> sample);
  void set_quadratic(MatrixView<const double> sample);
  /// Mean variance of k over the sample, at least rounding; else 1.
  double variance(MatrixView<const double> sample) const;
  /// The same of each of the three networks.
  std::array<double, 3> network_variances(MatrixView<const double> sample) const;

  State state_;
};

}  // namespace esscher
