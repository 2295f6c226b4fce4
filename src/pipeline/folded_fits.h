#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "esscher/pipeline/table_training.h"
#include "esscher/readout/cross_fit.h"
#include "pipeline/metric_rows.h"

namespace esscher::internal {

/// The features of one kernel: each fold's, which saw the other folds' labels only, and last those
/// of all rows. Features that have seen no label are the same for all, and there once.
struct KernelFeatures {
  std::vector<std::unique_ptr<const MetricRows>> rows;
  std::vector<double> penalties;  ///< of plain regression, to choose from
  /// Where given, sets take turns: it makes the one of that number, and one is at work at a time.
  /// Others are null or, of all rows, at rest.
  std::function<std::unique_ptr<const MetricRows>(std::size_t)> make{};

  bool shared() const { return rows.size() == 1; }
};

/// Readouts on features that have seen labels. Fitted on a fold's features to the other folds they
/// predict its rows, and no figure of such a prediction knows the label.
///
/// A readout is a mean of regressions, one on the features of each kernel, with the shares and the
/// penalties that plain regression tells: its coefficients are theirs times their shares, kernel by
/// kernel.
class FoldedFits {
 public:
  /// \param even      log-weights of the rows in pi_0
  /// \param sure_win  TrainingLabels::sure_win()
  /// Spans must outlive this.
  FoldedFits(std::vector<KernelFeatures> kernels, std::span<const double> targets,
             std::span<const std::uint32_t> folds, std::span<const std::uint32_t> groups,
             std::span<const double> even, const TrainingOptions& options, double sure_win = 0);

  std::size_t kernels() const { return kernels_.size(); }
  /// The features of kernel \p k on all rows; all kernels have the same landmarks. Perhaps at rest,
  /// and not there before choose() where sets take turns.
  const MetricRows& all(std::size_t k) const { return *kernels_[k].rows.back(); }
  const std::vector<double>& shares() const { return shares_; }
  /// What a readout is in kernel values: one coefficient a landmark, kernel by kernel.
  std::vector<double> lift(std::span<const double> coefficients) const;

  /// Plain regression: for each kernel with the penalty of least error on the rows left out, and
  /// mixed by that error (readout/stacking.h). Settles shares and penalties. From preferences there
  /// is one kernel, whose penalty is looked for.
  CrossFit choose();
  /// One readout for each weights, by the loss that was asked for, with the penalties of choose()
  /// times a factor. Fewer than asked for where cancelled.
  std::vector<CrossFit> fit(const std::vector<std::vector<double>>& log_weights,
                            std::span<const double> factors) const;

 private:
  /// The features of a fold, or of all rows, at work.
  const MetricRows& at_work(std::size_t k, std::size_t at) const;
  /// Of one kernel, as fit().
  std::vector<CrossFit> fit_kernel(std::size_t k,
                                   const std::vector<std::vector<double>>& log_weights,
                                   std::span<const double> penalties) const;
  CrossFit choose_penalty(std::size_t k) const;
  /// A readout of kernel \p k with its share, into the mean of those of the kernels before.
  void mix(std::size_t k, CrossFit&& fit, CrossFit& into) const;
  std::vector<double> without(std::size_t fold, std::vector<double> log_weights) const;
  /// How many fits may share a pass, each with so many moments.
  std::size_t fits_a_pass(const MetricRows& rows, std::size_t moments) const;
  /// Without the rows of a fold, if any.
  std::vector<RidgeFit> ridges(const MetricRows& rows,
                               const std::vector<std::vector<double>>& log_weights,
                               std::optional<std::size_t> without_fold,
                               std::span<const double> penalties) const;
  /// Into the held-out predictions of each fit: those of a fold's rows.
  void predict_fold(const MetricRows& rows, std::size_t fold, std::span<const RidgeFit> fits,
                    std::span<CrossFit> into) const;
  CrossFit preferences(std::span<const double> log_weights, std::optional<double> penalty) const;
  double held_out_error(std::span<const double> predictions) const;

  mutable std::vector<KernelFeatures> kernels_;  ///< which may take turns
  std::vector<double> shares_;
  std::vector<double> penalties_;
  std::span<const double> targets_;
  std::span<const std::uint32_t> folds_;
  std::span<const std::uint32_t> groups_;
  std::span<const double> even_;
  const TrainingOptions& options_;
  double sure_win_;
  RidgeOptions ridge_;
};

}  // namespace esscher::internal
