#include "pipeline/expected_gold.h"

#include <algorithm>
#include <cmath>

#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

/// Weighted sums of which a line is made.
struct LineSums {
  double mass = 0;
  double x = 0;
  double y = 0;
  double xx = 0;
  double xy = 0;

  void add(double weight, double at, double value) {
    mass += weight;
    x += weight * at;
    y += weight * value;
    xx += weight * at * at;
    xy += weight * at * value;
  }
  LineSums without(const LineSums& other) const {
    return {mass - other.mass, x - other.x, y - other.y, xx - other.xx, xy - other.xy};
  }
  /// The line at \p at; through the origin if \p within.
  double line(double at, bool within) const {
    if (within) return xx > 0 ? xy / xx * at : 0;
    if (!(mass > 0)) return 0;
    const double spread = xx - x / mass * x;
    // What rounding leaves of a constant is no slope.
    const double slope = spread > 1e-12 * xx ? (xy - x / mass * y) / spread : 0;
    return y / mass + slope * (at - x / mass);
  }
};

}  // namespace

std::vector<double> expected_gold(const AuditedTable& table, std::span<const double> scores) {
  if (!table.partial()) return {};
  const std::size_t count = table.known.size();
  std::vector<double> weights = table.known_log_weights;
  weights.resize(count);
  normalise_log_weights(weights);
  for (double& w : weights) w = std::exp(w);
  // About means, so that levels cost no digits; of groups their own.
  const std::size_t cells = std::size_t{std::ranges::max(table.known_cells)} + 1;
  std::vector<double> mass(cells);
  std::vector<double> mean_x(cells);
  std::vector<double> mean_y(cells);
  for (std::size_t k = 0; k < count; ++k) {
    const std::uint32_t c = table.known_cells[k];
    mass[c] += weights[k];
    mean_x[c] += weights[k] * scores[table.known[k]];
    mean_y[c] += weights[k] * table.gold[k];
  }
  for (std::size_t c = 0; c < cells; ++c) {
    if (!(mass[c] > 0)) continue;
    mean_x[c] /= mass[c];
    mean_y[c] /= mass[c];
  }
  std::vector<LineSums> pieces(std::size_t{std::ranges::max(table.pieces)} + 1);
  LineSums all;
  for (std::size_t k = 0; k < count; ++k) {
    const std::uint32_t c = table.known_cells[k];
    const double x = scores[table.known[k]] - mean_x[c];
    const double y = table.gold[k] - mean_y[c];
    pieces[table.pieces[k]].add(weights[k], x, y);
    all.add(weights[k], x, y);
  }
  // Without groups there is one cell; with them levels are nobody's, and any will do.
  const bool within = table.grouped();
  const double from = within ? 0 : mean_x[0];
  const double level = within ? 0 : mean_y[0];
  std::vector<double> expected;
  for (const double score : scores) expected.push_back(level + all.line(score - from, within));
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = table.known[k];
    const LineSums others = all.without(pieces[table.pieces[k]]);
    expected[i] = level + others.line(scores[i] - from, within);
  }
  return expected;
}

}  // namespace esscher::internal
