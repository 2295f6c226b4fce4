#include "report/policy_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/quantities.h"
#include "report/words.h"

namespace esscher::internal {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double kl_at(const EvaluatedReward& evaluated, std::optional<double> beta) {
  const auto policy = policy_at(evaluated, beta);
  return policy ? (*policy)["kl"]["value"].value() : kNone;
}

std::string value_title(const EvaluatedReward& evaluated, const PolicyWords& words) {
  const Reader advice = evaluated.reward["advice"];
  const auto policy = policy_at(evaluated, advice["recommended_beta"].number());
  if (!policy) return "No tilt has a true gain that these rows can tell from zero";
  if (advice["told_by_labelled_rows"].is_true()) {
    return "At " + beta_text((*policy)["beta"].value()) +
           " the labelled rows alone tell a gain of " + shown(advice["gain"]["value"].value());
  }
  const double proxy =
      (*policy)["proxy"]["value"].value() - (*policy)["reference"]["value"].value();
  return "At " + beta_text((*policy)["beta"].value()) + " the true reward rises by " +
         shown((*policy)["rise"]["value"].value()) + "; the " + words.source + " promises " +
         shown(proxy);
}

constexpr const char* kLabelledCaption =
    " Dashed, labelled rows alone: what these tell without the others, with intervals that hold "
    "for "
    "all at once.";

/// The gains that the labelled rows alone tell, over \p at of each policy or choice, with the
/// intervals that hold for all at once.
ChartSeries labelled_series(Reader told, const char* at, const std::string& name) {
  ChartSeries series{
      .name = name + ", labelled rows alone", .x = {}, .y = {}, .style = SeriesStyle::dashed};
  for (std::size_t k = 0; k < told.size(); ++k) {
    const Reader alone = told[k]["labelled_rows"];
    if (!alone.exists()) continue;
    const Reader gain = alone["gain"];
    add_point(series, told[k][at].value(), gain,
              shown_count(alone["ess"].value()) + " effective rows");
    if (series.x.empty()) continue;
    series.low.back() = gain["simultaneous_interval"][0].number_or(series.low.back());
    series.high.back() = gain["simultaneous_interval"][1].number_or(series.high.back());
  }
  return series;
}

/// What best-of-n would come to beyond the n that rows can tell.
void add_forecast(Chart& chart, const EvaluatedReward& evaluated) {
  const Reader points = evaluated.reward["best_of_n_forecast"]["points"];
  if (points.size() == 0) return;
  ChartSeries series{
      .name = "forecast, by " + evaluated.name, .x = {}, .y = {}, .style = SeriesStyle::dashed};
  for (std::size_t k = 0; k < points.size(); ++k) {
    const double low = points[k]["interval"][0].value();
    const double high = points[k]["interval"][1].value();
    series.x.push_back(points[k]["n"].value());
    series.y.push_back((low + high) / 2);
    series.low.push_back(low);
    series.high.push_back(high);
  }
  chart.caption +=
      " Dashed, forecast: an extrapolation, from going on as before to standing still, and its "
      "middle.";
  chart.series.push_back(std::move(series));
}

}  // namespace

std::string policy_note(Reader policy) {
  std::string note = beta_text(policy["beta"].value()) + " (" + shown(policy["beta_sd"].value()) +
                     " sd), " + shown_count(policy["ess"].value()) + " effective rows";
  if (!policy["reliable"].is_true()) note += "; few rows, or heavy tails, behind it";
  return note;
}

std::optional<Reader> policy_at(const EvaluatedReward& evaluated, std::optional<double> beta) {
  if (!beta) return std::nullopt;
  for (std::size_t i = 0; i < evaluated.policies().size(); ++i) {
    const Reader policy = evaluated.policies()[i];
    if (policy["beta"].number() == beta) return policy;
  }
  return std::nullopt;
}

