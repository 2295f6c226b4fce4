#pragma once

/// \file
/// Rows of an audit that are copies of one another.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "esscher/pipeline/table_audit.h"

namespace esscher::internal {

struct AuditCopies {
  std::vector<std::uint32_t> clusters;  ///< the table's own, or rows, joined where they are copies
  std::string remark;                   ///< a plain sentence
};

/// Rows whose gold reward is known and equal, with all scores, although one of these hardly ever
/// repeats otherwise: not the ties of a scale of five. They are no draws of their own, nor are rows
/// of unknown gold with their scores, where scores alone hardly repeat. None where fewer than one
/// row in twenty is a further copy, and within groups, over which errors are anyway. Cost: a sort
/// of the rows.
std::optional<AuditCopies> find_copies(const AuditTable& table);

}  // namespace esscher::internal
