#include "pipeline/evaluation_folds.h"

#include <algorithm>
#include <numeric>

#include "esscher/base/error.h"
#include "esscher/data/folds.h"
#include "pipeline/merged_table.h"

namespace esscher::internal {

std::vector<std::uint32_t> evaluation_folds(const RewardTable& table, std::uint64_t seed,
                                            int& count) {
  if (table.folds.empty()) {
    std::vector<std::uint64_t> rows(table.rewards.size());
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
    const FoldUnits units = units_of_folds(table, rows);
    return assign_folds(rows.size(), units.of_row, count, seed, "--evaluation-folds", units.name);
  }
  std::vector<std::uint32_t> folds(table.folds.begin(), table.folds.end());
  count = static_cast<int>(std::ranges::max(folds)) + 1;
  if (count < 2) {
    throw DataError("--fold: all rows are of one fold; give a column of two values or more");
  }
  return folds;
}

}  // namespace esscher::internal
