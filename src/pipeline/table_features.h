#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "esscher/data/feature_transform.h"
#include "esscher/pipeline/table_training.h"
#include "esscher/refinement/metric_rounds.h"
#include "pipeline/folded_fits.h"
#include "pipeline/training_labels.h"
#include "pipeline/transformed_rows.h"

namespace esscher::internal {

/// Metrics of all folds and of all rows, learned from kMetricRows of them at most.
/// \param temperature  of the gradient products' weights, in standard deviations
MetricRounds learn_metrics(const TransformedRows& x, const TrainingLabels& targets,
                           std::span<const std::uint32_t> folds, double temperature,
                           const TrainingOptions& options);

/// The features of each kernel of the rounds on all rows, fold by fold where they have seen labels,
/// with the penalties of its readout to
/// choose from: that of the rounds and, where the readout sees more rows, lower ones; none from
/// preferences, which look for theirs. Where \p most_held bytes do not hold them all they take
/// turns. Arguments must outlive them.
std::vector<KernelFeatures> folded_features(const TransformedRows& x, const MetricRounds& metrics,
                                            std::span<const std::uint32_t> folds,
                                            const TrainingOptions& options,
                                            std::uint64_t most_held = kHeldBytes);

/// A gradient product in transformed columns, told in those of the table.
FeatureImportance feature_importance(const KernelMetric& product,
                                     const FeatureTransform& transform);

}  // namespace esscher::internal
