#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "esscher/pipeline/table_training.h"

namespace esscher::internal {

struct TransformChoice {
  TransformKind kind = TransformKind::standardise;
  std::string reason;  ///< a plain clause
};

/// Whitened features or standardised ones (the rule is ours). Where many columns say nearly the
/// same, as metrics and embeddings do, whitening blows their noise up to the size of the signal.
/// Where the columns are a design, as the one-hot columns of a library, the two are the same but
/// for null directions, which whitening drops.
///
/// In this order, the first that holds; columns that do not vary do not count:
/// 1. standardised, where there are more than kMostChosenColumns columns, or fewer than
///    kLeastRowsAColumn effective rows for each, too few to tell their correlations; or fewer than
///    kLeastTrialRows of them or, where there are any, four groups a fold;
/// 2. whitened, where its eigenvalues are within a factor of kFlat of one another;
/// 3. by a trial on kTrialRows rows, or kTrialRowsAColumn for each column (up to twice as many
///    where groups are large), in two to five folds (groups whole), the more the fewer rows: plain
///    regression, stage 1 included, predicts each fold from the others. Whitened where its mean
///    squared error, in the unit that is regressed (of differences within groups), is less by more
///    than the standard error of the difference, over groups where there are any; else
///    standardised.
/// Cost: a whitening of the trial's rows and, for a trial, four fits to half of them, or ten to
/// four fifths of a quarter.
TransformChoice choose_transform(const RewardTable& table, std::span<const std::uint64_t> rows,
                                 const TrainingOptions& options);

inline constexpr std::size_t kMostChosenColumns = 1024;
inline constexpr std::size_t kLeastRowsAColumn = 4;
inline constexpr double kFlat = 10;
inline constexpr std::size_t kLeastTrialRows = 100;
inline constexpr std::size_t kTrialRows = 4096;
inline constexpr std::size_t kTrialRowsAColumn = 8;

}  // namespace esscher::internal
