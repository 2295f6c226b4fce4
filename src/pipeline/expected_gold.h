#pragma once

/// \file
/// What gold reward to expect of each row, by the line in a proxy that fits the known ones.

#include <span>
#include <vector>

#include "pipeline/audited_table.h"

namespace esscher::internal {

/// Least squares, within groups where there are any, whose levels then fall out. What is expected
/// of a known row is told by a line that has not seen it, nor its cluster or group: by one that
/// has, its error would seem smaller than it is. Empty where all rows are known. Cost: O(rows).
std::vector<double> expected_gold(const AuditedTable& table, std::span<const double> scores);

}  // namespace esscher::internal
