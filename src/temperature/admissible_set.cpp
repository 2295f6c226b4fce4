#include "esscher/temperature/admissible_set.h"

#include <algorithm>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher {
namespace {

constexpr int kDigits = 4;

/// The maximal runs of \p points, which ascend, that satisfy \p admits.
template <class Admits>
std::vector<TemperatureInterval> runs(std::span<const TemperaturePoint> points, Admits admits) {
  std::vector<TemperatureInterval> found;
  bool open = false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double beta = points[i].beta;
    const bool admitted = points[i].reliable && admits(points[i]);
    if (admitted && !open) {
      found.push_back({beta, beta, std::nullopt, std::nullopt});
      if (i > 0) found.back().low_excluded = points[i - 1].beta;
    } else if (admitted) {
      found.back().high = beta;
    } else if (open) {
      found.back().high_excluded = beta;
    }
    open = admitted;
  }
  return found;
}

}  // namespace

std::string TemperatureInterval::text() const {
  if (low == high) return number_text(low, kDigits);
  return "[" + number_text(low, kDigits) + ", " + number_text(high, kDigits) + "]";
}

std::string intervals_text(std::span<const TemperatureInterval> intervals) {
  if (intervals.empty()) return "none";
  std::string text = intervals.front().text();
  for (const TemperatureInterval& interval : intervals.subspan(1)) {
    text += " and " + interval.text();
  }
  return text;
}

AdmissibleSets admissible_sets(std::span<const TemperaturePoint> points, double tolerance) {
  if (!(tolerance > 0 && tolerance < 1)) {
    throw UsageError(rejection("tolerance", tolerance, "must be between 0 and 1",
                               "0.1 admits what loses a tenth of the attainable gain"));
  }
  std::vector<TemperaturePoint> grid(points.begin(), points.end());
  for (const TemperaturePoint& point : grid) require_temperature(point.beta, "beta");
  std::ranges::sort(grid, {}, &TemperaturePoint::beta);
  const auto twice = std::ranges::adjacent_find(grid, {}, &TemperaturePoint::beta);
  if (twice != grid.end()) {
    throw UsageError(rejection("beta", twice->beta, "is given twice", "leave one of them out"));
  }

  AdmissibleSets sets;
  sets.tolerance = tolerance;
  sets.efficient = runs(grid, [&](const TemperaturePoint& point) {
    return point.efficiency && point.efficiency->value >= 1 - tolerance;
  });
  sets.gaining = runs(grid, [](const TemperaturePoint& point) { return point.gain.lower() > 0; });
  const TemperaturePoint* best = nullptr;
  const TemperaturePoint* lowest = nullptr;
  for (const TemperaturePoint& point : grid) {
    if (!point.reliable) continue;
    if (lowest == nullptr) lowest = &point;
    if (best == nullptr || point.gold.value >= best->gold.value) best = &point;
  }
  if (best != nullptr) {
    sets.gold_optimal_beta = best->beta;
    sets.gold_optimal_at_end = best == lowest;
  }
  return sets;
}

}  // namespace esscher
