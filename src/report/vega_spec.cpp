#include <algorithm>

#include "esscher/report/chart.h"
#include "report/chart_domain.h"
#include "report/vega_parts.h"

namespace esscher {

std::vector<std::string> series_names(const Chart& chart) {
  std::vector<std::string> names;
  for (const ChartSeries& series : chart.series) names.push_back(series.name);
  for (const ChartRange& range : chart.ranges) {
    if (std::ranges::find(names, range.series) == names.end()) names.push_back(range.series);
  }
  return names;
}

bool has_data(const Chart& chart) {
  if (chart.kind != ChartKind::curves) return !chart.bars.empty() || !chart.ranges.empty();
  return std::ranges::any_of(chart.series, [&](const ChartSeries& series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (internal::has_place(chart.x, series.x[i]) && internal::has_place(chart.y, series.y[i])) {
        return true;
      }
    }
    return false;
  });
}

std::string vega_spec(const Chart& chart) {
  const internal::Json json = chart.kind == ChartKind::curves ? internal::vega::curves(chart)
                                                              : internal::vega::categories(chart);
  return json.dump(-1, ' ', false, internal::Json::error_handler_t::replace);
}

}  // namespace esscher
