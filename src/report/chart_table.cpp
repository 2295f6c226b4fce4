#include <algorithm>
#include <cmath>

#include "esscher/base/number_text.h"
#include "esscher/report/chart.h"

namespace esscher {
namespace {

std::string exact(double value) { return std::isfinite(value) ? number_text(value) : ""; }

using Rows = std::vector<std::vector<std::string>>;

Rows curve_rows(const Chart& chart) {
  const auto any = [&](auto has) { return std::ranges::any_of(chart.series, has); };
  const bool intervals = any([](const ChartSeries& s) { return !s.low.empty(); });
  const bool notes = any([](const ChartSeries& s) { return !s.notes.empty(); });
  Rows rows{{"series", chart.x.title, chart.y.title}};
  if (intervals) rows[0].insert(rows[0].end(), {"low", "high"});
  if (notes) rows[0].emplace_back("note");
  for (const ChartSeries& series : chart.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      std::vector<std::string> row{series.name, exact(series.x[i]), exact(series.y[i])};
      if (intervals) {
        row.push_back(series.low.empty() ? "" : exact(series.low[i]));
        row.push_back(series.high.empty() ? "" : exact(series.high[i]));
      }
      if (notes) row.push_back(series.notes.empty() ? "" : series.notes[i]);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace

std::vector<std::vector<std::string>> chart_table(const Chart& chart) {
  if (chart.kind == ChartKind::curves) return curve_rows(chart);
  if (chart.kind == ChartKind::ranges) {
    Rows rows{{chart.y.title, "series", "low", "high"}};
    for (const ChartRange& range : chart.ranges) {
      rows.push_back({range.row, range.series, exact(range.low), exact(range.high)});
    }
    return rows;
  }
  const bool cells = chart.kind == ChartKind::heat_map;
  Rows rows{cells ? std::vector<std::string>{chart.y.title, chart.x.title, "value"}
                  : std::vector<std::string>{chart.y.title, chart.x.title}};
  for (const ChartBar& bar : chart.bars) {
    rows.push_back(cells ? std::vector<std::string>{bar.row, bar.column, exact(bar.value)}
                         : std::vector<std::string>{bar.row, exact(bar.value)});
  }
  return rows;
}

}  // namespace esscher
