#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/base/function_ref.h"
#include "esscher/features/metric_kernel.h"
#include "esscher/refinement/metric_rounds.h"

namespace esscher::internal {

/// Some rows of x, in the order given.
Matrix<double> gathered(MatrixView<const double> x, std::span<const std::size_t> rows);

/// Kernel ridge regression of some rows of a sample, and its predictions of the others:
///     minimise  sum_i p_i (y_i - c - f(x_i))^2 + lambda |f|^2,  sum p = 1,
/// with groups of residuals about their group's mean, without c. f is a sum of kernels at all rows,
/// or, where there are more than so many landmarks, at those.
class KernelRegression {
 public:
  /// \param fold  its rows are left out; past all folds: none are. \p sample must outlive this.
  KernelRegression(const MetricSample& sample, std::uint32_t fold, std::size_t landmarks);

  /// \throws UsageError where all points are one
  void set_kernel(const KernelMetric& metric, KernelFamily family = KernelFamily::networks);

  /// The same with kernel values that the callers fill in: of the rows among themselves, and of
  /// those left out with them. Without landmarks.
  using Fill = FunctionRef<void(MatrixView<double>)>;
  void set_kernel_values(Fill rows, Fill left_out);

  struct Fit {
    std::vector<double> alpha;  ///< one a row, or a landmark
    double intercept = 0;
    std::vector<double> held_out;  ///< predictions of the rows left out, in their order
    double held_out_error = 0;     ///< sum of weighted squares over them
  };
  /// Cost: a Cholesky factor.
  Fit fit(double penalty);

  const std::vector<std::size_t>& rows() const { return rows_; }
  const std::vector<double>& weights() const { return weights_; }  ///< of the rows, of sum 1
  /// Whether the kernel's points are told apart; without, no fit has an error.
  bool resolved() const { return resolved_; }
  const std::vector<std::size_t>& left_out() const { return left_out_; }

  /// AGOP of a fit under weights e^{f/temperature} with a tenth of equal ones.
  KernelMetric gradient_product(const Fit& fit, double temperature) const;

 private:
  std::vector<double> centred(std::vector<double> values) const;
  /// Row means under the weights of each group are taken off, in place.
  void take_off_means(MatrixView<double> values) const;
  bool dual() const { return landmarks_.empty(); }
  void set_dual();
  void centre();
  void set_landmarks();
  /// Kernel values of rows of the sample with the points.
  void fill(std::span<const std::size_t> rows, MatrixView<double> values) const;
  /// alpha with intercept; none where the penalty is too small for a factor.
  Fit solve_dual(double penalty);
  Fit solve_landmarks(double penalty);
  void predict_left_out(Fit& fit) const;

  const MetricSample& sample_;
  std::vector<std::size_t> rows_;
  std::vector<std::size_t> left_out_;
  std::vector<double> weights_;                   ///< p, of rows_
  std::vector<double> root_;                      ///< of them
  std::vector<std::vector<std::size_t>> groups_;  ///< positions in rows_; one where there are none
  std::vector<double> labels_;                    ///< of rows_, about their group's mean
  std::vector<std::size_t> landmarks_;            ///< positions in rows_; none: all rows
  std::optional<MetricKernel> kernel_;
  KernelPoints points_;   ///< of the rows, or the landmarks
  bool resolved_ = true;  ///< whether their distances have digits; without, no fit has an error
  Matrix<double> k_;      ///< rows x points; about group means where those are landmarks
  Matrix<double> k_left_out_;  ///< left out x points
  /// k_ about group means on both sides, times roots of the weights: on and below the diagonal.
  Matrix<double> centred_;
  Matrix<double> factor_;  ///< room for that of a fit at all rows
  // Of landmarks.
  /// On and below the diagonal k_' P k_; above it the kernels of landmarks among themselves, which
  /// are the square of the norm. Each is symmetric, and of 2048 landmarks takes 32 MiB in full.
  Matrix<double> equations_;
  std::vector<double> square_diagonal_;  ///< of the second
  std::vector<double> right_;            ///< k_' P y
  std::vector<double> mean_;             ///< of the rows of kernels, without groups
};

}  // namespace esscher::internal
