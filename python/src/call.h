#pragma once

/// \file
/// What records tell of the call that they came from.

#include <string>
#include <utility>
#include <vector>

#include "esscher/record/run_record.h"

namespace esscher::python {

/// As code, and its parameters by name, as text.
using Call = std::pair<std::string, std::vector<std::pair<std::string, std::string>>>;

/// With sentences in the words of Python, and in detail: the package's results are made of records.
RunRecord run_of(const Call& call);

}  // namespace esscher::python
