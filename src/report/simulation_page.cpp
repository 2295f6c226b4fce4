#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "report/page.h"
#include "report/quantities.h"
#include "report/words.h"

namespace esscher::internal {
namespace {

/// The rows of one kind of weights, by temperature as they come.
std::vector<Reader> rows_of(Reader record, const std::string& weights) {
  std::vector<Reader> rows;
  for (std::size_t i = 0; i < record["policies"].size(); ++i) {
    const Reader row = record["policies"][i];
    if (row["weights"].text() == weights) rows.push_back(row);
  }
  return rows;
}

/// Kinds of weights that have a policy somewhere, in the record's order.
std::vector<std::string> weights_of(Reader record) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < record["policies"].size(); ++i) {
    const std::string name = record["policies"][i]["weights"].text();
    if (record["policies"][i]["policy"].exists() && std::ranges::find(names, name) == names.end()) {
      names.push_back(name);
    }
  }
  return names;
}

/// What a record says of the admissible temperatures of one kind of weights.
std::vector<Reader> admissible_of(Reader record, const std::string& weights,
                                  const char* measured = "measured") {
  std::vector<Reader> intervals;
  for (std::size_t i = 0; i < record["temperatures"].size(); ++i) {
    const Reader summary = record["temperatures"][i];
    if (summary["weights"].text() != weights) continue;
    const Reader list = summary[measured]["efficient"];
    for (std::size_t k = 0; k < list.size(); ++k) intervals.push_back(list[k]);
  }
  return intervals;
}

double tolerance_of(Reader record) { return record["temperatures"][0]["tolerance"].value(); }

/// Efficiencies of one kind of weights.
ChartSeries efficiencies(Reader record, const std::string& weights, const std::string& name) {
  ChartSeries series{.name = name, .x = {}, .y = {}};
  for (const Reader& row : rows_of(record, weights)) {
    const Reader policy = row["policy"];
    add_point(series, row["beta"].value(), policy["efficiency"],
              policy["reliable"].is_true() ? "" : "the sampler could not make sure of it",
              policy.exists() && !policy["reliable"].is_true());
  }
  drop_exact_intervals(series);
  return series;
}

std::string efficiency_title(Reader record, const std::string& weights) {
  const std::vector<Reader> intervals = admissible_of(record, weights);
  if (intervals.empty()) {
    return "With " + weights + " weights no temperature is admissible";
  }
  double least = std::numeric_limits<double>::infinity();
  double greatest = -least;
  for (const Reader& row : rows_of(record, weights)) {
    const double beta = row["beta"].value();
    const double efficiency = row["policy"]["efficiency"]["value"].value();
    const bool inside = std::ranges::any_of(intervals, [&](const Reader& interval) {
      return beta >= interval["low"].value() && beta <= interval["high"].value();
    });
    if (!inside || !std::isfinite(efficiency)) continue;
    least = std::min(least, efficiency);
    greatest = std::max(greatest, efficiency);
  }
  const std::string low = shown_share(least);
  const std::string high = shown_share(greatest);
  return "With " + weights + " weights policies get " + (low == high ? low : low + " to " + high) +
         " of the optimal gain at the admissible temperatures";
}

Chart efficiency_chart(Reader record) {
  Chart chart{.id = "efficiency",
              .title = "",
              .caption =
                  "1 is optimal, 0 no better than not optimising, negative over-optimised. Bands: "
                  "two standard errors of the valuation; without a band a value is exact; what "
                  "falls below \u22120.5 leaves the figure. Shaded: admissible for the first kind "
                  "of weights. Lower temperatures, stronger tilts, to the right.",
              .x = {quantity::kBeta, AxisScale::log, true},
              .y = {.title = quantity::kEfficiency, .least_length = quantity::kShareLength}};
  // One lost policy is not to flatten all others.
  chart.y.floor = -0.5;
  const std::vector<std::string> names = weights_of(record);
  for (const std::string& name : names) {
    chart.series.push_back(efficiencies(record, name, name));
  }
  if (names.empty()) return chart;
  chart.title = efficiency_title(record, names.front());
  for (const Reader& interval : admissible_of(record, names.front())) {
    chart.spans.push_back({interval["low"].value(), interval["high"].value(), "admissible"});
  }
  const double tolerance = tolerance_of(record);
  if (std::isfinite(tolerance)) {
    chart.rules.push_back({1 - tolerance, "admissible from here up", true});
  }
  return chart;
}

