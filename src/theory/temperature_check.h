#pragma once

#include <cmath>
#include <string_view>

#include "esscher/base/error.h"

namespace esscher::internal {

/// \throws UsageError unless \p beta is a temperature that doubles can serve: 1e-9 to 1e9.
inline void require_temperature(double beta, std::string_view field) {
  if (!(beta > 0) || !std::isfinite(beta)) {
    throw UsageError(
        rejection(field, beta, "a temperature must be a finite positive number", "try 1"));
  }
  if (beta < 1e-9 || beta > 1e9) {
    throw UsageError(rejection(field, beta, "a temperature must be from 1e-9 to 1e9",
                               "measure rewards in another unit"));
  }
}

}  // namespace esscher::internal
