#include <algorithm>
#include <cmath>
#include <vector>

#include "report/page.h"
#include "report/policy_figures.h"
#include "report/quantities.h"
#include "report/words.h"

namespace esscher::internal {
namespace {

const PolicyWords kAuditWords{"proxy", "the rows of the table", ""};

/// The recommended proxy first, then that of best-of-n, the others in the record's order.
std::vector<EvaluatedReward> proxies_of(Reader record) {
  std::vector<EvaluatedReward> proxies;
  for (std::size_t i = 0; i < record["rewards"].size(); ++i) {
    const Reader proxy = record["rewards"][i];
    proxies.push_back({proxy, record["groups"].number_or(0) > 0, proxy["name"].text()});
  }
  const auto rank = [&](const EvaluatedReward& proxy) {
    if (proxy.name == record["recommendation"]["proxy"].text()) return 0;
    return proxy.name == record["best_of_n_recommendation"]["proxy"].text() ? 1 : 2;
  };
  std::ranges::stable_sort(proxies, {}, rank);
  return proxies;
}

Chart proxies_chart(const std::vector<EvaluatedReward>& proxies) {
  Chart chart{.id = "proxies",
              .title = "",
              .caption =
                  "True reward under the policies that each proxy makes, less that of the "
                  "reference. Bands: nominal 95 % intervals; hollow points: few rows, or heavy "
                  "tails, behind them.",
              .x = {quantity::kKl, AxisScale::square_root},
              .y = {quantity::kRise},
              .rules = {{0, "reference policy", true}}};
  for (const EvaluatedReward& proxy : proxies) {
    if (chart.series.size() == kMostCurves) break;
    ChartSeries series{.name = proxy.name, .x = {}, .y = {}};
    for (std::size_t i = 0; i < proxy.policies().size(); ++i) {
      const Reader policy = proxy.policies()[i];
      add_point(series, policy["kl"]["value"].value(), policy["rise"], policy_note(policy),
                !policy["reliable"].is_true());
    }
    drop_exact_intervals(series);
    chart.series.push_back(std::move(series));
  }
  std::size_t safe = 0;
  for (const EvaluatedReward& proxy : proxies) {
    if (proxy.reward["advice"]["recommended_beta"].exists()) ++safe;
  }
  chart.title = safe == 0 ? "No proxy can be tilted by with a gain that these rows can tell"
                          : shown_count(static_cast<double>(safe)) + " of " +
                                shown_count(static_cast<double>(proxies.size())) +
                                " proxies may be tilted by";
  return chart;
}

Chart calibration_chart(const EvaluatedReward& proxy) {
  const Reader calibration = proxy.reward["calibration"];
  ChartSeries points{.name = "rows of like proxy", .x = {}, .y = {}, .style = SeriesStyle::points};
  ChartSeries rising{.name = "rising fit", .x = {}, .y = {}};
  const Reader curve = calibration["curve"];
  for (std::size_t i = 0; i < curve.size(); ++i) {
    add_point(points, curve[i]["proxy"].value(), curve[i]["gold"],
              shown_count(curve[i]["rows"].value()) + " rows");
    rising.x.push_back(curve[i]["proxy"].value());
    rising.y.push_back(curve[i]["isotonic"].value());
  }
  const std::string mean = proxy.grouped ? ", less its group's mean" : "";
  return {.id = "calibration",
          .title = "One unit of " + proxy.name + " is worth " +
                   shown(calibration["slope"]["value"].value()) + " \u00b1 " +
                   shown(calibration["slope"]["standard_error"].value(), 2) + " of true reward",
          .caption =
              "Mean true reward of rows of like proxy, with two standard errors, and the "
              "rising curve that fits them best.",
          .x = {"proxy " + proxy.name + mean},
          .y = {"true reward" + mean},
          .series = {points, rising}};
}

PageTable proxies_table(const std::vector<EvaluatedReward>& proxies) {
  PageTable table{.title = "Proxies",
                  .note =
                      "Gain: J less that of the reference, by intervals that hold for all "
                      "proxies and temperatures at once.",
                  .head = {"proxy", "correlation", "slope", "tied", "admissible \u03b2",
                           "advised \u03b2", "gain there", "safe n"}};
  for (const EvaluatedReward& proxy : proxies) {
    const Reader advice = proxy.reward["advice"];
    const Reader slope = proxy.reward["calibration"]["slope"];
    const Reader gain = advice["gain"];
    const bool safe = advice["recommended_beta"].exists();
    table.rows.push_back(
        {proxy.name, shown(proxy.reward["correlation"].value()),
         shown(slope["value"].value()) + " \u00b1 " + shown(slope["standard_error"].value(), 2),
         shown_share(proxy.reward["calibration"]["tied"].value()),
         safe ? shown(advice["admissible"]["low"].value()) + " to " +
                    shown(advice["admissible"]["high"].value())
              : "none",
         safe ? shown(advice["recommended_beta"].value()) : "\u2013",
         safe ? shown_interval(gain["value"].value(), gain["interval"][0].value(),
                               gain["interval"][1].value())
              : "\u2013",
         safe_n_text(proxy)});
  }
  return table;
}

PageTable trained_table(Reader policies) {
  PageTable table{.title = "Trained policies",
                  .note =
                      "Rise: by intervals that hold for all of them at once. Worth: true "
                      "reward for a nat of KL. Mean ratio: of \u03c0/\u03c0\u2080 over the "
                      "reference, 1 for true log-ratios.",
                  .head = {"log-ratio", "rise", "KL", "worth", "mean ratio", "effective rows"}};
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const Reader policy = policies[i];
    const Reader rise = policy["rise"];
    table.rows.push_back(
        {policy["name"].text(),
         shown_interval(rise["value"].value(), rise["simultaneous_interval"][0].value(),
                        rise["simultaneous_interval"][1].value()),
         shown(policy["kl"]["value"].value()), shown(policy["worth"].value()),
         shown(policy["mean_ratio"]["value"].value()), shown_count(policy["ess"].value())});
  }
  return table;
}

PageTable audited_table(const EvaluatedReward& proxy) {
  PageTable table{.title = "Policies tilted by " + proxy.name,
                  .note = "",
                  .head = {"\u03b2", proxy.grouped ? "true rise" : "true reward", "claimed", "KL",
                           "gain [all at once]", "effective rows", "Pareto k", "reliable"}};
  for (std::size_t i = 0; i < proxy.policies().size(); ++i) {
    const Reader policy = proxy.policies()[i];
    const Reader gold = proxy.gold(policy);
    const Reader gain = policy["gain"];
    table.rows.push_back(
        {shown(policy["beta"].value()),
         shown(gold["value"].value()) + " \u00b1 " + shown(gold["standard_error"].value(), 2),
         shown(policy["proxy"]["value"].value() - proxy.level(policy)),
         shown(policy["kl"]["value"].value()),
         shown_interval(gain["value"].value(), gain["simultaneous_interval"][0].value(),
                        gain["simultaneous_interval"][1].value()),
         shown_count(policy["ess"].value()), shown(policy["pareto_k"].value(), 2),
         policy["reliable"].is_true() ? "yes" : "no"});
  }
  add_labelled_column(table, proxy);
  return table;
}

std::string audit_answer(Reader record, const std::vector<EvaluatedReward>& proxies) {
  if (proxies.empty()) return "Trained policies are told below.";
  const Reader tilt = record["recommendation"];
  const Reader best = record["best_of_n_recommendation"];
  std::string text = "Not by tilting: no proxy has a safe temperature.";
  if (tilt.exists()) {
    const Reader admissible = proxies.front().reward["advice"]["admissible"];
    text = "By " + tilt["proxy"].text() + " down to " + beta_text(admissible["low"].value()) +
           ". Advised: " + beta_text(tilt["beta"].value()) + ".";
  }
  if (best.exists()) {
    text += " Best-of-n by " + best["proxy"].text() +
            " up to n = " + shown_count(best["largest_n"].value()) + ".";
  }
  return text;
}

}  // namespace

