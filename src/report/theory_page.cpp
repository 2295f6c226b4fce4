#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "report/page.h"
#include "report/quantities.h"
#include "report/words.h"

namespace esscher::internal {
namespace {

constexpr const char* kTransforms[] = {"exp", "label_exp", "centred"};
constexpr const char* kFormulas[] = {"exp(y/\u03b2\u2081)", "y exp(y/\u03b2\u2081)",
                                     "(y \u2212 c) exp(y/\u03b2\u2081)"};

/// The order that one pass over weighted samples sees.
std::size_t order_of(Reader record) {
  return static_cast<std::size_t>(record["exponents"]["generative_exponent"].number_or(1));
}

Reader found_of(Reader record, const char* transform) {
  const Reader list = record["feature_temperatures"];
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i]["transform"].text() == transform) return list[i];
  }
  return list["none"];
}

/// Signal-to-noise of one transform over the temperatures, through its zeros.
ChartSeries signal_series(Reader record, const char* transform, const std::string& name) {
  const std::size_t order = order_of(record);
  std::vector<std::pair<double, double>> points;
  for (std::size_t i = 0; i < record["temperatures"].size(); ++i) {
    const Reader row = record["temperatures"][i];
    const double ratio = row["signal"][transform]["signal_to_noise"][order].value();
    if (std::isfinite(ratio)) points.emplace_back(row["beta"].value(), ratio);
  }
  const Reader dead = found_of(record, transform)["dead"];
  if (points.size() > 1) {
    const auto [least, greatest] = std::ranges::minmax(points);
    for (std::size_t i = 0; i < dead.size(); ++i) {
      const double beta = dead[i]["beta"].value();
      if (beta > least.first && beta < greatest.first) points.emplace_back(beta, 0);
    }
  }
  std::ranges::sort(points);
  ChartSeries series{.name = name, .x = {}, .y = {}};
  for (const auto& [beta, ratio] : points) {
    series.x.push_back(beta);
    series.y.push_back(ratio);
  }
  return series;
}

std::string signal_title(Reader record) {
  const Reader found = found_of(record, "label_exp");
  if (!found["best_beta"].exists()) {
    const std::string dead =
        found["dead"].size() == 0
            ? std::string()
            : "; weighted at \u03b2\u2081 = " + shown(found["dead"][0]["beta"].value(), 4) +
                  " they show nothing";
    return "Labels show the hidden direction best without weights" + dead;
  }
  std::string title = "At \u03b2\u2081 = " + shown(found["best_beta"].value()) +
                      " the weighted label keeps " + shown_share(found["best_efficiency"].value()) +
                      " of the best transform's signal";
  if (found["dead"].size() > 0) {
    title += "; at " + shown(found["dead"][0]["beta"].value(), 4) + " it has none";
  }
  return title;
}