/// A quantile of the overlaps over the samples.
ChartSeries overlap_series(Reader run, const std::string& name) {
  ChartSeries series{.name = name, .x = {}, .y = {}};
  const Reader trajectory = run["trajectory"];
  for (std::size_t i = 0; i < trajectory.size(); ++i) {
    const Reader quantiles = trajectory[i]["quantiles"];
    series.x.push_back(trajectory[i]["samples"].value());
    series.y.push_back(quantiles[3].value());
    series.low.push_back(quantiles[1].value());
    series.high.push_back(quantiles[5].value());
  }
  return series;
}

std::string recovery_text(Reader share) {
  return shown_count(share["count"].value()) + " of " + shown_count(share["of"].value());
}

Chart overlap_chart(Reader record) {
  const Reader features = record["features"];
  const Reader control = record["control"];
  const bool weighted = record["plan"]["feature_temperature"].exists();
  Chart chart{
      .id = "overlaps",
      .title = recovery_text(features["weakly_recovered"]) + " neurons find the hidden direction" +
               (control.exists() ? "; without weights " +
                                       shown_count(control["weakly_recovered"]["count"].value()) +
                                       " do on the same samples"
                                 : ""),
      .caption =
          "Median over the neurons; bands from the 5 % to the 95 % quantile of the "
          "neurons, not an error. Refinement trains both layers jointly behind "
          "stage 1.",
      .x = {quantity::kSamples, AxisScale::log},
      .y = {quantity::kOverlap}};
  chart.series.push_back(overlap_series(
      features, weighted ? "stage 1, weighted samples" : "stage 1, samples not weighted"));
  if (control.exists()) chart.series.push_back(overlap_series(control, "stage 1, without weights"));
  ChartSeries refined{.name = "refinement, leading direction", .x = {}, .y = {}};
  const Reader steps = record["refinement"]["trajectory"];
  for (std::size_t i = 0; i < steps.size(); ++i) {
    refined.x.push_back(steps[i]["samples"].value());
    refined.y.push_back(std::abs(steps[i]["leading_overlap"].value()));
  }
  if (!refined.x.empty()) {
    refined.style = SeriesStyle::dashed;
    chart.series.push_back(refined);
  }
  return chart;
}

Chart refinement_chart(Reader record) {
  const Reader steps = record["refinement"]["trajectory"];
  ChartSeries series{.name = "1 \u2212 overlap\u00b2", .x = {}, .y = {}};
  const double first = record["features"]["samples"].number_or(0);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double overlap = steps[i]["leading_overlap"].value();
    series.x.push_back(steps[i]["samples"].value() - first);
    series.y.push_back(1 - overlap * overlap);
  }
  double last = std::numeric_limits<double>::quiet_NaN();
  if (!series.y.empty()) last = series.y.back();
  return {.id = "refinement",
          .title = "Refinement leaves " + shown_share(last) +
                   " of the leading direction outside the hidden one",
          .caption =
              "Squared sine of the angle between the leading direction of the average "
              "gradient outer product and the hidden direction; the best estimates fall "
              "with the inverse of the samples.",
          .x = {"samples of refinement", AxisScale::log},
          .y = {"1 \u2212 overlap\u00b2", AxisScale::log},
          .series = {series}};
}

Chart spectrum_chart(Reader record) {
  const std::vector<double> spectrum = record["refinement"]["spectrum"].numbers();
  double total = 0;
  for (const double value : spectrum) total += value;
  Chart chart{.id = "spectrum",
              .title = "",
              .caption = "Shares of the average gradient outer product of the refined reward.",
              .kind = ChartKind::bars,
              .x = {quantity::kShare},
              .y = {"direction"}};
  for (std::size_t i = 0; i < std::min<std::size_t>(spectrum.size(), 8); ++i) {
    chart.bars.push_back({std::to_string(i + 1), spectrum[i] / total});
  }
  if (!chart.bars.empty()) {
    const double directions = record["refinement"]["directions"].value();
    chart.title = "The reward turns on " + shown_count(directions) +
                  (directions == 1 ? " direction, which has " : " directions; the first has ") +
                  shown_share(chart.bars.front().value) + " of its gradients";
  }
  return chart;
}

