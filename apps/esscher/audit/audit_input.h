#pragma once

/// \file
/// What `esscher audit` reads: scores and gold rewards of a table, and rows without gold rewards.

#include <string>
#include <vector>

#include "common/settings.h"
#include "esscher/pipeline/table_audit.h"

namespace esscher::app {

/// Where scores, gold rewards and groups are.
std::vector<Setting> audit_data_settings();

struct AuditInput {
  AuditTable table;
  std::uint64_t groups = 0;
  std::uint64_t reference_rows = 0;  ///< of --reference, behind those of DATA
  std::vector<std::string> remarks;  ///< plain sentences
};

/// \throws UsageError, DataError and IoError as load_dataset(), in the names of these settings
AuditInput read_audit(const Settings& settings, const std::string& data);

}  // namespace esscher::app
