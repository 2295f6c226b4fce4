#pragma once

/// \file
/// Where a link crosses a level: the break points that clipping makes.

#include <vector>

#include "esscher/model/link.h"

namespace esscher::internal {

/// Which side of a level counts as beyond it; the level itself never does.
enum class Beyond { above, below };

/// Every place in [-40, 40] where f passes \p level, going beyond it or back, to one unit in the
/// last place, unless two of them and the extreme between lie closer than a cell of 1/800
/// and the extreme is not smooth. Beyond, the crossings of each side where they are few; none where
/// the link keeps oscillating about the level (the standard normal law has mass e^-800 there).
/// Crossings that are jumps of f at its own breaks are included. Ascending.
std::vector<double> find_crossings(const Link& link, double level, Beyond beyond);

}  // namespace esscher::internal
