#pragma once

/// \file
/// A design that outweighs the others, such as a control that was measured again and again.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/data/designs.h"
#include "esscher/policy/table_policy.h"

namespace esscher::internal {

/// A design of so many rows among so many designs is heavy with more than a twentieth of all weight
/// and more than three times the share that is due.
inline constexpr std::uint64_t kHeavyRows = 10;
inline bool is_heavy(double share, std::uint64_t rows, std::uint64_t designs) {
  return rows >= kHeavyRows && designs >= kHeavyRows && share > 0.05 &&
         share * static_cast<double>(designs) > 3;
}

struct CutDesigns {
  Designs parts;
  std::vector<std::uint32_t> design;  ///< of each part
};

/// Heavy designs whose rewards vary, cut into parts of one two-hundredth of all weight each, or of
/// two rows: they were measured, and did not come by as one draw whose luck all their weight would
/// share, as copies do, whose rewards agree. Which rows a part has is drawn from them in the order
/// of their rewards, so that the order in which they came has no say, but among rows
/// of one reward and weight. None where there are none.
/// \param rewards  of the rows that \p designs are of
/// \param weights  of these, relative
/// Cost: O(rows), and two sorts of the heavy designs' rows.
std::optional<CutDesigns> cut_heavy_designs(const Designs& designs, std::span<const double> rewards,
                                            std::span<const double> weights);

/// Values beside the parts, as beside the whole designs again: what could be gained is a matter of
/// these, and a part's reward is noisier than its design's.
struct WholeDesigns {
  std::vector<double> values;       ///< means over the parts
  std::vector<double> log_weights;  ///< of their sums
  std::vector<double> shares;       ///< of the variance of a label, of each mean; or empty

  TableReference reference() const { return {.rows = values.size(), .log_weights = log_weights}; }
};

/// \param design       of each part, CutDesigns::design
/// \param log_weights  of the parts
/// \param shares       of the variance of one label that each part's reward has, or empty
WholeDesigns whole_designs(std::span<const std::uint32_t> design,
                           std::span<const double> log_weights, std::span<const double> values,
                           std::span<const double> shares);

}  // namespace esscher::internal