Page audit_page(Reader record) {
  Page page;
  page.title = "How far may these scores be optimised?";
  page.question = page.title;
  const std::vector<EvaluatedReward> proxies = proxies_of(record);
  page.answer = audit_answer(record, proxies);
  if (!proxies.empty()) {
    const EvaluatedReward& first = proxies.front();
    page.reason = first.reward["advice"]["verdict"].text() + " " +
                  first.reward["best_of_n_advice"]["verdict"].text();
    page.facts.emplace_back("correlation of " + first.name,
                            shown(first.reward["correlation"].value()));
  }
  if (record["target"].exists()) {
    page.reason += (page.reason.empty() ? "" : " ") + record["target"]["verdict"].text();
  }
  page.facts.emplace_back("rows", shown_count(record["rows"].value()));
  page.facts.emplace_back("with a true reward", shown_count(record["known"].value()));
  page.facts.emplace_back("its standard deviation", shown(record["reward_sd"].value()));
  if (record["groups"].number_or(0) > 0) {
    page.facts.emplace_back("groups", shown_count(record["groups"].value()));
  }
  if (!proxies.empty()) {
    const EvaluatedReward& first = proxies.front();
    add_chart(page, value_chart(first, kAuditWords), "No policy could be valued.");
    if (proxies.size() > 1) add_chart(page, proxies_chart(proxies), "");
    add_chart(
        page,
        candidates_chart(proxies, kAuditWords, record["best_of_n_recommendation"]["proxy"].text()),
        "");
    add_chart(page, calibration_chart(first), "");
    add_chart(page, promise_chart(first, kAuditWords), "");
    add_chart(page, rows_chart(first, record["known"].value()), "");
    page.tables.push_back(proxies_table(proxies));
  }
  if (record["policies"].size() > 0) page.tables.push_back(trained_table(record["policies"]));
  for (const EvaluatedReward& proxy : proxies) page.tables.push_back(audited_table(proxy));
  add_texts(page, record["data_remarks"]);
  add_texts(page, record["remarks"]);
  return page;
}

Headline audit_headline(Reader record) {
  const std::vector<EvaluatedReward> proxies = proxies_of(record);
  Headline headline;
  headline.chart = {.id = "comparison",
                    .title = "",
                    .caption =
                        "True reward under the policy less that of the reference; of each run the "
                        "recommended proxy. Bands: nominal 95 % intervals; hollow points: few "
                        "rows, or heavy tails, behind them.",
                    .x = {quantity::kKl, AxisScale::square_root},
                    .y = {quantity::kRise},
                    .rules = {{0, "reference policy", true}}};
  if (proxies.empty()) return headline;
  const EvaluatedReward& first = proxies.front();
  for (std::size_t i = 0; i < first.policies().size(); ++i) {
    const Reader policy = first.policies()[i];
    add_point(headline.series, policy["kl"]["value"].value(), policy["rise"], policy_note(policy),
              !policy["reliable"].is_true());
  }
  headline.facts = {{"proxy", first.name},
                    {"advised \u03b2", shown(record["recommendation"]["beta"].value())},
                    {"safe n", safe_n_text(first)},
                    {"correlation", shown(first.reward["correlation"].value())},
                    {"rows", shown_count(record["rows"].value())}};
  return headline;
}

}  // namespace esscher::internal
