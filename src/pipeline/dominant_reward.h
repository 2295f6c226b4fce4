#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "esscher/pipeline/table_training.h"

namespace esscher::internal {

/// Adds a sentence where the variance of the rewards (within groups) would fall to less than half
/// without one row, as with one in a wrong unit. Of two candidates of a group, which deviate alike,
/// the one farther from the median of all rewards is named. Not of fewer than 20 effective rows.
/// O(rows).
/// \throws as train_reward()
void add_dominant_reward(const RewardTable& table, std::span<const std::uint64_t> rows,
                         std::vector<std::string>& remarks);

}  // namespace esscher::internal
