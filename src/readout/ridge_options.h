#pragma once

#include <span>

#include "esscher/readout/ridge.h"

namespace esscher::internal {

/// \throws UsageError for an option outside its range, or where there are no rows
void require_valid(const RidgeOptions& options, const DesignRows& rows);

/// \throws UsageError unless there is one target a row, DataError unless all are finite
void require_targets(const DesignRows& rows, std::span<const double> targets);

}  // namespace esscher::internal
