#include "report/vega_parts.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "report/words.h"

namespace esscher::internal::vega {
namespace {

/// Okabe and Ito's colours, in an order in which neighbours differ in lightness, too.
constexpr const char* kHues[] = {"#0072B2", "#D55E00", "#009E73", "#AA4499", "#56B4E9", "#B8860B"};
constexpr const char* kShapes[] = {"circle",  "square", "triangle-up",
                                   "diamond", "cross",  "triangle-down"};

Json scale_type(const ChartAxis& axis) {
  if (axis.scale == AxisScale::log) return "log";
  return axis.scale == AxisScale::square_root ? "sqrt" : "linear";
}

/// Ticks that are read as they stand: 0.001 to 10,000 plainly, powers of ten beyond.
Json tick_text() {
  return signal(
      "datum.value == 0 ? '0' : abs(datum.value) >= 1e5 || abs(datum.value) < 1e-3 ? "
      "replace(format(datum.value, '.2~e'), '+', '') : format(datum.value, ',.4~f')");
}

/// Of values that are given: as sentences tell them.
Json named_ticks(const std::vector<double>& values) {
  Json names = Json::array();
  for (const double each : values) names.push_back(shown(each));
  return tick_names(names);
}

}  // namespace

Json tick_names(const Json& names) {
  const std::string last = std::to_string(std::max<std::size_t>(names.size(), 2) - 1);
  return signal(names.dump() + "[round(datum.index * " + last + ")]");
}
Json signal(const std::string& expression) { return {{"signal", expression}}; }
Json value(const Json& literal) { return {{"value", literal}}; }
Json scaled(const char* scale, const char* field) { return {{"scale", scale}, {"field", field}}; }
std::string hue(std::size_t i) { return "hues[" + std::to_string(i % std::size(kHues)) + "]"; }
const char* shape(std::size_t i) { return kShapes[i % std::size(kShapes)]; }
Json dash(SeriesStyle style) { return style == SeriesStyle::dashed ? Json{5, 4} : Json{1, 0}; }

Json when_shown(std::size_t i, double opacity) {
  return signal("shown[" + std::to_string(i) + "] ? " + Json(opacity).dump() + " : 0");
}

Json scale(const char* name, const ChartAxis& axis, Domain domain, const char* range) {
  Json json{{"name", name},
            {"type", scale_type(axis)},
            {"domain", {domain.low, domain.high}},
            {"range", range},
            {"zero", false}};
  if (axis.reversed) json["reverse"] = true;
  return json;
}

Json axis(const char* orient, const char* name, const ChartAxis& of, Domain domain) {
  const bool below = std::string_view(orient) == "bottom";
  Json json{{"orient", orient},
            {"scale", name},
            {"title", of.title},
            {"grid", !below},
            {"labelOverlap", "greedy"},
            {"tickCount", below ? signal("max(3, ceil(width / 90))") : Json(6)},
            {"encode", {{"labels", {{"update", {{"text", tick_text()}}}}}}}};
  if (of.whole) json["tickMinStep"] = 1;
  const std::vector<double> values = axis_values(of, domain);
  if (values.size() > 1) {
    // A wanted number of marks would leave out some of these.
    json.erase("tickCount");
    json["values"] = values;
    json["encode"]["labels"]["update"]["text"] = named_ticks(values);
  }
  return json;
}

Json base(const Chart& chart, int height) {
  Json shown = Json::array();
  for (std::size_t i = 0; i < std::max<std::size_t>(1, series_names(chart).size()); ++i) {
    shown.push_back(true);
  }
  Json hues = Json::array();
  for (const char* colour : kHues) hues.push_back(colour);
  Json json{{"$schema", "https://vega.github.io/schema/vega/v5.json"},
            {"description", chart.title},
            {"width", 640},
            {"height", height},
            {"autosize", {{"type", "fit"}, {"contains", "padding"}}},
            {"padding", 4},
            {"title",
             {{"text", chart.title},
              {"anchor", "start"},
              {"frame", "bounds"},
              {"fontSize", 14},
              {"offset", 12},
              {"limit", signal("width")}}},
            {"signals", Json::array()}};
  const auto define = [&](const char* name, const Json& given) {
    json["signals"].push_back({{"name", name}, {"value", given}});
  };
  define("hues", hues);
  define("ink", "#1b1f24");
  define("muted", "#5b6470");
  define("grid", "#e3e6ea");
  define("surface", "#ffffff");
  define("shown", shown);
  return json;
}

}  // namespace esscher::internal::vega
