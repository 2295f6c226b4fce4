#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "esscher/features/metric_kernel.h"
#include "esscher/refinement/metric_rounds.h"

namespace esscher::internal {

/// Kernel ridge regression of some rows of a sample, and its predictions of the others:
///     minimise  sum_i p_i (y_i - c - f(x_i))^2 + lambda |f|^2,  sum p = 1,
/// with groups of residuals about their group's mean, without c.
class KernelRegression {
 public:
  /// \param fold  its rows are left out; past all folds: none are. \p sample must outlive this.
  KernelRegression(const MetricSample& sample, std::uint32_t fold);

  /// \throws UsageError where all points are one
  void set_metric(const KernelMetric& metric);

  struct Fit {
    std::vector<double> alpha;  ///< one a row
    double intercept = 0;
    double held_out_error = 0;  ///< sum of weighted squares over the rows left out
  };
  /// Cost: a Cholesky factor.
  Fit fit(double penalty) const;

  /// AGOP of a fit under weights e^{f/temperature} with a tenth of equal ones.
  KernelMetric gradient_product(const Fit& fit, double temperature) const;

 private:
  std::vector<double> centred(std::vector<double> values) const;
  /// Row means under the weights of each group are taken off, in place.
  void take_off_means(MatrixView<double> values) const;

  const MetricSample& sample_;
  std::vector<std::size_t> rows_;
  std::vector<std::size_t> left_out_;
  std::vector<double> weights_;                   ///< p, of rows_
  std::vector<double> root_;                      ///< of them
  std::vector<std::vector<std::size_t>> groups_;  ///< positions in rows_; one where there are none
  std::vector<double> labels_;                    ///< of rows_, about their group's mean
  std::optional<MetricKernel> kernel_;
  KernelPoints points_;
  Matrix<double> k_;           ///< rows x rows
  Matrix<double> centred_;     ///< k_ about group means on both sides, times roots of the weights
  Matrix<double> k_left_out_;  ///< left out x rows
};

}  // namespace esscher::internal
