#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "esscher/data/feature_transform.h"
#include "esscher/pipeline/table_training.h"
#include "esscher/refinement/metric_rounds.h"
#include "pipeline/metric_rows.h"
#include "pipeline/training_labels.h"
#include "pipeline/transformed_rows.h"

namespace esscher::internal {

/// Metrics of all folds and of all rows, learned from kMetricRows of them at most.
/// \param temperature  of the gradient products' weights, in standard deviations
MetricRounds learn_metrics(const TransformedRows& x, const TrainingLabels& targets,
                           std::span<const std::uint32_t> folds, double temperature,
                           const TrainingOptions& options);

/// The features of each fold, and last those of all rows.
std::vector<std::unique_ptr<const MetricRows>> folded_features(const TransformedRows& x,
                                                               const MetricRounds& metrics,
                                                               std::span<const std::uint32_t> folds,
                                                               const TrainingOptions& options);

/// Penalties of the readout to choose from: that of the rounds and, where the readout sees more
/// rows, lower ones. None from preferences, which look for theirs.
std::vector<double> candidate_penalties(const MetricRounds& metrics, std::size_t rows,
                                        const TrainingOptions& options);

/// A gradient product in transformed columns, told in those of the table.
FeatureImportance feature_importance(const KernelMetric& product,
                                     const FeatureTransform& transform);

}  // namespace esscher::internal
