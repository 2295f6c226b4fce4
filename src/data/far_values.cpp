#include "data/far_values.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace esscher::internal {
namespace {

constexpr double kFarDeviations = 30;
constexpr double kBoundDistances = 10;
// Columns of smaller ones could not be scaled without those far out.
constexpr double kLeastDeviations = 1e-130;
constexpr double kQuartilesOfNormal = 1.3489795003921634;  // from the lower to the upper one
constexpr double kFewValues = 0.01;                        // of the rows
// Of values that are not the one of most; or one alone.
constexpr double kFewOfOthers = 0.02;
constexpr std::size_t kFewestOthers = 8;  // values, to tell how far they lie from the one of most
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

/// The value that so great a part of them does not exceed. \p values are put in another order.
double quantile(std::span<double> values, std::size_t quarters) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(quarters * (values.size() - 1) / 4);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// Where a column lies and how widely, whatever a few of its values are.
struct Spread {
  double median = 0;
  double deviation = 0;  ///< the standard deviation that goes with it; 0 where there is no telling
  double distance = 0;   ///< of an ordinary value from the median
  double few = 0;        ///< so many values are few
};
/// \p values are put in another order.
Spread spread_of(std::vector<double>& values) {
  const double median = quantile(values, 2);
  const double normal = (quantile(values, 3) - quantile(values, 1)) / kQuartilesOfNormal;
  if (normal > 0) {
    return {median, normal, normal, kFewValues * static_cast<double>(values.size())};
  }
  // Most are one value: how far the others lie from it.
  std::vector<double> distances;
  for (const double value : values) {
    if (value != median) distances.push_back(std::abs(value - median));
  }
  if (distances.size() < kFewestOthers) return {median};
  const double distance = quantile(distances, 2);
  const double share = static_cast<double>(distances.size()) / static_cast<double>(values.size());
  const double few = std::max(1.0, kFewOfOthers * static_cast<double>(distances.size()));
  return {median, distance * std::sqrt(share), distance, few};
}

/// Whether those beyond the bounds are few, or all the same: a tail, confident probabilities or a
/// flag with noise are as they should be, and would be cut off.
bool are_strange(std::span<const double> values, const FarColumn& column, double few) {
  std::size_t count = 0;
  double first = 0;
  bool same = true;
  for (const double value : values) {
    if (value >= column.least && value <= column.greatest) continue;
    if (count++ == 0) first = value;
    same &= value == first;
  }
  return same || static_cast<double>(count) <= few;
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
    const Spread spread = spread_of(values);
    if (!(spread.deviation > kLeastDeviations && scale[j] > kFarDeviations * spread.deviation)) {
      continue;
    }
    const FarColumn column{j, spread.median - kBoundDistances * spread.distance,
                           spread.median + kBoundDistances * spread.distance};
    if (are_strange(values, column, spread.few)) far.push_back(column);
  }
  return far;
}

}  // namespace esscher::internal
