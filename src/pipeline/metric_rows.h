#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/features/metric_kernel.h"
#include "esscher/readout/ridge.h"
#include "pipeline/transformed_rows.h"

namespace esscher::internal {

/// Rows at some positions, each once.
std::shared_ptr<const Matrix<double>> distinct_rows(const TransformedRows& rows,
                                                    std::span<const std::uint64_t> positions);

/// The features of a metric kernel on landmarks z_1 ... z_m: phi(x) = L^{-1} (k(x, z_1), ...,
/// k(x, z_m)), L L' = (k(z_i, z_j)), so that |a|^2 is the square of the reward <a, phi> in the
/// kernel's own norm. With all rows as landmarks, ridge regression on phi is kernel regression.
/// Held in memory where they fit (pipeline/held_bytes.h).
class MetricRows final : public DesignRows {
 public:
  /// \param rows       must outlive this
  /// \param landmarks  positions in \p rows; equal ones count once
  /// At work at once: as after use().
  MetricRows(const TransformedRows& rows, const KernelMetric& metric, KernelFamily family,
             std::span<const std::uint64_t> landmarks, int threads,
             std::uint64_t most_held = kHeldBytes);
  /// On landmarks that several kernels share. \param landmarks  distinct_rows()
  MetricRows(const TransformedRows& rows, const KernelMetric& metric, KernelFamily family,
             std::shared_ptr<const Matrix<double>> landmarks, int threads,
             std::uint64_t most_held = kHeldBytes);
  std::uint64_t rows() const override { return rows_.rows(); }
  std::size_t columns() const override { return landmarks_->rows(); }
  void fill(std::uint64_t first, MatrixView<double> out) const override;
  void fill_wanted(std::uint64_t first, std::span<const std::uint8_t> wanted,
                   MatrixView<double> out) const override;
  bool single_precision() const override { return !inverse_factor_single_.empty(); }

  /// What rows need in memory: made, and given back. Between rest() and use() there are no rows,
  /// and all else is as it was. Not while other threads read.
  void use() const;
  void rest() const;
  /// Of its rows, where they are held.
  std::uint64_t bytes() const { return bytes(rows(), columns(), single_); }
  static std::uint64_t bytes(std::uint64_t rows, std::size_t columns, bool single);
  /// Whether rows are in single precision.
  static bool single(std::uint64_t rows, std::size_t columns, KernelFamily family);

  const MetricKernel& kernel() const { return kernel_; }
  const Matrix<double>& landmarks() const { return *landmarks_; }
  /// What <a, phi(x)> is in kernel values: sum_j lift(a)_j k(x, z_j).
  std::vector<double> lift(std::span<const double> coefficients) const;

 private:
  void make(std::span<const std::uint64_t> positions, MatrixView<double> out) const;
  void make(std::span<const std::uint64_t> positions, MatrixView<float> out) const;
  /// Calls take(begin, k) with the kernel values of positions begin, ..., some at a time.
  template <class Take>
  void for_kernel_rows(std::span<const std::uint64_t> positions, const Take& take) const;

  const TransformedRows& rows_;
  int threads_;
  std::uint64_t most_held_;
  std::shared_ptr<const Matrix<double>> landmarks_;  ///< m x k
  MetricKernel kernel_;
  bool single_;
  Matrix<double> inverse_factor_;
  /// Instead: where rows outnumber landmarks and the reward cannot pass through all of them, single
  /// precision does, in a quarter of the time.
  Matrix<float> inverse_factor_single_;
  // At work.
  mutable KernelPoints points_;  ///< of the landmarks
  mutable Matrix<double> held_;
  mutable Matrix<float> held_single_;
};

}  // namespace esscher::internal