Chart value_chart(const EvaluatedReward& evaluated, const PolicyWords& words) {
  Chart chart{
      .id = "value-against-kl",
      .title = value_title(evaluated, words),
      .caption = "True reward on " + words.rows + ", what the " + words.source +
                 " claims there, and best-of-n by it. Bands: nominal 95 % intervals. Hollow "
                 "points: few rows, or heavy tails, behind them.",
      .x = {quantity::kKl, AxisScale::square_root},
      .y = {evaluated.grouped ? quantity::kRise : quantity::kReward},
      .ticks_title = "temperature \u03b2"};
  ChartSeries gold{.name = "true reward" + words.suffix, .x = {}, .y = {}};
  ChartSeries proxy{
      .name = "claimed by the " + words.source, .x = {}, .y = {}, .style = SeriesStyle::dashed};
  ChartSeries best{.name = "best of n, true reward", .x = {}, .y = {}};
  const auto add_best = [&](Reader candidates) {
    if (!candidates.exists()) return;
    add_point(best, candidates["kl"]["value"].value(), evaluated.best_of_n(candidates),
              "n = " + shown(candidates["n"].value()), !candidates["reliable"].is_true());
  };
  // Older evaluations have only one beside each policy.
  const Reader choices = evaluated.reward["best_of_n"];
  for (std::size_t k = 0; k < choices.size(); ++k) add_best(choices[k]);
  for (std::size_t i = 0; i < evaluated.policies().size(); ++i) {
    const Reader policy = evaluated.policies()[i];
    const double kl = policy["kl"]["value"].value();
    const bool doubtful = !policy["reliable"].is_true();
    add_point(gold, kl, evaluated.gold(policy), policy_note(policy), doubtful);
    proxy.x.push_back(kl);
    proxy.y.push_back(policy["proxy"]["value"].value() - evaluated.level(policy));
    if (choices.size() == 0) add_best(policy["best_of_n"]);
    if (std::isfinite(kl)) chart.ticks.push_back({kl, shown(policy["beta"].value())});
  }
  for (ChartSeries* series : {&gold, &proxy, &best}) {
    drop_exact_intervals(*series);
    if (!series->x.empty()) chart.series.push_back(std::move(*series));
  }
  const Reader advice = evaluated.reward["advice"];
  const Reader admissible = advice["admissible"];
  const double from = kl_at(evaluated, admissible["high"].number());
  const double to = kl_at(evaluated, admissible["low"].number());
  if (std::isfinite(from) && std::isfinite(to)) {
    chart.spans.push_back({std::min(from, to), std::max(from, to), "admissible"});
  }
  const double advised = kl_at(evaluated, advice["recommended_beta"].number());
  if (std::isfinite(advised)) {
    chart.rules.push_back({advised, "advised: " + beta_text(advice["recommended_beta"].value())});
  }
  const double reference =
      evaluated.grouped ? 0 : evaluated.policies()[0]["reference"]["value"].value();
  if (std::isfinite(reference)) chart.rules.push_back({reference, "reference policy", true});
  return chart;
}

void add_labelled_gains(Chart& chart, const EvaluatedReward& evaluated) {
  ChartSeries series = labelled_series(evaluated.policies(), "beta", evaluated.name);
  if (series.x.empty()) return;
  chart.caption += kLabelledCaption;
  chart.series.push_back(std::move(series));
}

void add_labelled_column(PageTable& table, const EvaluatedReward& evaluated) {
  const Reader policies = evaluated.policies();
  if (!policies[0]["labelled_rows"].exists()) return;
  table.head.emplace_back("by labelled rows alone [all at once]");
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const Reader gain = policies[i]["labelled_rows"]["gain"];
    table.rows[i].push_back(shown_interval(gain["value"].value(),
                                           gain["simultaneous_interval"][0].value(),
                                           gain["simultaneous_interval"][1].value()));
  }
}

std::string safe_n_text(const EvaluatedReward& evaluated) {
  const auto largest = evaluated.reward["best_of_n_advice"]["largest_n"].number();
  return largest ? shown_count(*largest) : "none";
}

