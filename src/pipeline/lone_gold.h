#pragma once

/// \file
/// Gold rewards that tell nothing within their group.

#include <optional>
#include <string>
#include <vector>

#include "esscher/pipeline/table_audit.h"

namespace esscher::internal {

struct LoneGold {
  std::vector<double> gold;  ///< the table's, without them
  std::string remark;        ///< a plain sentence
};

/// Gold rewards that are the only known one of their group, although it has other rows: what a
/// group prefers is told from two. None where there are none, without groups, and where no group
/// has two known ones, which is refused elsewhere. Cost: O(rows).
std::optional<LoneGold> find_lone_gold(const AuditTable& table);

}  // namespace esscher::internal
