#pragma once

#include <string>

#include "audit_input.h"
#include "esscher/pipeline/table_audit.h"

namespace esscher::app {

/// The tables and verdicts that 'esscher audit' prints.
std::string audit_report(const TableAudit& audit, const AuditInput& input);
/// One line for each proxy and temperature or n, and each trained policy.
std::string audit_csv(const TableAudit& audit);

}  // namespace esscher::app
