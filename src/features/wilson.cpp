#include <algorithm>
#include <cmath>

#include "esscher/features/learn_features.h"

namespace esscher {

// Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
Share wilson_share(std::size_t count, std::size_t of) {
  if (of == 0) return {count, of, 0, 0, 1};
  constexpr double kQuantile = 1.959963984540054;  // 97.5 % of a standard normal
  const auto n = static_cast<double>(of);
  const double share = static_cast<double>(count) / n;
  const double square = kQuantile * kQuantile / n;
  const double centre = (share + square / 2) / (1 + square);
  const double half = std::sqrt(square * (share * (1 - share) + square / 4)) / (1 + square);
  // Exact at the ends, where rounding would leave 1e-17.
  return {count, of, share, count == 0 ? 0.0 : std::max(0.0, centre - half),
          count == of ? 1.0 : std::min(1.0, centre + half)};
}

}  // namespace esscher
