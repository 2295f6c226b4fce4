#pragma once

/// \file
/// A theory report as text, in three forms.

#include <string>

#include "esscher/theory/analysis.h"

namespace esscher::app {

/// For reading in a terminal, kPageWidth columns wide (text.h).
std::string theory_table(const TheoryReport& report);

/// Every number, the resolved options and the build. Infinite and undefined numbers are null.
/// \param command  that computes it again
std::string theory_json(const TheoryReport& report, const std::string& command);

/// One line a temperature, with a heading: for spreadsheets and plots. Undefined numbers are empty.
std::string theory_csv(const TheoryReport& report);

}  // namespace esscher::app
