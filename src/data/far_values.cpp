#include "data/far_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace esscher::internal {
namespace {

constexpr double kFarDeviations = 30;
constexpr double kBoundDeviations = 10;
// Columns of smaller ones could not be scaled without those far out.
constexpr double kLeastQuartiles = 1e-130;
constexpr double kQuartilesOfNormal = 1.3489795003921634;  // from the lower to the upper one
constexpr double kFewValues = 0.01;                        // of the rows
constexpr std::size_t kMostRows = 4096;
constexpr std::size_t kFewestRows = 64;
// Of all columns that are held at a time (32 MiB).
constexpr std::size_t kMostNumbers = std::size_t{1} << 22;

/// Rows of positive weight, spread evenly.
std::vector<std::uint64_t> spread_rows(const WeightedRows& table, std::size_t most) {
  std::vector<std::uint64_t> rows;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (table.weights[i] > 0) rows.push_back(table.rows[i]);
  }
  if (rows.size() <= most) return rows;
  std::vector<std::uint64_t> spread(most);
  for (std::size_t i = 0; i < most; ++i) spread[i] = rows[i * rows.size() / most];
  return spread;
}

/// Lower quartile, median, upper quartile. \p values are put in another order.
std::array<double, 3> quartiles(std::vector<double>& values) {
  std::array<double, 3> found{};
  auto begin = values.begin();
  for (std::size_t q = 0; q < 3; ++q) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>((q + 1) * (values.size() - 1) / 4);
    std::nth_element(begin, at, values.end());
    found[q] = *at;
    begin = at;
  }
  return found;
}

/// Whether those beyond the bounds are few, or all the same: a tail, confident probabilities or a
/// flag with noise are as they should be, and would be cut off.
bool are_strange(std::span<const double> values, const FarColumn& column) {
  std::size_t count = 0;
  double first = 0;
  bool same = true;
  for (const double value : values) {
    if (value >= column.least && value <= column.greatest) continue;
    if (count++ == 0) first = value;
    same &= value == first;
  }
  return same || static_cast<double>(count) <= kFewValues * static_cast<double>(values.size());
}

}  // namespace

std::vector<FarColumn> far_columns(const WeightedRows& table, std::span<const double> scale) {
  const std::size_t d = scale.size();
  if (kMostNumbers / d < kFewestRows) return {};
  const std::vector<std::uint64_t> rows = spread_rows(table, std::min(kMostNumbers / d, kMostRows));
  Matrix<double> x(rows.size(), d);
  table.features.gather(rows, x.view());
  std::vector<FarColumn> far;
  std::vector<double> values(rows.size());
  for (std::size_t j = 0; j < d; ++j) {
    if (scale[j] == 0) continue;
    for (std::size_t i = 0; i < rows.size(); ++i) values[i] = x(i, j);
    const auto [lower, median, upper] = quartiles(values);
    const double deviation = (upper - lower) / kQuartilesOfNormal;
    if (!(deviation > kLeastQuartiles && scale[j] > kFarDeviations * deviation)) continue;
    const FarColumn column{j, median - kBoundDeviations * deviation,
                           median + kBoundDeviations * deviation};
    if (are_strange(values, column)) far.push_back(column);
  }
  return far;
}

}  // namespace esscher::internal
