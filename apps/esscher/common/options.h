#pragma once

#include <CLI/CLI.hpp>

namespace esscher::app {

/// An option that was given an empty value is a mistake, as a rule a shell variable that is not
/// set; it must not pass for one that was left out.
/// \throws UsageError for the first such option of \p command
void refuse_empty_values(const CLI::App& command);

}  // namespace esscher::app
