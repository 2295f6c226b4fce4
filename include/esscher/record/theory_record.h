#pragma once

#include <string>

#include "esscher/record/run_record.h"
#include "esscher/theory/analysis.h"

namespace esscher {

/// A theory report, as docs/schemas/theory.schema.json holds it; infinite and undefined numbers are
/// null.
/// \param run  of which the options are not looked at: the report has them
/// Cost: 241 values of the link beside the text.
std::string theory_record(const TheoryReport& report, const RunRecord& run);

}  // namespace esscher