/// Value gaps, predicted against measured.
Chart prediction_chart(Reader record) {
  Chart chart{.id = "predicted-gaps",
              .title = "",
              .caption =
                  "Value gap of each policy, J(optimal) \u2212 J, by the large-sample "
                  "formula and as measured; one point a temperature. The dotted line is "
                  "agreement. The formula holds for small errors and cannot see a collapse.",
              .x = {"predicted gap (unit of the reward)", AxisScale::log},
              .y = {"measured gap (unit of the reward)", AxisScale::log},
              .diagonal = true};
  std::vector<double> ratios;
  for (const std::string& name : weights_of(record)) {
    ChartSeries series{.name = name, .x = {}, .y = {}, .style = SeriesStyle::points};
    for (const Reader& row : rows_of(record, name)) {
      const double predicted = row["predicted"]["gap"].value();
      const double measured = row["policy"]["gap"]["value"].value();
      if (!(predicted > 0) || !(measured > 0)) continue;
      add_point(series, predicted, row["policy"]["gap"], beta_text(row["beta"].value()));
      ratios.push_back(measured / predicted);
    }
    drop_exact_intervals(series);
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  if (ratios.empty()) return chart;
  std::ranges::sort(ratios);
  chart.title = "Measured gaps are " + shown(ratios.front(), 2) + " to " + shown(ratios.back(), 2) +
                " times those that theory predicts";
  return chart;
}

Chart sets_chart(Reader record) {
  Chart chart{.id = "admissible-temperatures",
              .title = "",
              .caption = "Temperatures at which the efficiency is at least " +
                         shown(1 - tolerance_of(record)) +
                         ", as fine as the grid that was tried. Lower temperatures to the right.",
              .kind = ChartKind::ranges,
              .x = {quantity::kBeta, AxisScale::log, true},
              .y = {"weights"}};
  std::string best;
  double lowest = std::numeric_limits<double>::infinity();
  for (const std::string& name : weights_of(record)) {
    for (const char* kind : {"measured", "predicted"}) {
      for (const Reader& interval : admissible_of(record, name, kind)) {
        chart.ranges.push_back({name, kind, interval["low"].value(), interval["high"].value()});
        const bool lower = interval["low"].value() < lowest && name != "oracle";
        if (kind != std::string_view("measured") || !lower) continue;
        lowest = interval["low"].value();
        best = name;
      }
    }
  }
  chart.title = best.empty() ? "No weights have an admissible temperature"
                             : "The lowest admissible temperature that was tried is " +
                                   shown(lowest) + ", with " + best + " weights";
  return chart;
}

PageTable efficiency_table(Reader record) {
  const std::vector<std::string> names = weights_of(record);
  PageTable table{.title = "Efficiency of each policy",
                  .note =
                      "\u00b1 is one standard error of the valuation; without it a value is "
                      "exact. ?: the sampler could not make sure of it.",
                  .head = {"\u03b2", "to gain"}};
  table.head.insert(table.head.end(), names.begin(), names.end());
  for (std::size_t i = 0; i < record["optimal_policy"].size(); ++i) {
    const Reader law = record["optimal_policy"][i];
    std::vector<std::string> row{shown(law["beta"].value()), shown(law["gain"].value())};
    for (const std::string& name : names) {
      std::string cell = "\u2013";
      for (const Reader& each : rows_of(record, name)) {
        if (each["beta"].number() != law["beta"].number()) continue;
        const Reader policy = each["policy"];
        const Reader efficiency = policy["efficiency"];
        if (!efficiency.exists()) continue;
        const double error = efficiency["standard_error"].number_or(0);
        cell = shown(efficiency["value"].value(), 4) +
               (error > 0 ? " \u00b1 " + shown(error, 2) : "") +
               (policy["reliable"].is_true() ? "" : " ?");
      }
      row.push_back(cell);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// A number that an option holds as text, under its name in the command or in Python.
std::string option_count(Reader record, std::string name) {
  if (!record["options"][name].exists()) std::ranges::replace(name, '-', '_');
  const std::string text = record["options"][name].text();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == 0 ? shown_count(value) : text;
}

std::string interval_text(const std::vector<Reader>& intervals) {
  std::string text;
  for (const Reader& interval : intervals) {
    const std::string low = shown(interval["low"].value());
    const std::string high = shown(interval["high"].value());
    text.append(text.empty() ? "" : ", ").append(low);
    if (low != high) text.append(" to ").append(high);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

Page simulation_page(Reader record) {
  Page page;
  page.title = "Which temperatures does the learned reward bear?";
  page.question = page.title;
  const std::vector<std::string> names = weights_of(record);
  const Reader features = record["features"];
  const bool cancelled = record["status"].text() == "cancelled";
  if (names.empty()) {
    page.answer = cancelled ? "The run was interrupted before any policy was valued."
                            : "No policy was valued.";
  } else {
    const std::vector<Reader> intervals = admissible_of(record, names.front());
    page.answer = intervals.empty()
                      ? "None of those tried, with " + names.front() + " weights."
                      : "\u03b2 from " + interval_text(intervals) + ", with " + names.front() +
                            " weights: there the policy gets at least " +
                            shown_share(1 - tolerance_of(record)) + " of the optimal gain.";
  }
  page.reason = "A reward of x in " + option_count(record, "dim") +
                " dimensions turns on a hidden direction alone (link " +
                record["options"]["link"].text() + ", noise " + record["options"]["noise"].text() +
                "). Of " + shown_count(features["weakly_recovered"]["of"].value()) + " neurons " +
                shown_count(features["weakly_recovered"]["count"].value()) + " found it from " +
                shown(features["samples"].value()) + " samples" +
                (record["plan"]["feature_temperature"].exists()
                     ? " weighted with exp(y/\u03b2\u2081), \u03b2\u2081 = " +
                           shown(record["plan"]["feature_temperature"].value())
                     : std::string(" without weights")) +
                ".";
  const double refined = std::abs(record["refinement"]["principal_cosines"][0].value());
  page.facts = {{"dimensions", option_count(record, "dim")},
                {"neurons", option_count(record, "width")},
                {"overlap after refinement", shown(refined, 5)},
                {"samples of stage 2", option_count(record, "readout-samples")}};
  add_chart(page, efficiency_chart(record), "No policy was valued, so there is no efficiency.");
  add_chart(page, overlap_chart(record), "Stage 1 left no trajectory.");
  if (record["refinement"].exists()) {
    add_chart(page, refinement_chart(record), "Refinement left no trajectory.");
    add_chart(page, spectrum_chart(record), "");
  } else {
    page.missing.emplace_back("There was no refinement in this run.");
  }
  add_chart(page, sets_chart(record), "No weights have an admissible temperature.");
  add_chart(page, prediction_chart(record), "Theory predicts no gap for these policies.");
  page.tables.push_back(efficiency_table(record));
  for (const char* part : {"plan", "features", "refinement"}) {
    add_texts(page, record[part]["remarks"]);
  }
  add_texts(page, record["remarks"]);
  return page;
}

Headline simulation_headline(Reader record) {
  Headline headline;
  headline.chart = {.id = "comparison",
                    .title = "",
                    .caption =
                        "Efficiency of the policies tilted by each run's first kind of "
                        "weights: 1 is optimal, 0 no better than not optimising. Bands: two "
                        "standard errors. Lower temperatures to the right.",
                    .x = {quantity::kBeta, AxisScale::log, true},
                    .y = {.title = quantity::kEfficiency, .least_length = quantity::kShareLength}};
  const std::vector<std::string> names = weights_of(record);
  if (names.empty()) return headline;
  headline.series = efficiencies(record, names.front(), "");
  headline.facts = {
      {"weights", names.front()},
      {"admissible \u03b2", interval_text(admissible_of(record, names.front()))},
      {"overlap after refinement",
       shown(std::abs(record["refinement"]["principal_cosines"][0].value()), 5)},
      {"neurons that found it", recovery_text(record["features"]["weakly_recovered"])},
      {"samples of stage 1", shown(record["features"]["samples"].value())}};
  return headline;
}

}  // namespace esscher::internal
