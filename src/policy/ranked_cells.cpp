#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "esscher/base/callbacks.h"
#include "policy/shared_cells.h"

namespace esscher::internal {
namespace {

/// Of some nanoseconds each.
constexpr std::uint32_t kStepsToCheckpoint = 1 << 20;

RankedCells::Cell ranked_cell(const TableCells& cells, std::size_t c, std::span<const double> r) {
  RankedCells::Cell result;
  const std::size_t size = cells.size(c);
  const std::size_t first = cells.grouped ? 0 : cells.piece_begin[c];
  result.pieces = cells.grouped ? size : cells.pieces(c);
  std::vector<bool> present(result.pieces);
  // Small keys sort fast; places in the cell split ties, as a stable sort would.
  std::vector<std::pair<double, std::size_t>> order;
  order.reserve(size);
  for (std::size_t j = 0; j < size; ++j) {
    const std::size_t at = cells.begin[c] + j;
    if (!(cells.prior[at] > 0)) continue;
    order.emplace_back(r[cells.order[at]], j);
  }
  std::uint32_t compared = 0;
  std::ranges::sort(order, [&](const auto& a, const auto& b) {
    if (++compared % kStepsToCheckpoint == 0) checkpoint();
    return a < b;
  });
  result.rows.reserve(order.size());
  for (const auto& [reward, j] : order) {
    const std::size_t at = cells.begin[c] + j;
    const std::size_t piece = cells.grouped ? j : cells.piece[at] - first;
    present[piece] = true;
    result.rows.push_back({cells.prior[at], reward, cells.order[at], piece, cells.is_placed(at)});
  }
  result.present = static_cast<std::size_t>(std::ranges::count(present, true));
  // From above, so that the few best rows, which large n looks at, keep their digits.
  checkpoint();
  double above = 0;
  for (std::size_t end = result.rows.size(); end > 0;) {
    RankedCells::Level level{end, end, 0, std::log1p(-above), 0, result.rows[end - 1].r};
    const double upper = above;
    while (level.begin > 0 && result.rows[level.begin - 1].r == level.r) {
      level.mass += result.rows[--level.begin].prior;
    }
    // Rounding must not carry it to 1 before the lowest level.
    above = std::min(above + level.mass, std::nextafter(1.0, 0.0));
    end = level.begin;
    if (end % kStepsToCheckpoint == 0) checkpoint();
    // The lowest reaches down to F = 0, whatever rounding made of the sum.
    if (end == 0) level.mass = std::max(level.mass, 1 - upper);
    const double low = upper + level.mass;
    level.log_lower = low >= 1 ? -kInfinity : std::log1p(-low);
    result.levels.push_back(level);
  }
  std::ranges::reverse(result.levels);
  return result;
}

}  // namespace

RankedCells::RankedCells(const TableCells& cells, std::span<const double> r) : cells_(cells) {
  require_rewards(r, "proxy reward", cells.order.size());
  for (std::size_t c = 0; c < cells.cells(); ++c) ranked_.push_back(ranked_cell(cells, c, r));
}

}  // namespace esscher::internal
