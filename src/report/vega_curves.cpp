#include <algorithm>
#include <cmath>

#include "esscher/base/error.h"
#include "report/vega_parts.h"

namespace esscher::internal::vega {
namespace {

/// The names of the values of x that stand above.
Json upper_axis(const Chart& chart) {
  Json at = Json::array();
  Json names = Json::array();
  std::vector<ChartTick> ticks;
  for (const ChartTick& tick : chart.ticks) {
    if (has_place(chart.x, tick.at)) ticks.push_back(tick);
  }
  std::ranges::sort(ticks, {}, &ChartTick::at);
  for (const ChartTick& tick : ticks) {
    at.push_back(tick.at);
    names.push_back(tick.label);
  }
  if (ticks.empty()) return {};
  return {{"orient", "top"},
          {"scale", "x"},
          {"title", chart.ticks_title},
          {"values", at},
          {"labelOverlap", "greedy"},
          {"labelSeparation", 6},
          {"encode", {{"labels", {{"update", {{"text", tick_names(names)}}}}}}}};
}

void check(const ChartSeries& series) {
  const auto fits = [&](std::size_t size) { return size == 0 || size == series.x.size(); };
  if (series.y.size() != series.x.size() || !fits(series.low.size()) ||
      series.low.size() != series.high.size() || !fits(series.notes.size()) ||
      !fits(series.doubtful.size())) {
    throw UsageError(
        rejection("series", series.name, "its vectors must be as long as x, or empty"));
  }
}

Json points(const Chart& chart, const ChartSeries& series) {
  Json list = Json::array();
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (!has_place(chart.x, series.x[i]) || !has_place(chart.y, series.y[i])) {
      continue;
    }
    Json point{{"series", series.name}, {"x", series.x[i]}, {"y", series.y[i]}};
    if (!series.low.empty() && std::isfinite(series.low[i]) && std::isfinite(series.high[i])) {
      const Domain domain = y_domain(chart);
      const bool cut = chart.y.scale == AxisScale::log && series.low[i] <= 0;
      point["low"] = cut ? domain.low : series.low[i];
      point["high"] = series.high[i];
    }
    if (!series.notes.empty()) point["note"] = series.notes[i];
    if (!series.doubtful.empty() && series.doubtful[i]) point["doubtful"] = true;
    list.push_back(std::move(point));
  }
  return list;
}

/// Where the label of a span stands: behind those of upright rules at the top, or at the bottom
/// where the curves of the span are above.
std::string span_label_place(const Chart& chart, const ChartSpan& span, Domain y) {
  int above = 0;
  int below = 0;
  for (const ChartSeries& series : chart.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (series.x[i] < span.low || series.x[i] > span.high) continue;
      ++(2 * series.y[i] > y.low + y.high ? above : below);
    }
  }
  if (above > below) return "height - 6";
  const auto upright = std::ranges::count(chart.rules, false, &ChartRule::horizontal);
  return std::to_string(12 + 14 * upright);
}

/// Text that may lie over curves: on a rim of the page's colour.
void add_label(Json text, Json& marks) {
  text["fontSize"] = value(11);
  Json rim = text;
  rim.update({{"fill", signal("surface")},
              {"stroke", signal("surface")},
              {"strokeWidth", value(3)},
              {"strokeJoin", value("round")}});
  for (const Json& look : {rim, text}) {
    marks.push_back({{"type", "text"}, {"interactive", false}, {"encode", {{"update", look}}}});
  }
}

/// Where a span begins on the page. A single temperature is still to be seen.
std::string span_end(const ChartSpan& span, bool first) {
  const std::string low = "scale('x', " + Json(span.low).dump() + ")";
  const std::string high = "scale('x', " + Json(span.high).dump() + ")";
  return first ? "max(0, min(" + low + ", " + high + ") - 3)"
               : "min(width, max(" + low + ", " + high + ") + 3)";
}

void add_span(const ChartSpan& span, Json& marks) {
  marks.push_back({{"type", "rect"},
                   {"interactive", false},
                   {"encode",
                    {{"update",
                      {{"x", signal(span_end(span, true))},
                       {"x2", signal(span_end(span, false))},
                       {"y", value(0)},
                       {"y2", signal("height")},
                       {"fill", signal(hue(0))},
                       {"fillOpacity", value(0.09)}}}}}});
}

