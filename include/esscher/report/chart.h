#pragma once

/// \file
/// Figures as data: what is drawn, in the words and units of who reads it. How it is drawn follows
/// from this alone (`vega_spec()`), so that tests read figures instead of pictures.

#include <optional>
#include <string>
#include <vector>

namespace esscher {

enum class AxisScale { linear, log, square_root };

struct ChartAxis {
  std::string title;  ///< with the unit
  AxisScale scale = AxisScale::linear;
  bool reversed = false;  ///< greater values to the left
  /// Lines that go below leave the figure, which so shows what lies above; empty: all is shown.
  std::optional<double> floor{};
  bool whole = false;  ///< marked at whole numbers only
  /// At least so much is shown, of a linear axis: specks shall not look like mountains.
  double least_length = 0;
};

enum class SeriesStyle { line, dashed, points };

/// Points of one name. Vectors are as long as x, or empty where told. What is not finite, or not
/// positive on a logarithmic axis, is not drawn.
struct ChartSeries {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> low{};  ///< ends of intervals; empty: none
  std::vector<double> high{};
  std::vector<std::string> notes{};  ///< of each point, shown beside its numbers; empty: none
  std::vector<bool> doubtful{};      ///< hollow points; empty: none
  SeriesStyle style = SeriesStyle::line;
};

/// A range of x that is shaded.
struct ChartSpan {
  double low = 0;
  double high = 0;
  std::string label;
};

/// A line across the figure at one value of x, or of y.
struct ChartRule {
  double at = 0;
  std::string label;
  bool horizontal = false;
};

/// A mark of a second axis, above: another name of a value of x.
struct ChartTick {
  double at = 0;
  std::string label;
};

/// One bar, or one cell where the chart has columns.
struct ChartBar {
  std::string row;
  double value = 0;
  std::string column{};
};

/// A stretch of x in a row, of one series.
struct ChartRange {
  std::string row;
  std::string series;
  double low = 0;
  double high = 0;
};

enum class ChartKind { curves, bars, heat_map, ranges };

struct Chart {
  std::string id;       ///< letters, digits and hyphens
  std::string title;    ///< the finding, a sentence
  std::string caption;  ///< what is drawn, and what its uncertainty is
  ChartKind kind = ChartKind::curves;
  ChartAxis x;
  ChartAxis y;
  std::vector<ChartSeries> series{};  ///< curves
  std::vector<ChartSpan> spans{};
  std::vector<ChartRule> rules{};
  std::vector<ChartTick> ticks{};
  std::string ticks_title{};
  std::vector<ChartBar> bars{};        ///< bars and heat maps, in the order of their rows
  std::vector<ChartRange> ranges{};    ///< ranges, by row
  std::vector<std::string> columns{};  ///< of a heat map, in their order
  bool diagonal = false;               ///< y = x is drawn: curves only
};

/// The names that a legend tells apart; of ranges in the order in which they come.
std::vector<std::string> series_names(const Chart& chart);

/// Whether there is anything to draw.
bool has_data(const Chart& chart);

/// The chart as a specification in Vega's grammar (JSON). Its signals `hues`, `ink`, `muted`,
/// `grid`, `surface` are colours and `shown` says which series are visible; a page sets them.
/// \throws UsageError where vectors of a series have unequal lengths
std::string vega_spec(const Chart& chart);

/// Its numbers as a table: names of the columns, then one row a point, as text that reads back
/// exactly.
std::vector<std::vector<std::string>> chart_table(const Chart& chart);

}  // namespace esscher
