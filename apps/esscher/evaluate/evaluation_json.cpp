#include <cmath>
#include <optional>
#include <utility>

#include "common/held_out_json.h"
#include "common/json_text.h"
#include "evaluation_report.h"
#include "pair_report.h"

namespace esscher::app {
namespace {

Json estimate_json(const Estimate& estimate) {
  return {{"value", estimate.value}, {"standard_error", estimate.standard_error}};
}

Json estimate_json(const TableEstimate& estimate) {
  Json json = estimate_json(static_cast<const Estimate&>(estimate));
  if (estimate.interval) json["interval"] = {estimate.interval->low, estimate.interval->high};
  return json;
}

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json policy_json(const TablePolicyValue& policy, double sd, double attainable) {
  return {{"beta", policy.beta},
          {"beta_sd", policy.beta / sd},
          {"gold", estimate_json(policy.value)},
          {"proxy", estimate_json(policy.proxy)},
          {"kl", estimate_json(policy.kl)},
          {"objective", estimate_json(policy.objective)},
          {"reference", estimate_json(policy.reference)},
          {"rise", estimate_json(policy.rise)},
          {"gain", estimate_json(policy.gain)},
          {"attainable_gain", attainable},
          {"efficiency", or_null(efficiency(policy.gain.value, attainable))},
          {"over_optimisation", estimate_json(policy.over_optimisation)},
          {"ess", policy.ess},
          {"least_ess", policy.least_ess},
          {"pareto_k", finite(policy.weights.pareto_k)},
          {"pareto_k_threshold", finite(policy.weights.pareto_k_threshold)},
          {"reliable", policy.reliable},
          {"remark", policy.remark}};
}

Json best_of_n_json(const BestOfNValue& best) {
  return {{"n", best.n},
          {"gold", estimate_json(best.value)},
          {"proxy", estimate_json(best.proxy)},
          {"kl", estimate_json(best.kl)},
          {"gain", estimate_json(best.gain)},
          {"ess", best.ess},
          {"reliable", best.reliable},
          {"remark", best.remark}};
}

Json interval_json(const Interval& interval) {
  return {finite(interval.low), finite(interval.high)};
}

/// null where no tilt is supported.
Json recommendation_json(const TableEvaluation& evaluation, double sd) {
  if (!evaluation.recommended) return {};
  const RewardEvaluation& reward = evaluation.rewards[*evaluation.recommended];
  const DeploymentAdvice& advice = reward.advice;
  return {{"weights", reward.name},
          {"beta", *advice.recommended},
          {"beta_sd", *advice.recommended / sd},
          {"gain",
           {{"value", advice.gain->value},
            {"standard_error", advice.gain->standard_error},
            {"interval", interval_json(*advice.gain->interval)}}},
          {"labels_to_halve", or_null(advice.labels_to_halve)}};
}

Json single_column_json(const std::optional<SingleColumn>& column) {
  if (!column) return {};
  return {{"name", column->name}, {"correlation", column->correlation}, {"share", column->share}};
}

Json advice_json(const DeploymentAdvice& advice) {
  Json json{{"verdict", advice.verdict},
            {"limit", advice_limit_name(advice.limit)},
            {"recommended_beta", or_null(advice.recommended)},
            {"admissible", Json()}};
  if (advice.admissible) {
    json["admissible"] = {{"low", advice.admissible->low},
                          {"high", advice.admissible->high},
                          {"low_excluded", or_null(advice.admissible->low_excluded)},
                          {"high_excluded", or_null(advice.admissible->high_excluded)}};
  }
  if (advice.gain) {
    json["gain"] = estimate_json(static_cast<const Estimate&>(*advice.gain));
    json["gain"]["interval"] = interval_json(*advice.gain->interval);
  }
  return json;
}

}  // namespace

std::string evaluation_json(const TableEvaluation& evaluation, const Dataset& dataset, double sd,
                            const Settings& settings, const std::string& data) {
  Json options{{"data", data}};
  for (const Setting& setting : settings.table()) options[setting.name] = setting.value;
  Json rewards = Json::array();
  for (const RewardEvaluation& reward : evaluation.rewards) {
    Json policies = Json::array();
    for (std::size_t b = 0; b < reward.policies.size(); ++b) {
      Json policy = policy_json(reward.policies[b], sd, evaluation.attainable_gain[b]);
      if (!evaluation.noise_free_gain.empty()) {
        const double noise_free = evaluation.noise_free_gain[b];
        policy["noise_free_gain"] = noise_free;
        policy["noise_free_efficiency"] =
            or_null(efficiency(reward.policies[b].gain.value, noise_free));
      }
      policy["best_of_n"] = best_of_n_json(reward.best_of_n[b]);
      policy["gain"]["simultaneous_interval"] = interval_json(reward.gains[b]);
      if (!reward.weight_temperatures.empty()) {
        Json folds = Json::array();
        for (const double t : reward.weight_temperatures[b]) folds.push_back(finite(t));
        policy["weight_temperatures"] = folds;
      }
      policies.push_back(std::move(policy));
    }
    rewards.push_back(
        {{"name", reward.name},
         {"correlation", reward.correlation},
         {"preferences", reward.preferences ? quality_json(*reward.preferences) : Json()},
         {"policies", policies},
         {"advice", advice_json(reward.advice)}});
  }
  Json folds = Json::array();
  for (const FoldTraining& fold : evaluation.folds) {
    folds.push_back({{"rows", fold.rows},
                     {"landmarks", fold.landmarks},
                     {"round", fold.round},
                     {"held_out_error", fold.held_out_error},
                     {"penalty", fold.penalty},
                     {"linear_penalty", fold.linear_penalty},
                     {"name", fold.name.empty() ? Json() : Json(fold.name)},
                     {"held_out_rows", fold.held_out},
                     {"held_out_correlation", fold.correlation},
                     {"reward_sd", fold.reward_sd}});
  }
  Json json = record_json(RecordKind::evaluate, settings.command({"esscher", "evaluate", data}));
  json.update({{"options", options},
               {"rows", dataset.rewards.size()},
               {"groups", dataset.group_names.size()},
               {"clusters", dataset.cluster_count},
               {"features", dataset.feature_names},
               {"reward_sd", sd},
               {"folds", folds},
               {"recommendation", recommendation_json(evaluation, sd)},
               {"rewards", rewards},
               {"held_out", held_out_json(evaluation.held_out, !dataset.groups.empty())},
               {"replicates", replicates_json(evaluation.replicates)},
               {"preferences", counts_json(evaluation.preferences)},
               {"label_noise", evaluation.label_noise > 0 ? Json(evaluation.label_noise) : Json()},
               {"single_column", single_column_json(evaluation.single_column)},
               {"data_remarks", dataset.remarks},
               {"remarks", evaluation.remarks}});
  return json_text(json);
}

}  // namespace esscher::app
