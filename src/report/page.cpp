#include "report/page.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/words.h"

namespace esscher::internal {

void add_chart(Page& page, Chart chart, const std::string& otherwise) {
  if (has_data(chart)) {
    page.charts.push_back(std::move(chart));
  } else if (!otherwise.empty()) {
    page.missing.push_back(otherwise);
  }
}

void add_texts(Page& page, Reader list) {
  for (const std::string& text : list.texts()) {
    if (!text.empty() && std::ranges::find(page.remarks, text) == page.remarks.end()) {
      page.remarks.push_back(text);
    }
  }
}

void add_point(ChartSeries& series, double x, Reader estimate, const std::string& note,
               bool doubtful) {
  const double value = estimate["value"].value();
  if (!std::isfinite(x) || !std::isfinite(value)) return;
  const double error = estimate["standard_error"].value();
  const Reader interval = estimate["interval"];
  series.x.push_back(x);
  series.y.push_back(value);
  series.low.push_back(interval[0].number_or(value - 2 * error));
  series.high.push_back(interval[1].number_or(value + 2 * error));
  series.notes.push_back(note);
  series.doubtful.push_back(doubtful);
}

void drop_exact_intervals(ChartSeries& series) {
  for (std::size_t i = 0; i < series.low.size(); ++i) {
    if (series.high[i] > series.low[i]) return;
  }
  series.low.clear();
  series.high.clear();
}

void add_held_out_chart(Page& page, Reader held_out) {
  ChartSeries series{.name = "rows not seen",
                     .x = held_out["predicted"].numbers(),
                     .y = held_out["observed"].numbers(),
                     .style = SeriesStyle::points};
  const std::size_t count = std::min(series.x.size(), series.y.size());
  series.x.resize(count);
  series.y.resize(count);
  // Predictions that are all but one number are drawn as such.
  double spread = 0;
  if (count > 0) {
    const auto [least, most] = std::ranges::minmax(series.y);
    if (std::isfinite(most - least)) spread = most - least;
  }
  const double explained = held_out["r2"].value();
  const bool some = held_out["of"].number_or(0) > static_cast<double>(count);
  add_chart(
      page,
      {.id = "held-out-predictions",
       .title = explained > 0.02
                    ? "Predictions explain " + shown_share(explained) +
                          " of the reward's variance on rows not seen"
                    : "Predictions explain none of the reward's variance on rows not seen",
       .caption = std::string("Each point is a row") +
                  (some ? ", one of " + shown_count(static_cast<double>(count)) +
                              " taken evenly from " + shown_count(held_out["of"].value())
                        : "") +
                  (held_out["within_groups"].is_true() ? "; both less their group's mean" : "") +
                  ". The dotted line is a perfect prediction.",
       .x = {.title = "predicted reward, by a fit without that row", .least_length = spread / 2},
       .y = {"observed reward"},
       .series = {series},
       .diagonal = true},
      "");
}

std::string beta_text(double beta) { return "\u03b2 = " + shown(beta); }

}  // namespace esscher::internal