void add_span_label(const ChartSpan& span, const std::string& place, Json& marks) {
  const std::string from = span_end(span, true);
  add_label({{"x", signal(from + " + 8")},
             {"y", signal(place)},
             {"align", value("left")},
             {"text", value(span.label)},
             {"limit", signal("width - " + from + " - 8")},
             {"fill", signal("muted")}},
            marks);
}

/// \param place  how many labels of upright rules stand above this one's
void add_rule(const ChartRule& rule, int place, Json& marks) {
  const std::string at =
      std::string("scale('") + (rule.horizontal ? "y" : "x") + "', " + Json(rule.at).dump() + ")";
  Json line{{"stroke", signal("muted")}, {"strokeWidth", value(1.2)}};
  Json text{{"text", value(rule.label)}, {"fill", signal("ink")}};
  if (rule.horizontal) {
    line.update({{"x", value(0)}, {"x2", signal("width")}, {"y", signal(at)}});
    line["strokeDash"] = value({2, 3});
    text.update({{"x", signal("width - 4")},
                 {"y", signal(at + " - 4")},
                 {"align", value("right")},
                 {"fill", signal("muted")}});
  } else {
    line.update({{"x", signal(at)}, {"y", value(0)}, {"y2", signal("height")}});
    line["stroke"] = signal("ink");
    const std::string right = at + " > width / 2";
    text.update({{"x", signal(at + " + (" + right + " ? -5 : 5)")},
                 {"y", value(12 + 14 * place)},
                 {"align", signal(right + " ? 'right' : 'left'")}});
  }
  marks.push_back({{"type", "rule"}, {"interactive", false}, {"encode", {{"update", line}}}});
  add_label(std::move(text), marks);
}

void add_series(const ChartSeries& series, std::size_t i, Json& marks) {
  const Json from{{"data", "series" + std::to_string(i)}};
  const bool scatter = series.style == SeriesStyle::points;
  if (!series.low.empty()) {
    const Json ends{
        {"x", scaled("x", "x")}, {"y", scaled("y", "low")}, {"y2", scaled("y", "high")}};
    Json look = ends;
    if (scatter) {
      look.update({{"stroke", signal(hue(i))}, {"strokeOpacity", when_shown(i, 0.6)}});
    } else {
      look.update({{"fill", signal(hue(i))},
                   {"fillOpacity", when_shown(i, 0.14)},
                   {"interpolate", value("linear")},
                   {"defined", signal("isValid(datum.low)")}});
    }
    marks.push_back({{"type", scatter ? "rule" : "area"},
                     {"from", from},
                     {"interactive", false},
                     {"encode", {{"update", look}}}});
  }
  if (!scatter) {
    marks.push_back({{"type", "line"},
                     {"from", from},
                     {"interactive", false},
                     {"encode",
                      {{"update",
                        {{"x", scaled("x", "x")},
                         {"y", scaled("y", "y")},
                         {"stroke", signal(hue(i))},
                         {"strokeDash", value(dash(series.style))},
                         {"strokeWidth", value(2)},
                         {"strokeOpacity", when_shown(i, 1)}}}}}});
  }
  const bool many = series.x.size() > 60;
  const double size = scatter && series.x.size() > 400 ? 10 : 34;
  const std::string visible = "shown[" + std::to_string(i) + "]";
  marks.push_back({{"type", "symbol"},
                   {"from", from},
                   {"name", "points" + std::to_string(i)},
                   {"encode",
                    {{"update",
                      {{"x", scaled("x", "x")},
                       {"y", scaled("y", "y")},
                       {"shape", value(shape(i))},
                       {"size", value(size)},
                       {"stroke", signal(hue(i))},
                       {"strokeWidth", value(1.4)},
                       {"fill", signal("datum.doubtful ? surface : " + hue(i))},
                       {"opacity", when_shown(i, !many     ? 1
                                                 : scatter ? 0.55
                                                           : 0)},
                       {"tooltip", signal(visible + " ? datum : null")}}},
                     {"hover", {{"strokeWidth", value(5)}, {"opacity", when_shown(i, 1)}}}}}});
  // A target that fingers and unsteady hands can hit.
  if (!many) {
    marks.push_back({{"type", "symbol"},
                     {"from", from},
                     {"aria", false},
                     {"encode",
                      {{"update",
                        {{"x", scaled("x", "x")},
                         {"y", scaled("y", "y")},
                         {"size", value(260)},
                         {"fill", value("transparent")},
                         {"tooltip", signal(visible + " ? datum : null")}}}}}});
  }
}

