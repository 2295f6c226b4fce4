#pragma once

#include <span>

#include "esscher/readout/ridge.h"

namespace esscher::internal {

/// \throws UsageError for an option outside its range, or where there are no rows
void require_valid(const RidgeOptions& options, const DesignRows& rows);

/// \throws UsageError unless there is one target a row, DataError unless all are finite
void require_targets(const DesignRows& rows, std::span<const double> targets);

/// Threads for solutions, each of which takes some square matrices: one at a time where passes over
/// the rows take all but a hundredth of the work.
inline int solution_threads(const DesignRows& rows, int threads) {
  constexpr std::uint64_t kManyRows = 64;
  return rows.rows() / kManyRows >= rows.columns() ? 1 : threads;
}

}  // namespace esscher::internal