Chart signal_chart(Reader record) {
  const std::string order = std::to_string(order_of(record));
  Chart chart{.id = "signal",
              .title = signal_title(record),
              .caption = "Signal-to-noise \u03c1 of order " + order +
                         " of labels y transformed as named: its size says how well a network "
                         "trained on them sees the hidden direction. At a dead temperature it is "
                         "0. Exact but for quadrature.",
              .x = {quantity::kFeatureBeta, AxisScale::log},
              .y = {"signal-to-noise \u03c1 of order " + order},
              .rules = {{0, "no signal", true}}};
  for (std::size_t t = 0; t < std::size(kTransforms); ++t) {
    ChartSeries series = signal_series(record, kTransforms[t], kFormulas[t]);
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  const Reader found = found_of(record, "label_exp");
  const auto within = [&](double beta) {
    return std::ranges::any_of(chart.series, [&](const ChartSeries& series) {
      return series.x.front() <= beta && beta <= series.x.back();
    });
  };
  const double best = found["best_beta"].value();
  if (within(best)) chart.rules.push_back({best, "best for y exp(y/\u03b2\u2081)"});
  for (std::size_t i = 0; i < found["dead"].size(); ++i) {
    const double beta = found["dead"][i]["beta"].value();
    if (within(beta)) chart.rules.push_back({beta, "dead"});
  }
  return chart;
}

/// Densities of <x, theta*> under policies at a few temperatures.
Chart density_chart(Reader record) {
  Chart chart{.id = "tilted-density",
              .title = "",
              .caption =
                  "Density of z = \u27e8x, \u03b8*\u27e9 under the reference N(0, 1) and "
                  "under policies proportional to it times exp(r*(z)/\u03b2).",
              .x = {"z = \u27e8x, \u03b8*\u27e9"},
              .y = {"density"}};
  const std::vector<double> z = record["reward_curve"]["z"].numbers();
  const std::vector<double> reward = record["reward_curve"]["reward"].numbers();
  const Reader rows = record["temperatures"];
  if (z.empty() || z.size() != reward.size() || rows.size() == 0) return chart;
  const auto normal = [](double at) {
    return std::exp(-at * at / 2) / std::sqrt(2 * std::numbers::pi);
  };
  ChartSeries reference{.name = "reference", .x = z, .y = {}, .style = SeriesStyle::dashed};
  for (const double at : z) reference.y.push_back(normal(at));
  // Spread evenly over the list, the strongest tilt last.
  const std::size_t count = std::min<std::size_t>(3, rows.size());
  for (std::size_t c = 0; c < count; ++c) {
    const Reader row = rows[(c + 1) * rows.size() / count - 1];
    const double beta = row["beta"].value();
    ChartSeries series{.name = beta_text(beta), .x = z, .y = {}};
    for (std::size_t i = 0; i < z.size(); ++i) {
      series.y.push_back(normal(z[i]) * std::exp(reward[i] / beta - row["log_partition"].value()));
    }
    chart.series.push_back(std::move(series));
  }
  chart.series.push_back(std::move(reference));
  const Reader last = rows[rows.size() - 1];
  chart.title = "At " + beta_text(last["beta"].value()) +
                " the policy sits at z = " + shown(last["mean_direction"].value()) + " \u00b1 " +
                shown(std::sqrt(last["direction_variance"].value()), 2) + ", " +
                shown(last["kl"].value()) + " nats from the reference";
  return chart;
}

ChartSeries over_beta(Reader record, const std::string& name, auto value) {
  ChartSeries series{.name = name, .x = {}, .y = {}};
  for (std::size_t i = 0; i < record["temperatures"].size(); ++i) {
    const Reader row = record["temperatures"][i];
    series.x.push_back(row["beta"].value());
    series.y.push_back(value(row));
  }
  return series;
}

Chart value_chart_of_theory(Reader record) {
  Chart chart{.id = "value-against-kl",
              .title = "",
              .caption =
                  "Mean reward of the tilted policy against its KL, exactly, and of the "
                  "best of n draws at the same KL. Temperatures stand above.",
              .x = {quantity::kKl, AxisScale::square_root},
              .y = {quantity::kReward},
              .ticks_title = "temperature \u03b2"};
  ChartSeries tilted{.name = "tilted by the true reward", .x = {}, .y = {}};
  ChartSeries best{.name = "best of n", .x = {}, .y = {}, .style = SeriesStyle::dashed};
  ChartSeries gold{.name = "tilted by the learned reward: true", .x = {}, .y = {}};
  ChartSeries proxy{.name = "tilted by the learned reward: claimed",
                    .x = {},
                    .y = {},
                    .style = SeriesStyle::dashed};
  for (std::size_t i = 0; i < record["temperatures"].size(); ++i) {
    const Reader row = record["temperatures"][i];
    const double beta = row["beta"].value();
    tilted.x.push_back(row["kl"].value());
    tilted.y.push_back(row["mean_reward"].value());
    tilted.notes.push_back(beta_text(beta));
    chart.ticks.push_back({row["kl"].value(), shown(beta)});
    if (row["best_of_n"].exists()) {
      best.x.push_back(row["best_of_n"]["kl"].value());
      best.y.push_back(row["best_of_n"]["mean_reward"].value());
      best.notes.push_back("n = " + shown(row["best_of_n"]["n"].value()));
    }
    const Reader learned = row["learned"];
    if (learned.exists()) {
      for (ChartSeries* series : {&gold, &proxy}) {
        series->x.push_back(learned["kl"].value());
        series->notes.push_back(beta_text(beta));
      }
      gold.y.push_back(learned["gold_value"].value());
      proxy.y.push_back(learned["proxy_value"].value());
    }
  }
  for (ChartSeries* series : {&tilted, &best, &gold, &proxy}) {
    if (!series->x.empty()) chart.series.push_back(std::move(*series));
  }
  const Reader rows = record["temperatures"];
  if (rows.size() > 0) {
    const Reader last = rows[rows.size() - 1];
    // Rounding is no reward.
    const double reference = last["reference_value"].value();
    const bool none = std::abs(reference) < 1e-9 * std::abs(last["mean_reward"].value());
    chart.title = "The optimal policy at " + beta_text(last["beta"].value()) + " earns " +
                  shown(last["mean_reward"].value()) + ", the reference " +
                  shown(none ? 0 : reference) + "; that costs " + shown(last["kl"].value()) +
                  " nats";
    chart.rules.push_back({last["reference_value"].value(), "reference policy", true});
  }
  return chart;
}

Chart kl_chart(Reader record) {
  Chart chart{.id = "kl-against-temperature",
              .title = "",
              .caption =
                  "KL of the policy from the reference, exactly, and what the "
                  "regularised value J = reward \u2212 \u03b2 KL gains over not optimising.",
              .x = {quantity::kBeta, AxisScale::log, true},
              .y = {"nats, unit of the reward", AxisScale::log}};
  chart.series = {over_beta(record, "KL (nats)", [](Reader row) { return row["kl"].value(); }),
                  over_beta(record, "gain of J (unit of the reward)",
                            [](Reader row) { return row["gain"].value(); })};
  const Reader rows = record["temperatures"];
  if (rows.size() > 1) {
    const double first = rows[0]["kl"].value();
    const double last = rows[rows.size() - 1]["kl"].value();
    chart.title = "From " + beta_text(rows[0]["beta"].value()) + " to " +
                  shown(rows[rows.size() - 1]["beta"].value()) + " the divergence goes from " +
                  shown(first, 2) + " to " + shown(last, 2) + " nats";
  }
  return chart;
}

Chart learned_chart(Reader record) {
  ChartSeries series = over_beta(record, "efficiency of the learned reward",
                                 [](Reader row) { return row["learned"]["efficiency"].value(); });
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  for (const double value : series.y) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  return {.id = "learned-efficiency",
          .title = most < 0    ? "The learned reward is over-optimised at all of these temperatures"
                   : least < 0 ? "The learned reward is over-optimised at some temperatures"
                               : "The learned reward gains at all of these temperatures",
          .caption =
              "Share of the optimal gain that the policy of the learned reward gets: 1 is "
              "optimal, 0 no better than not optimising, negative over-optimised.",
          .x = {quantity::kBeta, AxisScale::log, true},
          .y = {quantity::kEfficiency},
          .series = {series},
          .rules = {{0, "no gain", true}, {1, "optimal", true}}};
}

Chart coefficients_chart(Reader record) {
  Chart chart{.id = "hermite",
              .title = "",
              .caption =
                  "Squared Hermite coefficients of the link over its second moment (what "
                  "plain regression sees) and \u03bb\u2096\u00b2 (what the best transform "
                  "of the label sees), by order k.",
              .x = {.title = "order k", .whole = true},
              .y = {"share"}};
  const std::vector<double> hermite = record["exponents"]["hermite"].numbers();
  const std::vector<double> lambda = record["exponents"]["lambda_squared"].numbers();
  const double moment = record["exponents"]["second_moment"].value();
  ChartSeries plain{.name = "plain label", .x = {}, .y = {}, .style = SeriesStyle::points};
  ChartSeries best{.name = "best transform", .x = {}, .y = {}, .style = SeriesStyle::points};
  for (std::size_t k = 1; k < hermite.size(); ++k) {
    plain.x.push_back(static_cast<double>(k));
    plain.y.push_back(hermite[k] * hermite[k] / moment);
    if (k < lambda.size()) {
      best.x.push_back(static_cast<double>(k));
      best.y.push_back(lambda[k]);
    }
  }
  chart.series = {plain, best};
  const auto seen = record["exponents"]["information_exponent"].number();
  const auto told = record["exponents"]["generative_exponent"].number();
  chart.title = "Plain regression sees order " + (seen ? shown(*seen) : std::string("none")) +
                " first, the best transform order " + (told ? shown(*told) : std::string("none"));
  return chart;
}

PageTable law_table(Reader record) {
  PageTable table{.title = "The tilted policy, exactly",
                  .note =
                      "J = mean reward \u2212 \u03b2 KL; ESS: effective share of reference "
                      "samples; n: draws of which the best costs as much KL.",
                  .head = {"\u03b2", "J", "mean reward", "KL", "ESS", "n", "best of n"}};
  for (std::size_t i = 0; i < record["temperatures"].size(); ++i) {
    const Reader row = record["temperatures"][i];
    table.rows.push_back({shown(row["beta"].value()), shown(row["optimal_value"].value(), 5),
                          shown(row["mean_reward"].value(), 5), shown(row["kl"].value(), 5),
                          shown_share(row["ess_fraction"].value()),
                          shown(row["best_of_n"]["n"].value()),
                          shown(row["best_of_n"]["mean_reward"].value(), 5)});
  }
  return table;
}

std::string samples_of(Reader record, const char* kind) {
  std::string text = record["sample_complexity"][kind]["samples"].text();
  if (text.empty()) return "unknown";
  if (text.size() == 3 && text.ends_with("^2")) return "d\u00b2";
  return text;
}

}  // namespace

