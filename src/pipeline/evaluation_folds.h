#pragma once

#include <cstdint>
#include <vector>

#include "esscher/pipeline/table_training.h"

namespace esscher::internal {

/// The table's own folds, or some dealt at random; \p count is set to their number.
/// \throws DataError where its own are one fold; as assign_folds()
std::vector<std::uint32_t> evaluation_folds(const RewardTable& table, std::uint64_t seed,
                                            int& count);

}  // namespace esscher::internal
