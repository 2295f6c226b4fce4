#pragma once

/// \file
/// What an audit says beside its numbers.

#include "esscher/pipeline/table_audit.h"
#include "pipeline/audited_table.h"

namespace esscher::internal {

/// Of what is known in part, of rows that are no random draw, of units and of signs; behind those
/// that \p audit has.
void add_audit_remarks(const AuditedTable& table, bool enumerated, TableAudit& audit);

}  // namespace esscher::internal