Chart candidates_chart(const std::vector<EvaluatedReward>& rewards, const PolicyWords& words,
                       const std::string& advised) {
  Chart chart{.id = "best-of-n",
              .title = "No best-of-n has a true gain that these rows can tell from zero",
              .caption = "True reward of the best of n draws, by each " + words.source +
                         ", less that of the reference. Bands: intervals that hold for all of them "
                         "at once; hollow points: few rows behind them.",
              .x = {"candidates n", AxisScale::log},
              .y = {quantity::kRise},
              .rules = {{0, "reference policy", true}}};
  const auto best = std::ranges::find(rewards, advised, &EvaluatedReward::name);
  if (best != rewards.end()) {
    chart.title = "Best-of-n by " + advised + " is safe up to n = " + safe_n_text(*best);
  }
  std::vector<const EvaluatedReward*> shown_rewards;
  for (const EvaluatedReward& evaluated : rewards) {
    if (shown_rewards.size() < kMostCurves) shown_rewards.push_back(&evaluated);
  }
  const bool hidden =
      best != rewards.end() && std::ranges::find(shown_rewards, &*best) == shown_rewards.end();
  if (hidden) shown_rewards.back() = &*best;
  for (const EvaluatedReward* each : shown_rewards) {
    const EvaluatedReward& evaluated = *each;
    ChartSeries series{.name = evaluated.name, .x = {}, .y = {}};
    const Reader choices = evaluated.reward["best_of_n"];
    for (std::size_t k = 0; k < choices.size(); ++k) {
      const Reader gain = choices[k]["gain"];
      add_point(series, choices[k]["n"].value(), gain,
                shown_count(choices[k]["ess"].value()) + " effective rows",
                !choices[k]["reliable"].is_true());
      if (series.x.empty()) continue;
      const Reader all = gain["simultaneous_interval"];
      series.low.back() = all[0].number_or(series.low.back());
      series.high.back() = all[1].number_or(series.high.back());
    }
    drop_exact_intervals(series);
    chart.series.push_back(std::move(series));
  }
  // Last, so that rewards keep the colours that they have elsewhere.
  if (best != rewards.end()) {
    ChartSeries labelled = labelled_series(best->reward["best_of_n"], "n", best->name);
    if (!labelled.x.empty()) {
      chart.caption += kLabelledCaption;
      chart.series.push_back(std::move(labelled));
    }
    add_forecast(chart, *best);
  }
  return chart;
}

Chart promise_chart(const EvaluatedReward& evaluated, const PolicyWords& words) {
  ChartSeries series{.name = "claimed less true", .x = {}, .y = {}};
  bool beyond = false;
  bool reliable = false;
  double first = kNone;
  for (std::size_t i = 0; i < evaluated.policies().size(); ++i) {
    const Reader policy = evaluated.policies()[i];
    add_point(series, policy["beta"].value(), policy["over_optimisation"], policy_note(policy),
              !policy["reliable"].is_true());
    reliable = reliable || policy["reliable"].is_true();
    const Reader over = policy["over_optimisation"];
    const double error = over["standard_error"].number_or(0);
    const double low = over["interval"][0].number_or(over["value"].value() - 2 * error);
    if (policy["reliable"].is_true() && low > 0) {
      if (!beyond || policy["beta"].value() > first) first = policy["beta"].value();
      beyond = true;
    }
  }
  drop_exact_intervals(series);
  std::string title = "What the " + words.source + " claims is borne out wherever rows can tell";
  if (!reliable) title = "No value is reliable enough to hold the reward's claims against";
  if (beyond) {
    title = "From " + beta_text(first) + " down the " + words.source +
            " claims more than rows bear out";
  }
  return {.id = "over-optimisation",
          .title = title,
          .caption =
              "Claimed reward less true reward under the same policy: over-optimisation "
              "where it is above 0. Band: nominal 95 % interval.",
          .x = {quantity::kBeta, AxisScale::log, true},
          .y = {"claimed \u2212 true reward (unit of the reward)"},
          .series = {series},
          .rules = {{0, "claims are true", true}}};
}

Chart rows_chart(const EvaluatedReward& evaluated, double rows) {
  ChartSeries series{.name = "effective rows", .x = {}, .y = {}};
  double least = kNone;
  for (std::size_t i = 0; i < evaluated.policies().size(); ++i) {
    const Reader policy = evaluated.policies()[i];
    series.x.push_back(policy["beta"].value());
    series.y.push_back(policy["ess"].value());
    series.doubtful.push_back(!policy["reliable"].is_true());
    const double k = policy["pareto_k"].value();
    series.notes.push_back("Pareto k = " + shown(k) + ", to be below " +
                           shown(policy["pareto_k_threshold"].value()));
    if (!(policy["ess"].value() >= least)) least = policy["ess"].value();
  }
  return {.id = "effective-rows",
          .title = "At the lowest temperature the value rests on " + shown_count(least) +
                   (shown_count(least) == "1" ? " effective row of " : " effective rows of ") +
                   shown_count(rows),
          .caption =
              "Effective sample size of the tilt's weights. Hollow points: too few rows, or "
              "weights with too heavy a tail (Pareto k), to be relied on.",
          .x = {quantity::kBeta, AxisScale::log, true},
          .y = {quantity::kEss, AxisScale::log},
          .series = {series}};
}

}  // namespace esscher::internal