Page theory_page(Reader record) {
  Page page;
  page.title = "What does weighting by exp(r/\u03b2) show, and what does the tilt earn?";
  page.question = page.title;
  const Reader exponents = record["exponents"];
  if (exponents["constant"].is_true()) {
    page.answer = "The reward is constant: there is nothing to learn.";
  } else if (!exponents["generative_exponent"].exists()) {
    page.answer = "No transform of the label shows the hidden direction up to the order looked at.";
  } else {
    const std::string weighted = samples_of(record, "one_pass_weighted");
    const std::string plain = samples_of(record, "one_pass_unweighted");
    page.answer = weighted == plain
                      ? "Weighted and plain labels both find the hidden direction from n ~ " +
                            plain + " samples."
                      : "Weighted labels find the hidden direction from n ~ " + weighted +
                            " samples; plain ones take n ~ " + plain + ".";
  }
  page.reason = "Link " + record["options"]["link"].text() + ", noise " +
                record["options"]["noise"].text() + ": f(z) = " + record["link"]["formula"].text() +
                ". " + record["link"]["finiteness"].text() + ".";
  const auto order = [](Reader of) { return of.exists() ? shown(of.value()) : "none seen"; };
  const Reader best = found_of(record, "label_exp")["best_beta"];
  page.facts = {{"information exponent", order(exponents["information_exponent"])},
                {"generative exponent", order(exponents["generative_exponent"])},
                {"best \u03b2\u2081", best.exists() ? shown(best.value()) : "no weights"},
                {"dead temperatures",
                 shown(static_cast<double>(found_of(record, "label_exp")["dead"].size()))}};
  add_chart(page, signal_chart(record),
            "No weighted label has a signal at these temperatures, so none is drawn.");
  add_chart(page, value_chart_of_theory(record),
            "E e^{f/\u03b2} is infinite at the temperatures asked for: there is no tilted policy.");
  add_chart(page, density_chart(record), "");
  add_chart(page, kl_chart(record), "");
  if (record["options"]["learned"].exists()) add_chart(page, learned_chart(record), "");
  if (!exponents["constant"].is_true()) add_chart(page, coefficients_chart(record), "");
  if (record["temperatures"].size() > 0) page.tables.push_back(law_table(record));
  add_texts(page, record["remarks"]);
  return page;
}

Headline theory_headline(Reader record) {
  Headline headline;
  headline.chart = {.id = "comparison",
                    .title = "",
                    .caption =
                        "Mean reward of the policy tilted by the true reward, less that of "
                        "the reference, exactly.",
                    .x = {quantity::kKl, AxisScale::square_root},
                    .y = {quantity::kRise}};
  for (std::size_t i = 0; i < record["temperatures"].size(); ++i) {
    const Reader row = record["temperatures"][i];
    headline.series.x.push_back(row["kl"].value());
    headline.series.y.push_back(row["mean_reward"].value() - row["reference_value"].value());
    headline.series.notes.push_back(beta_text(row["beta"].value()));
  }
  const Reader exponents = record["exponents"];
  headline.facts = {
      {"information exponent", shown(exponents["information_exponent"].value())},
      {"generative exponent", shown(exponents["generative_exponent"].value())},
      {"best \u03b2\u2081", shown(found_of(record, "label_exp")["best_beta"].value())},
      {"weighted samples", "n ~ " + samples_of(record, "one_pass_weighted")}};
  return headline;
}

}  // namespace esscher::internal
