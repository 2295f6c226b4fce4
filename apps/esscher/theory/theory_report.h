#pragma once

/// \file
/// A theory report as text, in two forms.

#include <string>

#include "esscher/theory/analysis.h"

namespace esscher::app {

/// For reading in a terminal, kPageWidth columns wide (text.h).
std::string theory_table(const TheoryReport& report);

/// One line a temperature, with a heading: for spreadsheets and plots. Undefined numbers are empty.
std::string theory_csv(const TheoryReport& report);

}  // namespace esscher::app
