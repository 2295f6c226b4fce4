#include "esscher/data/preference_counts.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher {

std::string PreferenceCounts::text() const {
  std::string text = counted(pairs, "pair");
  if (ties > 0) text += ", " + std::to_string(ties) + " of them ties";
  if (contradictory > 0) text += ", " + std::to_string(contradictory) + " stated both ways";
  return text;
}

PreferenceCounts count_preferences(std::span<const double> rewards,
                                   std::span<const std::uint32_t> groups) {
  if (rewards.size() != groups.size()) throw InternalError("groups of another table");
  std::vector<std::size_t> rows(rewards.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::ranges::sort(rows, {}, [&](std::size_t i) { return std::pair(groups[i], rewards[i]); });
  PreferenceCounts counts;
  std::uint64_t same_group = 0;
  std::uint64_t same_reward = 0;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const bool new_group = at == 0 || groups[rows[at]] != groups[rows[at - 1]];
    const bool new_reward = new_group || rewards[rows[at]] != rewards[rows[at - 1]];
    if (new_group) same_group = 0;
    if (new_reward) same_reward = 0;
    counts.pairs += same_group++;
    counts.ties += same_reward++;
  }
  return counts;
}

}  // namespace esscher
