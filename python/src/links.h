#pragma once

/// \file
/// Functions of Python as links.

#include <nanobind/nanobind.h>

#include <optional>
#include <string>
#include <vector>

#include "esscher/model/link.h"

namespace esscher::python {

namespace nb = nanobind;

/// The link of \p function, which takes a 1-D float64 array and gives one of the same length. It is
/// called with the interpreter's lock from whatever thread needs values, one at a time; what it
/// raises comes out as it is.
Link python_link(nb::object function, const std::string& name,
                 const std::optional<std::vector<double>>& breaks);

}  // namespace esscher::python
