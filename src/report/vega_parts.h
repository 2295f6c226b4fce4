#pragma once

#include <string>

#include "esscher/report/chart.h"
#include "report/chart_domain.h"
#include "report/reader.h"

/// What specifications in Vega's grammar are made of.
namespace esscher::internal::vega {

/// Height of a chart, in pixels.
inline constexpr int kHeight = 330;

Json signal(const std::string& expression);
Json value(const Json& literal);
Json scaled(const char* scale, const char* field);
/// The colour of series \p i, as an expression.
std::string hue(std::size_t i);
const char* shape(std::size_t i);
Json dash(SeriesStyle style);
/// An opacity while series \p i is shown.
Json when_shown(std::size_t i, double opacity);
Json scale(const char* name, const ChartAxis& axis, Domain domain, const char* range);
/// Names of an axis's `values`, in their order.
Json tick_names(const Json& names);
Json axis(const char* orient, const char* name, const ChartAxis& of, Domain domain);
/// Size, title and signals; no scales, axes and marks yet.
Json base(const Chart& chart, int height);

/// Charts whose y axis has names.
Json categories(const Chart& chart);
Json curves(const Chart& chart);

}  // namespace esscher::internal::vega
