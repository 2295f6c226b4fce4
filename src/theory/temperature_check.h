#pragma once

#include <cmath>
#include <string_view>

#include "esscher/base/error.h"

namespace esscher::internal {

/// \throws UsageError unless \p beta is finite and positive.
inline void require_temperature(double beta, std::string_view field) {
  if (beta > 0 && std::isfinite(beta)) return;
  throw UsageError(
      rejection(field, beta, "a temperature must be a finite positive number", "try 1"));
}

}  // namespace esscher::internal
