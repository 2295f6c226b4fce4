#include "pipeline/proxy_calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "esscher/weights/log_weights.h"
#include "pipeline/held_out_spread.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kPoints = 20;
/// Fewer rows tell no error of a point.
constexpr std::size_t kLeastRowsAPoint = 5;

std::size_t count_of(std::span<const std::uint32_t> numbers) {
  return std::size_t{std::ranges::max(numbers)} + 1;
}

/// Values about the weighted mean of their cell.
std::vector<double> centred(std::span<const double> values, std::span<const double> weights,
                            std::span<const std::uint32_t> cells) {
  std::vector<double> mass(count_of(cells));
  std::vector<double> mean(mass.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    mass[cells[i]] += weights[i];
    mean[cells[i]] += weights[i] * values[i];
  }
  std::vector<double> result(values.begin(), values.end());
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (mass[cells[i]] > 0) result[i] -= mean[cells[i]] / mass[cells[i]];
  }
  return result;
}

/// Least squares through the origin, with the error of draws of pieces.
Estimate slope_of(std::span<const double> x, std::span<const double> y,
                  std::span<const double> weights, std::span<const std::uint32_t> pieces,
                  bool grouped) {
  double xx = 0;
  double xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += weights[i] * x[i] * x[i];
    xy += weights[i] * x[i] * y[i];
  }
  Estimate slope;
  slope.value = xy / xx;
  std::vector<double> moved(count_of(pieces));
  for (std::size_t i = 0; i < x.size(); ++i) {
    moved[pieces[i]] += weights[i] * x[i] * (y[i] - slope.value * x[i]) / xx;
  }
  double variance = 0;
  for (const double step : moved) variance += step * step;
  const auto count = static_cast<double>(moved.size());
  // Through two points there is always a line; within groups one piece tells no error.
  const double freedom = count - (grouped ? 1 : 2);
  slope.standard_error =
      freedom > 0 ? std::sqrt(variance * count / freedom) : std::numeric_limits<double>::infinity();
  slope.degrees_of_freedom = std::max(1.0, freedom);
  return slope;
}

/// The least-squares rising curve through points of so many rows, by pooling neighbours that fall.
void add_isotonic(std::vector<CalibrationPoint>& points) {
  struct Block {
    double mean;
    double rows;
    std::size_t points;
  };
  std::vector<Block> blocks;
  for (const CalibrationPoint& point : points) {
    blocks.push_back({point.gold.value, static_cast<double>(point.rows), 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean > blocks.back().mean) {
      const Block last = blocks.back();
      blocks.pop_back();
      Block& pooled = blocks.back();
      pooled.mean = (pooled.rows * pooled.mean + last.rows * last.mean) / (pooled.rows + last.rows);
      pooled.rows += last.rows;
      pooled.points += last.points;
    }
  }
  std::size_t next = 0;
  for (const Block& block : blocks) {
    for (std::size_t k = 0; k < block.points; ++k) points[next++].isotonic = block.mean;
  }
}

std::vector<CalibrationPoint> curve_of(std::span<const double> x, std::span<const double> y,
                                       std::span<const double> weights) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return !(weights[i] > 0); });
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return x[i]; });
  const std::size_t points = std::clamp(order.size() / kLeastRowsAPoint, std::size_t{1}, kPoints);
  std::vector<CalibrationPoint> curve;
  std::size_t begin = 0;
  for (std::size_t k = 0; k < points && begin < order.size(); ++k) {
    std::size_t end = std::max(begin + 1, order.size() * (k + 1) / points);
    // Rows of one proxy reward stay together.
    while (end < order.size() && x[order[end]] == x[order[end - 1]]) ++end;
    CalibrationPoint point;
    double mass = 0;
    for (std::size_t j = begin; j < end; ++j) {
      mass += weights[order[j]];
      point.proxy += weights[order[j]] * x[order[j]];
      point.gold.value += weights[order[j]] * y[order[j]];
    }
    point.proxy /= mass;
    point.gold.value /= mass;
    point.rows = end - begin;
    double squares = 0;
    for (std::size_t j = begin; j < end; ++j) {
      const double step = weights[order[j]] / mass * (y[order[j]] - point.gold.value);
      squares += step * step;
    }
    const auto rows = static_cast<double>(point.rows);
    point.gold.degrees_of_freedom = std::max(1.0, rows - 1);
    point.gold.standard_error =
        rows > 1 ? std::sqrt(squares * rows / (rows - 1)) : std::numeric_limits<double>::infinity();
    curve.push_back(point);
    begin = end;
  }
  add_isotonic(curve);
  return curve;
}

}  // namespace

ProxyCalibration calibrate(std::span<const double> proxy, const KnownRows& rows) {
  std::vector<double> log_weights(rows.log_weights.begin(), rows.log_weights.end());
  log_weights.resize(proxy.size());
  const Spread both = spread(proxy, rows.gold, rows.cells, log_weights);
  normalise_log_weights(log_weights);
  std::vector<double> weights;
  for (const double w : log_weights) weights.push_back(std::exp(w));
  const std::vector<double> x = centred(proxy, weights, rows.cells);
  const std::vector<double> y = centred(rows.gold, weights, rows.cells);
  ProxyCalibration result;
  result.correlation = both.correlation();
  if (!(both.rr > 0)) return result;
  result.slope = slope_of(x, y, weights, rows.pieces, rows.grouped);
  if (rows.grouped) {
    result.curve = curve_of(x, y, weights);
  } else {
    result.curve = curve_of(proxy, rows.gold, weights);
  }
  return result;
}

double tied_share(std::span<const double> values, std::span<const std::uint32_t> cells) {
  std::vector<std::pair<std::uint32_t, double>> sorted;
  sorted.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) sorted.emplace_back(cells[i], values[i]);
  std::ranges::sort(sorted);
  std::size_t tied = 0;
  for (std::size_t j = 0; j < sorted.size(); ++j) {
    const bool before = j > 0 && sorted[j - 1] == sorted[j];
    const bool after = j + 1 < sorted.size() && sorted[j + 1] == sorted[j];
    if (before || after) ++tied;
  }
  return static_cast<double>(tied) / static_cast<double>(values.size());
}

}  // namespace esscher::internal
