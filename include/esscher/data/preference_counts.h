#pragma once

/// \file
/// How many preferences a table states.

#include <cstdint>
#include <span>
#include <string>

namespace esscher {

struct PreferenceCounts {
  std::uint64_t pairs = 0;
  std::uint64_t ties = 0;  ///< of them, neither preferred: half a win each way
  /// Distinct pairs of designs that are stated both ways; each statement counts as it stands.
  std::uint64_t contradictory = 0;

  /// "1000 pairs, 12 of them ties, 3 stated both ways"
  std::string text() const;
};

/// Of all pairs of rows of one group, the row of the higher reward being preferred. None is stated
/// both ways there. \param groups  as long as \p rewards. O(n log n).
PreferenceCounts count_preferences(std::span<const double> rewards,
                                   std::span<const std::uint32_t> groups);

}  // namespace esscher
