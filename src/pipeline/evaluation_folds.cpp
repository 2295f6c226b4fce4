#include "pipeline/evaluation_folds.h"

#include <algorithm>

#include "esscher/base/error.h"
#include "esscher/data/folds.h"

namespace esscher::internal {

std::vector<std::uint32_t> evaluation_folds(const RewardTable& table, std::uint64_t seed,
                                            int& count) {
  if (table.folds.empty()) {
    const bool clustered = !table.clusters.empty();
    return assign_folds(table.rewards.size(), clustered ? table.clusters : table.groups, count,
                        seed, "--evaluation-folds", clustered ? "cluster" : "group");
  }
  std::vector<std::uint32_t> folds(table.folds.begin(), table.folds.end());
  count = static_cast<int>(std::ranges::max(folds)) + 1;
  if (count < 2) {
    throw DataError("--fold: all rows are of one fold; give a column of two values or more");
  }
  return folds;
}

}  // namespace esscher::internal
