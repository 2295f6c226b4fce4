#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "esscher/pipeline/table_evaluation.h"

namespace esscher::internal {

/// The column that predicts rows not seen best by itself, where it gives kTellingShare of the
/// \p fitted reward's correlation, is beyond noise (0.3, and five standard errors of independence)
/// and is not all that varies.
///
/// Predictions are means of the other folds' labels in bins of the column: its values, or levels,
/// where they are few, else up to 32 quantiles. With groups labels are relative to their group's
/// mean, and so is the column where that predicts better.
/// \param y      what is predicted, a label a row
/// \param folds  the fold of each row, from 0
/// Cost: a sort for each column, of at most 2^24 / columns rows.
std::optional<SingleColumn> telling_column(const RewardTable& table, std::span<const double> y,
                                           std::span<const std::uint32_t> folds,
                                           std::span<const ColumnBlock> columns, double fitted,
                                           std::uint64_t seed, int threads);

}  // namespace esscher::internal
