#include "evaluation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/csv_line.h"
#include "common/policy_text.h"
#include "common/text.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/record/evaluation_record.h"
#include "pair_report.h"

namespace esscher::app {
namespace {

/// "0.1", or "0.1 to 0.3" where they differ in so many digits.
std::string range_text(const std::vector<double>& values, int digits = 3) {
  const auto [least, greatest] = std::ranges::minmax(values);
  const std::string low = number_text(least, digits);
  const std::string high = number_text(greatest, digits);
  return low == high ? low : low + " to " + high;
}

/// What the fits settled of what was left open.
std::string training_text(const std::vector<FoldTraining>& folds) {
  std::vector<double> rows;
  std::vector<double> landmarks;
  std::vector<double> rounds;
  std::vector<double> explained;
  std::vector<double> penalties;
  std::vector<double> linear_penalties;
  for (const FoldTraining& fold : folds) {
    rows.push_back(static_cast<double>(fold.rows));
    landmarks.push_back(static_cast<double>(fold.landmarks));
    rounds.push_back(static_cast<double>(fold.round));
    explained.push_back(1 - fold.held_out_error);
    penalties.push_back(fold.penalty);
    linear_penalties.push_back(fold.linear_penalty);
  }
  return fmt::format(
      "fitted {} times, to {} rows: features on {} rows, by {} rounds of gradient products, R2 {} "
      "on rows that they had not seen; lambda = {} for equal weights; linear ridge: lambda = {}",
      folds.size(), range_text(rows, 15), range_text(landmarks, 15), range_text(rounds),
      range_text(explained), range_text(penalties), range_text(linear_penalties));
}

/// The middle one of the folds' weight temperatures.
std::optional<double> median_weight_temperature(const RewardEvaluation& reward, std::size_t b) {
  if (reward.weight_temperatures.empty()) return std::nullopt;
  std::vector<double> values = reward.weight_temperatures[b];
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::string weights_text(const RewardEvaluation& reward, std::size_t b, double sd) {
  const std::optional<double> temperature = median_weight_temperature(reward, b);
  if (!temperature) return "-";
  return std::isfinite(*temperature) ? fmt::format("{:.3g}", *temperature / sd) : "equal";
}

/// "  0.71", a column of shares of what noise-free rewards would gain; nothing where that is open.
std::string noise_free_text(const TableEvaluation& evaluation, std::size_t b, double gain) {
  if (evaluation.noise_free_gain.empty()) return "";
  const auto share = efficiency(gain, evaluation.noise_free_gain[b]);
  return fmt::format(" {:>5}", share ? fmt::format("{:.2f}", *share) : "-");
}

std::string table(const RewardEvaluation& reward, const TableEvaluation& evaluation, double sd,
                  Told told) {
  std::string text = fmt::format(
      "\n{} (held-out correlation {:.3f})\n  {:>9} {:>7} {:>9} {:>8} {:>9} {:>8} {:>9} "
      "{:<20} {:>5}{} {:>7}{:>7} {:>5}\n",
      reward.name, reward.correlation, "beta", "beta/sd", told.gold(), "+-", "proxy", "KL", "gain",
      "95 %", "eff.", evaluation.noise_free_gain.empty() ? "" : "  true", "b_w/sd", "ESS", "k");
  for (std::size_t b = 0; b < reward.policies.size(); ++b) {
    const TablePolicyValue& policy = reward.policies[b];
    const auto share = efficiency(policy.gain.value, evaluation.attainable_gain[b]);
    text += fmt::format(
        "{} {:>9.4g} {:>7.3g} {:>9.4g} {:>8} {:>9.4g} {:>8.3g} {:>9.4g} "
        "{:<20} {:>5}{} {:>7}{:>7.0f} {:>5}\n",
        policy.reliable ? " " : "!", policy.beta, policy.beta / sd, told.gold(policy).value,
        or_dash(told.gold(policy).standard_error, 2), told.proxy(policy), policy.kl.value,
        policy.gain.value, interval_text(low(policy.gain), high(policy.gain)),
        share ? fmt::format("{:.2f}", *share) : "-",
        noise_free_text(evaluation, b, policy.gain.value), weights_text(reward, b, sd), policy.ess,
        std::isfinite(policy.weights.pareto_k) ? fmt::format("{:.2f}", policy.weights.pareto_k)
                                               : "-");
  }
  return text + labelled_text(reward.of_labelled) + paragraph(reward.advice.verdict);
}

std::string best_of_n_sentence(const TableEvaluation& evaluation) {
  if (!evaluation.recommended_best_of_n) return " Best-of-n: by none of them.";
  const RewardEvaluation& reward = evaluation.rewards[*evaluation.recommended_best_of_n];
  const BestOfNAdvice& advice = reward.best_of_n_advice;
  return fmt::format(
      " Best-of-n: by {}{}, the best of {:.4g}, with a gain of at least {:.3g} (estimate "
      "{:.3g}{}), "
      "and safe up to {:.4g}.",
      reward.name,
      reward.policies.size() > 1
          ? fmt::format(", as fitted for beta {:.4g}", reward.policies.front().beta)
          : "",
      *advice.recommended, advice.gain->interval->low, advice.gain->value,
      by_labelled_text(advice.of_labelled), *advice.largest);
}

/// What to deploy, in a sentence or two.
std::string recommendation_text(const TableEvaluation& evaluation, double sd) {
  const std::string choice = best_of_n_sentence(evaluation);
  if (!evaluation.recommended) {
    return "Recommendation: no tilt. No policy of any reward here has a gain that can be told from "
           "zero." +
           choice;
  }
  const RewardEvaluation& reward = evaluation.rewards[*evaluation.recommended];
  const DeploymentAdvice& advice = reward.advice;
  std::size_t policies = 0;
  for (const RewardEvaluation& each : evaluation.rewards) policies += each.policies.size();
  std::string text = fmt::format(
      "Recommendation: {} at beta {:.4g} ({:.3g} sd), with a gain of at least {:.3g} over the "
      "reference, KL counted (estimate {:.3g}{}; lower ends hold for all {} policies here at "
      "once).",
      reward.name, *advice.recommended, *advice.recommended / sd, advice.gain->interval->low,
      advice.gain->value, by_labelled_text(advice.of_labelled), policies);
  if (advice.labels_to_halve) {
    text += fmt::format(
        " Some {} more labels, of rows drawn from that policy ('esscher resample') and averaged "
        "apart from this table (in it they would be no random draw), would halve the interval.",
        *advice.labels_to_halve);
  }
  return text + choice;
}

/// What the user's own folds are, and how the reward does in each.
std::string own_folds_text(const std::vector<FoldTraining>& folds) {
  std::string text;
  for (const FoldTraining& fold : folds) {
    text += fmt::format("{}{} ({}, {:.2f})", text.empty() ? "" : ", ", in_quotes(fold.name),
                        counted(fold.held_out, "row"), fold.correlation);
  }
  return "folds, with the held-out correlation in each: " + text;
}

}  // namespace

std::string evaluation_report(const TableEvaluation& evaluation, const Dataset& dataset,
                              double sd) {
  std::string text = fmt::format(
      "{}{}, {}; reward's standard deviation {:.4g}, mean under the reference {:.4g}\n",
      counted(dataset.rewards.size(), "row"),
      (dataset.groups.empty() ? "" : " in " + counted(dataset.group_names.size(), "group")) +
          (dataset.clusters.empty() ? "" : " in " + counted(dataset.cluster_count, "cluster")),
      counted(dataset.feature_names.size(), "feature"), sd,
      evaluation.rewards.front().policies.front().reference.value);
  if (evaluation.reference_rows > 0) {
    text += paragraph(fmt::format(
        "and {} more of the reference{}{}: policies go over all of them; what their rewards are is "
        "predicted, by fits that have not seen them, and corrected by the rows that have one.{}",
        counted(evaluation.reference_rows, "row"),
        evaluation.reference_groups > 0
            ? ", in " + counted(evaluation.reference_groups, "further group")
            : "",
        evaluation.reference_copies > 0
            ? fmt::format(", {} of them candidates that have a reward", evaluation.reference_copies)
            : "",
        evaluation.rewards.front().of_labelled.policies.empty()
            ? ""
            : " These rows tell of policies by themselves, too; advice goes by what promises more, "
              "and the intervals of both hold at once."));
  }
  for (const std::string& remark : dataset.remarks) text += paragraph(remark);
  if (evaluation.replicates) text += paragraph(evaluation.replicates->text());
  if (evaluation.preferences) {
    text += paragraph("learned from the order within groups: " + evaluation.preferences->text());
    for (const RewardEvaluation& reward : evaluation.rewards) {
      if (!reward.preferences) continue;
      text += paragraph(reward.name + ": " + accuracy_text(*reward.preferences));
    }
  }
  text += paragraph(training_text(evaluation.folds));
  if (!dataset.folds.empty()) text += paragraph(own_folds_text(evaluation.folds));
  text += "\n" + paragraph(recommendation_text(evaluation, sd));
  if (evaluation.target) text += "\n" + paragraph(evaluation.target->verdict);
  const Told told{!dataset.groups.empty()};
  for (const RewardEvaluation& reward : evaluation.rewards) {
    text += table(reward, evaluation, sd, told);
  }
  const RewardEvaluation& chooser =
      evaluation.rewards[evaluation.recommended_best_of_n.value_or(0)];
  text += "\n" + chooser.name + ", best of n\n" +
          best_of_n_text(chooser.best_of_n, chooser.best_of_n_gains, told) +
          labelled_best_of_n_text(chooser.of_labelled) +
          paragraph(chooser.best_of_n_advice.verdict) +
          paragraph(forecast_text(chooser.best_of_n_forecast)) + "\n";
  const std::string values =
      told.grouped
          ? "rise: mean reward under the policy less that under the reference, on rows its "
            "reward has not seen; proxy: the rise that the learned reward claims; "
          : "gold: mean reward under the policy, on rows its reward has not seen; proxy: "
            "what the learned reward says there; ";
  text += paragraph(
      values +
      "gain: J - J(reference), J = gold - beta KL, its interval of one policy by itself (ends in "
      "the "
      "verdict hold for all at once and lie farther out); eff.: share of the gain of a policy that "
      "knows "
      "every reward; b_w: temperature of the readout's weights, for auto the lowest in its mean; "
      "ESS and k: effective rows, or clusters, and Pareto k of the tilt; n: candidates of which "
      "the best by the "
      "learned reward is taken, its gain without KL, all at once: for all n and rewards; !: few "
      "effective rows, or a heavy tail: not to be relied on by itself.");
  if (!evaluation.noise_free_gain.empty()) {
    text += paragraph(fmt::format(
        "true: share of the gain of a policy that knows every reward without the labels' noise of "
        "{:.3g} (standard deviation of one label), by draws of such rewards given the labels; "
        "the noise is taken to be normal and of one size.",
        evaluation.label_noise));
  }
  for (const std::string& remark : evaluation.remarks) text += paragraph(remark);
  return text;
}

std::string evaluation_csv(const TableEvaluation& evaluation, double sd) {
  std::string text =
      "reward,beta,beta_sd,gold,gold_se,rise,rise_se,proxy,proxy_se,kl,kl_se,gain,gain_low,"
      "gain_high,attainable_gain,over_optimisation,over_optimisation_se,ess,pareto_k,reliable,"
      "weight_temperature,best_of_n,best_of_n_gold,best_of_n_gold_se,noise_free_gain\n";
  for (const RewardEvaluation& reward : evaluation.rewards) {
    for (std::size_t b = 0; b < reward.policies.size(); ++b) {
      const TablePolicyValue& policy = reward.policies[b];
      CsvLine line;
      line.add(reward.name);
      for (const double value :
           {policy.beta, policy.beta / sd, policy.value.value, policy.value.standard_error,
            policy.rise.value, policy.rise.standard_error, policy.proxy.value,
            policy.proxy.standard_error, policy.kl.value, policy.kl.standard_error,
            policy.gain.value, low(policy.gain), high(policy.gain), evaluation.attainable_gain[b],
            policy.over_optimisation.value, policy.over_optimisation.standard_error, policy.ess,
            policy.weights.pareto_k}) {
        line.add(value);
      }
      line.add(std::string(policy.reliable ? "1" : "0"));
      line.add(median_weight_temperature(reward, b));
      const BestOfNValue& best = reward.equal_kl[b];
      for (const double value : {best.n, best.value.value, best.value.standard_error}) {
        line.add(value);
      }
      line.add(evaluation.noise_free_gain.empty() ? std::optional<double>()
                                                  : evaluation.noise_free_gain[b]);
      text += line.text();
    }
  }
  return text;
}

}  // namespace esscher::app
