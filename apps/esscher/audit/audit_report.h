#pragma once

#include <string>

#include "audit_input.h"
#include "common/settings.h"
#include "esscher/pipeline/table_audit.h"

namespace esscher::app {

/// The tables and verdicts that 'esscher audit' prints.
std::string audit_report(const TableAudit& audit, const AuditInput& input);
/// Everything, with the resolved options and the build. \param data  the file
std::string audit_json(const TableAudit& audit, const AuditInput& input, const Settings& settings,
                       const std::string& data);
/// One line for each proxy and temperature or n, and each trained policy.
std::string audit_csv(const TableAudit& audit);

}  // namespace esscher::app
