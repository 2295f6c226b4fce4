#pragma once

/// \file
/// Growth at infinity found numerically, for functions that are known only by their values.

#include "esscher/model/link.h"

namespace esscher::internal {

/// Growth of f on both sides, from its envelope between |z| = 40 and the overflow of f, or 2^500.
/// Values may overflow to infinity or NaN, or saturate; on [-40, 40] they must not. Rates are good
/// to about 12 digits, to 5 where f oscillates, to 2 or 3 where f overflows early (|z| < 1000).
Growth find_growth(const LinkFunction& f);
/// The same for one side, z -> sign * infinity.
TailGrowth find_tail_growth(const LinkFunction& f, double sign);

}  // namespace esscher::internal
