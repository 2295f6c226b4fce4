#include "pipeline/lone_gold.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "esscher/base/number_text.h"

namespace esscher::internal {

std::optional<LoneGold> find_lone_gold(const AuditTable& table) {
  if (table.groups.empty() || table.groups.size() != table.gold.size()) return {};
  std::vector<std::uint32_t> rows(std::size_t{std::ranges::max(table.groups)} + 1);
  std::vector<std::uint32_t> known(rows.size());
  for (std::size_t i = 0; i < table.gold.size(); ++i) {
    ++rows[table.groups[i]];
    known[table.groups[i]] += std::isnan(table.gold[i]) ? 0 : 1;
  }
  std::size_t lone = 0;
  bool told = false;
  for (std::size_t g = 0; g < rows.size(); ++g) {
    lone += known[g] == 1 && rows[g] > 1 ? 1 : 0;
    told |= known[g] > 1;
  }
  if (lone == 0 || !told) return {};
  LoneGold result{table.gold, ""};
  for (std::size_t i = 0; i < result.gold.size(); ++i) {
    const std::uint32_t group = table.groups[i];
    if (known[group] == 1 && rows[group] > 1) {
      result.gold[i] = std::numeric_limits<double>::quiet_NaN();
    }
  }
  result.remark = counted(lone, "group") +
                  (lone == 1 ? " has a gold reward in one row only: it tells nothing of what the "
                               "group prefers, and is left out."
                             : " have a gold reward in one row only: these tell nothing of what a "
                               "group prefers, and are left out.");
  return result;
}

}  // namespace esscher::internal
