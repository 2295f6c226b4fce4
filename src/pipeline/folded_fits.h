#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "esscher/pipeline/table_training.h"
#include "esscher/readout/cross_fit.h"
#include "pipeline/metric_rows.h"

namespace esscher::internal {

/// Readouts on features that have seen labels. Each fold has features of its own, which saw the
/// other folds only: readouts fitted on them to the other folds predict its rows, and no figure of
/// such a prediction knows the label.
class FoldedFits {
 public:
  /// \param rows  the features of each fold, and last those of all rows
  /// \param even  log-weights of the rows in pi_0
  /// Spans must outlive this.
  FoldedFits(std::vector<std::unique_ptr<const MetricRows>> rows, std::span<const double> targets,
             std::span<const std::uint32_t> folds, std::span<const std::uint32_t> groups,
             std::span<const double> even, const TrainingOptions& options);

  const MetricRows& all() const { return *rows_.back(); }

  /// One fit for each weights, by the loss that was asked for, with a penalty each. Fewer than
  /// asked for where cancelled.
  std::vector<CrossFit> fit(std::vector<std::vector<double>> log_weights,
                            std::span<const double> penalties) const;
  /// Plain regression with the penalty of least error on the rows left out, of several; from
  /// preferences there may be none, and it is looked for.
  CrossFit choose(std::span<const double> penalties) const;

 private:
  std::vector<double> without(std::size_t fold, std::vector<double> log_weights) const;
  std::vector<RidgeFit> ridges(std::size_t features, std::vector<std::vector<double>> log_weights,
                               std::span<const double> penalties) const;
  /// Into the held-out predictions of each fit: those of a fold's rows.
  void predict_fold(std::size_t fold, std::span<const RidgeFit> fits,
                    std::span<CrossFit> into) const;
  CrossFit preferences(std::span<const double> log_weights, std::optional<double> penalty) const;
  double held_out_error(std::span<const double> predictions) const;

  std::vector<std::unique_ptr<const MetricRows>> rows_;
  std::span<const double> targets_;
  std::span<const std::uint32_t> folds_;
  std::span<const std::uint32_t> groups_;
  std::span<const double> even_;
  const TrainingOptions& options_;
  RidgeOptions ridge_;
};

}  // namespace esscher::internal
