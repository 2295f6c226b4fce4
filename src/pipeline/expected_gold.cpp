#include "pipeline/expected_gold.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

/// Weighted sums of which a slope is made.
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
  /// Through the origin if \p within.
  double slope(bool within) const {
    if (within) return xx > 0 ? xy / xx : 0;
    if (!(mass > 0)) return 0;
    const double spread = xx - x / mass * x;
    // What rounding leaves of a constant is no slope.
    return spread > 1e-12 * xx ? (xy - x / mass * y) / spread : 0;
  }
};

/// Prior weights of the known rows times the tilt's, which are shares within a cell.
std::vector<double> policy_weights(const AuditedTable& table, std::span<const double> log_tilt,
                                   double times) {
  const std::size_t count = table.known.size();
  std::vector<double> weights = table.known_log_weights;
  weights.resize(count);
  if (!log_tilt.empty()) {
    const std::size_t cells = std::size_t{std::ranges::max(table.known_cells)} + 1;
    std::vector<double> greatest(cells, -std::numeric_limits<double>::infinity());
    std::vector<double> mass(cells);
    for (std::size_t k = 0; k < count; ++k) {
      double& most = greatest[table.known_cells[k]];
      most = std::max(most, times * log_tilt[table.known[k]]);
    }
    const auto above = [&](std::size_t k) {
      return times * log_tilt[table.known[k]] - greatest[table.known_cells[k]];
    };
    for (std::size_t k = 0; k < count; ++k) mass[table.known_cells[k]] += std::exp(above(k));
    for (std::size_t k = 0; k < count; ++k) {
      weights[k] += above(k) - std::log(mass[table.known_cells[k]]);
    }
  }
  normalise_log_weights(weights);
  for (double& w : weights) w = std::exp(w);
  return weights;
}

}  // namespace

std::vector<double> expected_gold(const AuditedTable& table, std::span<const double> scores,
                                  std::span<const double> log_tilt, double times) {
  if (!table.partial()) return {};
  const std::size_t count = table.known.size();
  const std::vector<double> weights = policy_weights(table, log_tilt, times);
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
  const double slope = all.slope(within);
  std::vector<double> expected(scores.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    expected[i] = level + slope * (scores[i] - from);
  }
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t i = table.known[k];
    const double others = all.without(pieces[table.pieces[k]]).slope(within);
    expected[i] = level + others * (scores[i] - from);
  }
  return expected;
}

std::vector<double> log_ranks(const AuditedTable& table, std::span<const double> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {},
                    [&](std::size_t i) { return std::tuple(table.cells[i], scores[i], i); });
  const std::span<const double> log_weights = table.reference.log_weights;
  double greatest = 0;  // of a cell
  const auto weight = [&](std::size_t at) {
    return log_weights.empty() ? 1 : std::exp(log_weights[order[at]] - greatest);
  };
  std::vector<double> ranks(scores.size());
  for (std::size_t begin = 0; begin < order.size();) {
    const std::uint32_t cell = table.cells[order[begin]];
    std::size_t end = begin;
    greatest = log_weights.empty() ? 0 : log_weights[order[begin]];
    for (; end < order.size() && table.cells[order[end]] == cell; ++end) {
      if (!log_weights.empty()) greatest = std::max(greatest, log_weights[order[end]]);
    }
    double sum = 0;
    for (std::size_t at = begin; at < end; ++at) sum += weight(at);
    double below = 0;
    while (begin < end) {
      // Rows of one score have one rank, the middle of theirs.
      std::size_t last = begin;
      double own = 0;
      for (; last < end && scores[order[last]] == scores[order[begin]]; ++last) own += weight(last);
      // Above 0 also for rows that pi_0 never takes.
      const double middle =
          std::log(std::max((below + own / 2) / sum, std::numeric_limits<double>::min()));
      for (; begin < last; ++begin) ranks[order[begin]] = middle;
      below += own;
    }
  }
  return ranks;
}

}  // namespace esscher::internal
