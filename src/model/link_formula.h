#pragma once

/// \file
/// Links written as a formula in z.

#include <optional>
#include <string>
#include <vector>

#include "esscher/model/link.h"

namespace esscher::internal {

/// \param expression  "tanh(z^3-3*z)"
/// \param breaks      where f or a derivative may jump, or none to have them searched for
/// \throws UsageError (without the caller's field) where the formula does not parse, is not finite
///         somewhere on [-40, 40], or varies too fast to be searched.
Link formula_link(const std::string& expression, const std::optional<std::vector<double>>& breaks);

}  // namespace esscher::internal
