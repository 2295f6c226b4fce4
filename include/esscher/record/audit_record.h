#pragma once

#include <string>

#include "esscher/pipeline/table_audit.h"
#include "esscher/record/run_record.h"
#include "esscher/record/table_facts.h"

namespace esscher {

/// An audit of given scores, as docs/schemas/audit.schema.json holds it; what does not exist is
/// null.
std::string audit_record(const TableAudit& audit, const TableFacts& facts, const RunRecord& run);

}  // namespace esscher
