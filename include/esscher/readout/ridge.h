#pragma once

/// \file
/// Weighted ridge regression with an unpenalised intercept (mathematics, section 5):
///     minimise  sum_i w_i (y_i - c - <a, phi_i>)^2 / sum_i w_i + lambda |a|^2.
/// Everything is double precision; weights come as logarithms, and scaling them all by a constant
/// changes nothing.
///
/// With W = sum w, S the weighted covariance of the features, d its eigenvalues and
/// df(lambda) = 1 + sum_j d_j / (d_j + lambda) the trace of the hat matrix, intercept included:
///
///     GCV(lambda) = (sum_i w_i e_i(lambda)^2 / W) / (1 - df(lambda) / ESS)^2,  ESS = W^2 / sum
///     w^2,
///
/// and no score (+infinity) where df >= ESS. The leave-one-out error of row i is e_i / (1 - h_i)
/// with leverage h_i = (w_i / W) (1 + centred phi_i' (S + lambda)^-1 centred phi_i). GCV replaces
/// the leverages by their average; what counts is their average under the weights, and where
/// weights do not depend on features, sum_i (w_i / W) h_i = df sum_i (w_i / W)^2 = df / ESS. With
/// equal weights ESS = n, the usual score; with skewed ones a fit may not spend more degrees of
/// freedom than there are effective samples.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/base/matrix.h"
#include "esscher/weights/log_weights.h"

namespace esscher {

/// The rows phi_i of a regression, by number, so that n x m need not be held. fill() must be safe
/// to call from several threads and give the same row for the same number.
class DesignRows {
 public:
  virtual ~DesignRows() = default;
  virtual std::uint64_t rows() const = 0;
  virtual std::size_t columns() const = 0;
  virtual void fill(std::uint64_t first, MatrixView<double> out) const = 0;
  /// As fill(), but rows that nobody wants may stay as they are, at no cost. \param wanted  1 for
  /// those that somebody does, else 0; as many as out has rows
  virtual void fill_wanted(std::uint64_t first, std::span<const std::uint8_t> wanted,
                           MatrixView<double> out) const {
    static_cast<void>(wanted);
    fill(first, out);
  }
  /// Whether second moments may be those of the rows rounded to single precision, by products in
  /// single precision, in half of the time: where rows are many, and have no more digits anyhow.
  virtual bool single_precision() const { return false; }
};

/// Rows that are held. \p values must outlive this.
class HeldRows final : public DesignRows {
 public:
  explicit HeldRows(MatrixView<const double> values) : values_(values) {}
  std::uint64_t rows() const override { return values_.rows; }
  std::size_t columns() const override { return values_.columns; }
  void fill(std::uint64_t first, MatrixView<double> out) const override;

 private:
  MatrixView<const double> values_;
};

enum class PenaltyRule {
  fixed,  ///< lambda as given
  gcv,    ///< weighted generalised cross-validation over a path
  kfold,  ///< weighted K-fold cross-validation over the same path; fold of row i is i mod K
};

struct RidgeOptions {
  PenaltyRule rule = PenaltyRule::gcv;
  double penalty = 1e-6;  ///< lambda >= 0; fixed only
  int folds = 5;          ///< kfold only, 2 to 20
  /// The path, relative to the mean eigenvalue of the weighted covariance of the features.
  double path_low = 1e-10;
  double path_high = 1e2;
  int path_points = 49;
  /// Without, fits of a fixed penalty may report no degrees of freedom (0): they cost as much as
  /// the fit.
  bool count_degrees_of_freedom = true;
  int threads = 0;
  Callbacks callbacks;
};

enum class RidgeStatus {
  well_conditioned,
  /// The normal equations, penalty and all, are singular to working precision: coefficients are 0
  /// along directions without information.
  rank_deficient,
  /// The effective sample size is less than the number of parameters, m + 1.
  few_effective_samples,
  /// The weighted labels do not vary: the fit is a constant.
  constant,
  /// A request to cancel came before all rows were read: all coefficients are 0.
  cancelled,
};

struct RidgePathPoint {
  double penalty = 0;
  double degrees_of_freedom = 0;  ///< with the intercept
  /// GCV, or the mean weighted squared error out of fold; +infinity where there is none.
  double score = 0;
};

struct RidgeFit {
  std::vector<double> coefficients;  ///< a, m
  double intercept = 0;              ///< c
  double penalty = 0;                ///< lambda used
  double degrees_of_freedom = 0;
  double weighted_error = 0;  ///< weighted mean squared residual on the rows fitted
  /// Ascending penalties; empty for a fixed one, and where features or labels do not vary.
  std::vector<RidgePathPoint> path;
  std::size_t rank = 0;       ///< of the weighted covariance, to working precision
  bool dual = false;          ///< solved in the n coordinates of the rows' span (m > n)
  WeightDiagnostics weights;  ///< of the rows that are not left out
  RidgeStatus status = RidgeStatus::well_conditioned;
  std::string remark;  ///< the status in a plain sentence; empty where all is well
};

/// One fit. \param targets, log_weights  n each; -infinity leaves a row out
/// \throws UsageError for an option outside its range or unequal lengths, DataError where a target
///         or a feature is not finite, or no weight is.
/// \param groups  empty, or n dense ids: rows and targets are then taken about their group's
///         weighted mean (the within estimator), so that a group's level, which no policy sees,
///         neither helps nor disturbs; the effective samples of GCV are less by
///         sum_i w_i^2 / W_g in units of the weight (by one a group for equal weights). One pass
///         over the rows and (m + 1) doubles a group more; no kfold.
/// The fit has the same bits for any number of threads.
/// Cost: one pass over the rows, n m^2 / 2 multiply-adds, and an eigendecomposition of m x m, for a
/// fixed penalty above rounding a Cholesky factor; K more of them for kfold. Memory: (m + 1)^2
/// doubles for each fold, some four times a thread.
RidgeFit fit_ridge(const DesignRows& rows, std::span<const double> targets,
                   std::span<const double> log_weights, const RidgeOptions& options = {},
                   std::span<const std::uint32_t> groups = {});

/// fit_ridge() for each of several weights, with a fixed penalty each, in one pass over the rows:
/// where rows cost more to make than to add up. The same bits as one by one.
/// \param log_weights  n each; taken over, since n numbers a fit may be much
/// \param penalties    lambda >= 0, one a fit; options.rule and options.penalty are not looked at
/// \throws UsageError and DataError as fit_ridge()
/// Cost: as fit_ridge() each, but for making the rows. Memory: (m + 1)^2 doubles a fit, some four
/// times a thread.
std::vector<RidgeFit> fit_ridges(const DesignRows& rows, std::span<const double> targets,
                                 std::vector<std::vector<double>> log_weights,
                                 std::span<const double> penalties,
                                 const RidgeOptions& options = {});

/// fit_ridge() for each of several fixed penalties, in one pass over the rows.
/// \param penalties  lambda >= 0, one a fit; options.rule and options.penalty are not looked at
/// \throws UsageError and DataError as fit_ridge()
/// Cost: one pass, and for each penalty a factor of m x m.
std::vector<RidgeFit> fit_ridge_path(const DesignRows& rows, std::span<const double> targets,
                                     std::span<const double> log_weights,
                                     std::span<const double> penalties,
                                     const RidgeOptions& options = {},
                                     std::span<const std::uint32_t> groups = {});

/// out[i] = c + <a, phi_i> for all rows.
std::vector<double> predict(const DesignRows& rows, std::span<const double> coefficients,
                            double intercept, int threads = 0);

}  // namespace esscher
