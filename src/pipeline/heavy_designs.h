#pragma once

/// \file
/// A design that outweighs the others, such as a control that was measured again and again.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/data/designs.h"

namespace esscher::internal {

/// A design with more of all weight than so is heavy, if it has ten rows and there are ten designs.
inline constexpr double kHeavyShare = 0.05;
inline constexpr std::uint64_t kHeavyRows = 10;

struct CutDesigns {
  Designs parts;
  std::vector<std::uint32_t> design;  ///< of each part
};

/// Heavy designs whose rewards vary, cut into parts of one two-hundredth of all weight each, or of
/// two rows: they were measured, and did not come by as one draw whose luck all their weight would
/// share, as copies do, whose rewards agree. None where there are none.
/// \param rewards  of the rows that \p designs are of
/// \param weights  of these, relative
/// Cost: O(rows).
std::optional<CutDesigns> cut_heavy_designs(const Designs& designs, std::span<const double> rewards,
                                            std::span<const double> weights);

}  // namespace esscher::internal
