#include "report/chart_domain.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace esscher::internal {
namespace {

/// An interval that grows, in the coordinate in which the axis is even.
class Extent {
 public:
  explicit Extent(const ChartAxis& axis) : axis_(axis) {}

  void add(double value) {
    if (!has_place(axis_, value)) return;
    low_ = std::min(low_, even(value));
    high_ = std::max(high_, even(value));
  }
  /// As add(), but no further than so many times the present length beyond either end.
  void stretch(double value, double times) {
    if (!has_place(axis_, value) || !(low_ <= high_)) return;
    const double reach = times * std::max(first_high_ - first_low_, 1e-12);
    low_ = std::min(low_, std::max(even(value), first_low_ - reach));
    high_ = std::max(high_, std::min(even(value), first_high_ + reach));
  }
  void settle() {
    first_low_ = low_;
    first_high_ = high_;
  }
  /// With a margin of so many lengths at both ends, and so many more above.
  Domain padded(double margin, double above = 0) const {
    if (!(low_ <= high_)) return {axis_.scale == AxisScale::log ? 0.1 : 0, 1};
    double room = margin * (high_ - low_);
    if (room == 0)
      room = axis_.scale == AxisScale::linear ? std::max(0.1, 0.1 * std::abs(low_)) : 0.5;
    Domain domain{uneven(low_ - room), uneven(high_ + room + above * (high_ - low_))};
    if (axis_.scale == AxisScale::square_root && low_ - room <= 0) domain.low = 0;
    return domain;
  }

 private:
  double even(double value) const {
    if (axis_.scale == AxisScale::log) return std::log(value);
    return axis_.scale == AxisScale::square_root ? std::sqrt(value) : value;
  }
  double uneven(double value) const {
    if (axis_.scale == AxisScale::log) return std::exp(value);
    return axis_.scale == AxisScale::square_root ? value * value : value;
  }

  const ChartAxis& axis_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
  double first_low_ = 0;
  double first_high_ = 0;
};

}  // namespace

bool has_place(const ChartAxis& axis, double value) {
  if (!std::isfinite(value)) return false;
  if (axis.scale == AxisScale::log) return value > 0;
  return axis.scale == AxisScale::linear || value >= 0;
}

std::vector<double> axis_values(const ChartAxis& axis, Domain domain) {
  if (axis.scale == AxisScale::linear || !(domain.high > domain.low)) return {};
  const bool log = axis.scale == AxisScale::log;
  const auto even = [&](double value) { return log ? std::log10(value) : std::sqrt(value); };
  const double length = even(domain.high) - even(log ? domain.low : std::max(domain.low, 0.0));
  std::vector<double> steps{1, 2, 5};
  if (log && length < 0.7) steps = {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
  if (log && length > 3) steps = {1};
  std::vector<double> values;
  if (!log && domain.low <= 0) values.push_back(0);
  // Square roots are marked from above, where they are far apart.
  const double first = log ? domain.low : domain.high * 1e-3;
  for (int power = static_cast<int>(std::floor(std::log10(first)));
       power <= static_cast<int>(std::floor(std::log10(domain.high))); ++power) {
    for (const double step : steps) {
      const double value = step * std::pow(10.0, power);
      if (value < std::max(first, domain.low) || value > domain.high) continue;
      const double room = values.empty() ? length : even(value) - even(values.back());
      if (room >= (log ? 0.055 : 0.06) * length) values.push_back(value);
    }
  }
  if (log && length > 7) {
    const auto skip = static_cast<std::size_t>(std::ceil(length / 7));
    std::vector<double> fewer;
    for (std::size_t i = 0; i < values.size(); i += skip) fewer.push_back(values[i]);
    return fewer;
  }
  return values;
}

Domain x_domain(const Chart& chart) {
  Extent extent(chart.x);
  for (const ChartSeries& series : chart.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (has_place(chart.y, series.y[i])) extent.add(series.x[i]);
    }
  }
  for (const ChartRange& range : chart.ranges) {
    extent.add(range.low);
    extent.add(range.high);
  }
  for (const ChartRule& rule : chart.rules) {
    if (!rule.horizontal) extent.add(rule.at);
  }
  const bool even = chart.x.scale != AxisScale::linear || chart.kind == ChartKind::ranges;
  Domain domain = extent.padded(even ? 0.03 : 0.02);
  const double lacking = chart.x.least_length - (domain.high - domain.low);
  if (lacking > 0) domain = {domain.low - lacking / 2, domain.high + lacking / 2};
  return domain;
}

Domain y_domain(const Chart& chart) {
  Extent extent(chart.y);
  double greatest = -std::numeric_limits<double>::infinity();
  const auto add = [&](double value) {
    extent.add(value);
    if (has_place(chart.y, value)) greatest = std::max(greatest, value);
  };
  for (const ChartSeries& series : chart.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (has_place(chart.x, series.x[i])) add(series.y[i]);
    }
  }
  for (const ChartRule& rule : chart.rules) {
    if (rule.horizontal) add(rule.at);
  }
  extent.settle();
  for (const ChartSeries& series : chart.series) {
    for (std::size_t i = 0; i < series.low.size(); ++i) {
      if (!series.doubtful.empty() && series.doubtful[i]) continue;
      extent.stretch(series.low[i], 1);
      extent.stretch(series.high[i], 1);
    }
  }
  // Names of vertical rules stand at the top, where they would hide what lies below them.
  const bool named = std::ranges::any_of(
      chart.rules, [](const ChartRule& rule) { return !rule.horizontal && !rule.label.empty(); });
  Domain domain = extent.padded(0.05, named ? 0.06 : 0);
  if (chart.y.floor && domain.low < *chart.y.floor) {
    // The margin is one of what is left.
    domain.low = *chart.y.floor;
    domain.high = std::min(domain.high, greatest + 0.08 * (greatest - *chart.y.floor));
  }
  if (domain.high - domain.low < chart.y.least_length) {
    // Downwards: what is held to a least length has an optimum above, and points need a little
    // room.
    domain.high += 0.04 * chart.y.least_length;
    domain.low = domain.high - chart.y.least_length;
  }
  return domain;
}

}  // namespace esscher::internal
