#pragma once

/// \file
/// What gold reward to expect of each row, by the line in a proxy that fits the known ones.

#include <span>
#include <vector>

#include "pipeline/audited_table.h"

namespace esscher::internal {

/// Least squares, within groups where there are any, whose levels then fall out. Rows count as
/// much as the policy takes them: what matters is how gold rises with the proxy where the policy
/// goes, which for a reward that saturates, or is over-optimised, is not how it rises elsewhere; a
/// line that is steeper than that adds to the error instead of taking from it (power tuning,
/// Angelopoulos, Duchi, Zrnic, "PPI++", 2023). The slope at a known row is told by the others, and
/// those of other clusters and groups: by itself its error would seem smaller than it is. The level
/// falls out of all values.
/// \param log_tilt  log pi/pi_0 of each row over \p times, up to a constant (in each group); empty:
///                  of pi_0
/// \return empty where all rows are known. Cost: O(rows).
std::vector<double> expected_gold(const AuditedTable& table, std::span<const double> scores,
                                  std::span<const double> log_tilt = {}, double times = 1);

/// log F of each row, the share of pi_0 (in its group) below it and half of what ties with it:
/// (n - 1) log F is log pi/pi_0 of the best of n. Cost: O(rows log rows).
std::vector<double> log_ranks(const AuditedTable& table, std::span<const double> scores);

}  // namespace esscher::internal
