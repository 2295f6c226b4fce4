#include "pipeline/held_out.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace esscher::internal {

void remove_group_means(HeldOutRewards& rewards, std::span<const std::uint32_t> groups) {
  if (groups.empty()) return;
  const std::size_t count = std::size_t{std::ranges::max(groups)} + 1;
  std::vector<double> rows(count);
  for (const std::uint32_t group : groups) ++rows[group];
  for (std::vector<double>* values : {&rewards.predicted, &rewards.observed}) {
    std::vector<double> means(count);
    for (std::size_t i = 0; i < groups.size(); ++i) means[groups[i]] += (*values)[i];
    for (std::size_t i = 0; i < groups.size(); ++i) {
      (*values)[i] -= means[groups[i]] / rows[groups[i]];
    }
  }
}

}  // namespace esscher::internal
