#include <algorithm>
#include <cmath>

#include "report/page.h"
#include "report/policy_figures.h"
#include "report/quantities.h"
#include "report/words.h"

namespace esscher::internal {
namespace {

const PolicyWords kWords{"learned reward", "rows that the learned reward has not seen",
                         ", held out"};

std::string reward_name(const std::string& name) {
  if (name == "auto") return "auto weights";
  if (name == "linear") return "linear ridge";
  return name.empty() ? "reward" : name + " weights";
}

/// The recommended reward first, the others in the record's order.
std::vector<EvaluatedReward> rewards_of(Reader record) {
  std::vector<EvaluatedReward> rewards;
  const std::string recommended = record["recommendation"]["weights"].text();
  for (std::size_t i = 0; i < record["rewards"].size(); ++i) {
    const Reader reward = record["rewards"][i];
    const std::string name = reward["name"].text();
    rewards.insert(name == recommended ? rewards.begin() : rewards.end(),
                   {reward, record["groups"].number_or(0) > 0, reward_name(name)});
  }
  return rewards;
}

const EvaluatedReward* linear_of(const std::vector<EvaluatedReward>& rewards) {
  const auto found = std::ranges::find_if(rewards, [](const EvaluatedReward& evaluated) {
    return evaluated.reward["name"].text() == "linear";
  });
  return found == rewards.end() ? nullptr : &*found;
}

Chart gain_chart(const std::vector<EvaluatedReward>& rewards) {
  Chart chart{
      .id = "gain-against-temperature",
      .title = "",
      .caption =
          "J = true reward \u2212 \u03b2 KL, less that of the reference: what is gained "
          "where divergence has a price. Bands: nominal 95 % intervals; hollow points: few "
          "rows, or heavy tails, behind them. Lower temperatures, stronger tilts, to the right.",
      .x = {quantity::kBeta, AxisScale::log, true},
      .y = {quantity::kGain}};
  for (const EvaluatedReward& evaluated : rewards) {
    ChartSeries series{.name = evaluated.name, .x = {}, .y = {}};
    for (std::size_t i = 0; i < evaluated.policies().size(); ++i) {
      const Reader policy = evaluated.policies()[i];
      add_point(series, policy["beta"].value(), policy["gain"], policy_note(policy),
                !policy["reliable"].is_true());
    }
    if (chart.series.size() < kMostCurves) chart.series.push_back(std::move(series));
  }
  add_labelled_gains(chart, rewards.front());
  chart.rules.push_back({0, "no gain", true});
  const auto beta = rewards.front().reward["advice"]["recommended_beta"].number();
  const auto first = policy_at(rewards.front(), beta);
  const EvaluatedReward* baseline = linear_of(rewards);
  const auto linear = baseline ? policy_at(*baseline, beta) : std::nullopt;
  if (beta) chart.rules.push_back({*beta, "advised"});
  if (first && linear && baseline != &rewards.front()) {
    const bool alone = rewards.front().reward["advice"]["told_by_labelled_rows"].is_true();
    const Reader told = alone ? (*first)["labelled_rows"]["gain"] : (*first)["gain"];
    const double gain = told["value"].value();
    const Reader against = alone ? (*linear)["labelled_rows"]["gain"] : (*linear)["gain"];
    const double other = against["value"].value();
    const double low = told["interval"][0].number_or(gain - 2 * told["standard_error"].value());
    const double high =
        against["interval"][1].number_or(other + 2 * against["standard_error"].value());
    chart.title = "At " + beta_text(*beta) + " " + chart.series.front().name + " gain " +
                  shown(gain) + ", the " + reward_name("linear") + " " + shown(other) +
                  (low > high ? "" : ": no clear difference");
  } else {
    chart.title = beta ? "The linear ridge is advised, at " + beta_text(*beta)
                       : std::string("No reward's gain can be told from zero");
  }
  return chart;
}

PageTable policy_table(const EvaluatedReward& evaluated) {
  PageTable table{
      .title = "Policies tilted by the reward of " + evaluated.name,
      .note = "Efficiency: share of the gain of a policy that knows every reward.",
      .head = {"\u03b2", "\u03b2/sd", evaluated.grouped ? "true rise" : "true reward", "claimed",
               "KL", "gain [95 %]", "efficiency", "effective rows", "Pareto k", "reliable"}};
  for (std::size_t i = 0; i < evaluated.policies().size(); ++i) {
    const Reader policy = evaluated.policies()[i];
    const Reader gold = evaluated.gold(policy);
    const Reader gain = policy["gain"];
    const double error = gain["standard_error"].value();
    table.rows.push_back(
        {shown(policy["beta"].value()), shown(policy["beta_sd"].value()),
         shown(gold["value"].value()) + " \u00b1 " + shown(gold["standard_error"].value(), 2),
         shown(policy["proxy"]["value"].value() - evaluated.level(policy)),
         shown(policy["kl"]["value"].value()),
         shown_interval(gain["value"].value(),
                        gain["interval"][0].number_or(gain["value"].value() - 2 * error),
                        gain["interval"][1].number_or(gain["value"].value() + 2 * error)),
         shown(policy["efficiency"].value(), 2), shown_count(policy["ess"].value()),
         shown(policy["pareto_k"].value(), 2), policy["reliable"].is_true() ? "yes" : "no"});
  }
  add_labelled_column(table, evaluated);
  return table;
}

std::string answer_text(const EvaluatedReward& evaluated) {
  const Reader advice = evaluated.reward["advice"];
  const auto beta = advice["recommended_beta"].number();
  const auto policy = policy_at(evaluated, beta);
  if (!beta || !policy) return "Not at all: no temperature is safe.";
  const double lowest = advice["admissible"]["low"].value();
  const std::string deviations =
      ", " + shown((*policy)["beta_sd"].value()) + " standard deviations of the reward.";
  const std::string name = evaluated.reward["name"].text();
  if (name != "auto") {
    return "Down to " + beta_text(lowest) + ". Advised: " + reward_name(name) + " at " +
           beta_text(*beta) + deviations;
  }
  if (lowest == *beta) return "Down to " + beta_text(*beta) + deviations;
  return "Down to " + beta_text(lowest) + ". Advised: " + beta_text(*beta) + deviations;
}

std::string best_of_n_reward(Reader record) {
  const Reader best = record["best_of_n_recommendation"];
  return best.exists() ? reward_name(best["weights"].text()) : "";
}

std::string best_of_n_answer(Reader record) {
  const std::string reward = best_of_n_reward(record);
  if (reward.empty()) return "";
  return " Best-of-n by " + reward +
         " up to n = " + shown_count(record["best_of_n_recommendation"]["largest_n"].value()) + ".";
}

}  // namespace

Page evaluation_page(Reader record) {
  Page page;
  page.title = "How low may the temperature go?";
  page.question = page.title;
  const std::vector<EvaluatedReward> rewards = rewards_of(record);
  if (rewards.empty()) {
    page.answer = "This record holds no evaluated reward.";
    return page;
  }
  const EvaluatedReward& first = rewards.front();
  const Reader advice = first.reward["advice"];
  page.answer = answer_text(first) + best_of_n_answer(record);
  page.reason = advice["verdict"].text();
  if (record["target"].exists()) page.reason += " " + record["target"]["verdict"].text();
  const Reader gain = advice["gain"];
  const double error = gain["standard_error"].value();
  const double expected = gain["value"].value();
  page.facts = {
      {"expected gain",
       gain.exists() ? shown_interval(expected, gain["interval"][0].number_or(expected - 2 * error),
                                      gain["interval"][1].number_or(expected + 2 * error))
                     : "none that can be told"},
      {"held-out correlation", shown(first.reward["correlation"].value())},
      {"rows", shown_count(record["rows"].value())},
      {"reward's standard deviation", shown(record["reward_sd"].value())}};
  const Reader labels = record["recommendation"]["labels_to_halve"];
  if (labels.exists()) page.facts.emplace_back("labels that halve it", shown_count(labels.value()));
  if (first.grouped) page.facts.emplace_back("groups", shown_count(record["groups"].value()));
  add_chart(page, value_chart(first, kWords), "No policy could be valued.");
  add_chart(page, gain_chart(rewards), "");
  // Older records have none.
  if (first.reward["best_of_n"].size() > 0) {
    add_chart(page, candidates_chart(rewards, kWords, best_of_n_reward(record)), "");
  }
  add_chart(page, promise_chart(first, kWords), "");
  add_chart(page, rows_chart(first, record["rows"].value()), "");
  add_held_out_chart(page, record["held_out"]);
  for (const EvaluatedReward& evaluated : rewards) page.tables.push_back(policy_table(evaluated));
  add_texts(page, record["data_remarks"]);
  add_texts(page, record["remarks"]);
  return page;
}

Headline evaluation_headline(Reader record) {
  const std::vector<EvaluatedReward> rewards = rewards_of(record);
  Headline headline;
  headline.chart = {.id = "comparison",
                    .title = "",
                    .caption =
                        "True reward under the policy less that of the reference, on rows "
                        "that the reward has not seen; of each run the recommended "
                        "reward. Bands: nominal 95 % intervals; hollow points: few rows, "
                        "or heavy tails, behind them.",
                    .x = {quantity::kKl, AxisScale::square_root},
                    .y = {quantity::kRise},
                    .rules = {{0, "reference policy", true}}};
  if (rewards.empty()) return headline;
  const EvaluatedReward& first = rewards.front();
  for (std::size_t i = 0; i < first.policies().size(); ++i) {
    const Reader policy = first.policies()[i];
    add_point(headline.series, policy["kl"]["value"].value(), policy["rise"], policy_note(policy),
              !policy["reliable"].is_true());
  }
  const Reader advice = first.reward["advice"];
  const Reader gain = advice["gain"];
  headline.facts = {
      {"weights", first.reward["name"].text()},
      {"advised \u03b2", shown(advice["recommended_beta"].value())},
      {"expected gain", shown_interval(gain["value"].value(), gain["interval"][0].value(),
                                       gain["interval"][1].value())},
      {"held-out correlation", shown(first.reward["correlation"].value())},
      {"rows", shown_count(record["rows"].value())}};
  return headline;
}

}  // namespace esscher::internal