/// For pictures that leave the page; within it the legend is made of buttons.
void add_legend(const Chart& chart, Json& json) {
  if (chart.series.size() < 2) return;
  Json names = Json::array();
  Json dashes = Json::array();
  Json shapes = Json::array();
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    names.push_back(chart.series[i].name);
    dashes.push_back(dash(chart.series[i].style));
    shapes.push_back(shape(i));
  }
  json["scales"].push_back(
      {{"name", "hue"}, {"type", "ordinal"}, {"domain", names}, {"range", signal("hues")}});
  json["scales"].push_back(
      {{"name", "dash"}, {"type", "ordinal"}, {"domain", names}, {"range", dashes}});
  json["scales"].push_back(
      {{"name", "shape"}, {"type", "ordinal"}, {"domain", names}, {"range", shapes}});
  json["legends"] = {{{"stroke", "hue"},
                      {"fill", "hue"},
                      {"shape", "shape"},
                      {"orient", "top"},
                      {"direction", "horizontal"},
                      {"columns", signal("max(1, floor(width / 230))")},
                      {"labelLimit", 260},
                      {"symbolSize", 60},
                      {"offset", 6}}};
}

}  // namespace

Json curves(const Chart& chart) {
  for (const ChartSeries& series : chart.series) check(series);
  Json json = base(chart, kHeight);
  Json data = Json::array();
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    data.push_back(
        {{"name", "series" + std::to_string(i)}, {"values", points(chart, chart.series[i])}});
  }
  json["data"] = data;
  const Domain x = x_domain(chart);
  const Domain y = y_domain(chart);
  json["scales"] = {scale("x", chart.x, x, "width"), scale("y", chart.y, y, "height")};
  json["axes"] = {axis("bottom", "x", chart.x, x), axis("left", "y", chart.y, y)};
  if (const Json upper = upper_axis(chart); !upper.is_null()) json["axes"].push_back(upper);
  Json marks = Json::array();
  for (const ChartSpan& span : chart.spans) {
    if (has_place(chart.x, span.low)) add_span(span, marks);
  }
  const double from = std::max(x.low, y.low);
  const double to = std::min(x.high, y.high);
  if (chart.diagonal && from < to) {
    marks.push_back({{"type", "rule"},
                     {"interactive", false},
                     {"encode",
                      {{"update",
                        {{"x", {{"scale", "x"}, {"value", from}}},
                         {"y", {{"scale", "y"}, {"value", from}}},
                         {"x2", {{"scale", "x"}, {"value", to}}},
                         {"y2", {{"scale", "y"}, {"value", to}}},
                         {"stroke", signal("muted")},
                         {"strokeDash", value({2, 3})}}}}}});
  }
  // Clipped, since intervals may reach beyond.
  Json inner = Json::array();
  for (std::size_t i = chart.series.size(); i-- > 0;) add_series(chart.series[i], i, inner);
  marks.push_back(
      {{"type", "group"},
       {"clip", true},
       {"encode", {{"update", {{"width", signal("width")}, {"height", signal("height")}}}}},
       {"marks", inner}});
  int labels = 0;
  for (const ChartRule& rule : chart.rules) {
    if (!has_place(rule.horizontal ? chart.y : chart.x, rule.at)) continue;
    add_rule(rule, rule.horizontal ? 0 : labels, marks);
    labels += rule.horizontal ? 0 : 1;
  }
  for (const ChartSpan& span : chart.spans) {
    if (!has_place(chart.x, span.low)) continue;
    add_span_label(span, span_label_place(chart, span, y), marks);
  }
  json["marks"] = marks;
  add_legend(chart, json);
  return json;
}

}  // namespace esscher::internal::vega
