#include <algorithm>

#include "report/vega_parts.h"

namespace esscher::internal::vega {
namespace {

constexpr int kRowHeight = 22;

/// The distinct texts, in the order in which they come.
std::vector<std::string> distinct(const std::vector<std::string>& texts) {
  std::vector<std::string> list;
  for (const std::string& text : texts) {
    if (std::ranges::find(list, text) == list.end()) list.push_back(text);
  }
  return list;
}

Json band(const char* name, const std::vector<std::string>& domain, const char* range,
          double padding) {
  return {{"name", name},   {"type", "band"},          {"domain", domain},
          {"range", range}, {"paddingInner", padding}, {"paddingOuter", padding / 2}};
}

Json names_axis(const char* orient, const char* scale, const std::string& title) {
  return {{"orient", orient}, {"scale", scale},    {"title", title},        {"domain", false},
          {"ticks", false},   {"labelLimit", 170}, {"labelOverlap", false}, {"grid", false}};
}

void add_bars(const Chart& chart, Json& json) {
  Json values = Json::array();
  double greatest = 0;
  for (const ChartBar& bar : chart.bars) {
    values.push_back({{"row", bar.row}, {"value", bar.value}});
    greatest = std::max(greatest, bar.value);
  }
  json["data"] = {{{"name", "bars"}, {"values", values}}};
  json["scales"].push_back(scale("x", chart.x, {0, 1.12 * greatest}, "width"));
  Json below = axis("bottom", "x", chart.x, {0, greatest});
  below["grid"] = true;
  below["encode"] = {{"labels", {{"update", {{"text", signal("format(datum.value, '~%')")}}}}}};
  json["axes"] = {below, names_axis("left", "row", chart.y.title)};
  json["marks"] = {
      {{"type", "rect"},
       {"from", {{"data", "bars"}}},
       {"encode",
        {{"update",
          {{"y", scaled("row", "row")},
           {"height", {{"scale", "row"}, {"band", 1}}},
           {"x", {{"scale", "x"}, {"value", 0}}},
           {"x2", scaled("x", "value")},
           {"fill", signal(hue(0))},
           {"tooltip", signal("datum")}}}}}},
      {{"type", "text"},
       {"from", {{"data", "bars"}}},
       {"interactive", false},
       {"encode",
        {{"update",
          {{"y", {{"scale", "row"}, {"field", "row"}, {"band", 0.5}}},
           {"x", {{"scale", "x"}, {"field", "value"}, {"offset", 5}}},
           {"baseline", value("middle")},
           {"fontSize", value(11)},
           {"fill", signal("ink")},
           {"text", signal("format(datum.value, datum.value < 0.1 ? '.2~%' : '.1~%')")}}}}}}};
}

void add_cells(const Chart& chart, Json& json) {
  Json values = Json::array();
  double greatest = 0;
  for (const ChartBar& bar : chart.bars) {
    values.push_back({{"row", bar.row}, {"column", bar.column}, {"value", bar.value}});
    greatest = std::max(greatest, bar.value);
  }
  json["data"] = {{{"name", "cells"}, {"values", values}}};
  json["scales"].push_back(band("column", chart.columns, "width", 0.04));
  // The lightest is not quite the page, so that a cell of 0 differs from none.
  json["scales"].push_back({{"name", "shade"},
                            {"type", "linear"},
                            {"domain", {0, greatest}},
                            {"range", signal("[grid, " + hue(0) + "]")},
                            {"interpolate", "lab"}});
  json["axes"] = {names_axis("bottom", "column", chart.x.title),
                  names_axis("left", "row", chart.y.title)};
  json["axes"][0]["labelOverlap"] = "greedy";
  json["marks"] = {{{"type", "rect"},
                    {"from", {{"data", "cells"}}},
                    {"encode",
                     {{"update",
                       {{"x", scaled("column", "column")},
                        {"width", {{"scale", "column"}, {"band", 1}}},
                        {"y", scaled("row", "row")},
                        {"height", {{"scale", "row"}, {"band", 1}}},
                        {"fill", scaled("shade", "value")},
                        {"tooltip", signal("datum")}}}}}}};
  json["legends"] = {{{"fill", "shade"},
                      {"orient", "top"},
                      {"direction", "horizontal"},
                      {"gradientLength", 160},
                      {"gradientThickness", 10},
                      {"tickCount", 3},
                      {"format", "~%"},
                      {"offset", 8}}};
}

void add_ranges(const Chart& chart, const std::vector<std::string>& series, Json& json) {
  Json values = Json::array();
  for (const ChartRange& range : chart.ranges) {
    values.push_back(
        {{"row", range.row}, {"series", range.series}, {"low", range.low}, {"high", range.high}});
  }
  json["data"] = {{{"name", "ranges"}, {"values", values}}};
  const Domain domain = x_domain(chart);
  json["scales"].push_back(scale("x", chart.x, domain, "width"));
  // Of series side by side within a row.
  json["scales"].push_back({{"name", "place"},
                            {"type", "point"},
                            {"domain", series},
                            {"range", signal("[0, bandwidth('row')]")},
                            {"padding", 0.5}});
  json["scales"].push_back(
      {{"name", "hue"}, {"type", "ordinal"}, {"domain", series}, {"range", signal("hues")}});
  Json below = axis("bottom", "x", chart.x, domain);
  below["grid"] = true;
  json["axes"] = {below, names_axis("left", "row", chart.y.title)};
  const std::string y = "scale('row', datum.row) + scale('place', datum.series)";
  const std::string low = "scale('x', datum.low)";
  const std::string high = "scale('x', datum.high)";
  const std::string visible = "shown[indexof(" + Json(series).dump() + ", datum.series)]";
  json["marks"] = {{{"type", "rect"},
                    {"from", {{"data", "ranges"}}},
                    {"encode",
                     {{"update",
                       {{"x", signal("min(" + low + ", " + high + ") - 3")},
                        {"x2", signal("max(" + low + ", " + high + ") + 3")},
                        {"y", signal(y + " - 4")},
                        {"height", value(8)},
                        {"cornerRadius", value(3)},
                        {"fill", scaled("hue", "series")},
                        {"opacity", signal(visible + " ? 1 : 0")},
                        {"tooltip", signal(visible + " ? datum : null")}}}}}}};
  json["legends"] = {{{"fill", "hue"},
                      {"orient", "top"},
                      {"direction", "horizontal"},
                      {"symbolType", "square"},
                      {"offset", 6}}};
}

}  // namespace

Json categories(const Chart& chart) {
  std::vector<std::string> rows;
  for (const ChartBar& bar : chart.bars) rows.push_back(bar.row);
  for (const ChartRange& range : chart.ranges) rows.push_back(range.row);
  rows = distinct(rows);
  const int count = static_cast<int>(rows.size());
  const bool heat = chart.kind == ChartKind::heat_map;
  const int height = chart.kind == ChartKind::ranges ? 2 * kRowHeight * count : kRowHeight * count;
  Json json = base(chart, height + (heat ? 110 : 90));
  json["scales"] = {band("row", rows, "height", heat ? 0.04 : 0.25)};
  if (heat) {
    add_cells(chart, json);
  } else if (chart.kind == ChartKind::bars) {
    add_bars(chart, json);
  } else {
    add_ranges(chart, series_names(chart), json);
  }
  return json;
}

}  // namespace esscher::internal::vega
