#include <optional>
#include <utility>

#include "common/held_out_json.h"
#include "common/json_text.h"
#include "common/policy_json.h"
#include "evaluation_report.h"
#include "pair_report.h"

namespace esscher::app {
namespace {

/// null where no tilt is supported.
Json recommendation_json(const TableEvaluation& evaluation, double sd) {
  if (!evaluation.recommended) return {};
  const RewardEvaluation& reward = evaluation.rewards[*evaluation.recommended];
  const DeploymentAdvice& advice = reward.advice;
  return {{"weights", reward.name},
          {"beta", *advice.recommended},
          {"beta_sd", *advice.recommended / sd},
          {"gain", advised_gain_json(*advice.gain)},
          {"labels_to_halve", or_null(advice.labels_to_halve)}};
}

Json best_of_n_recommendation_json(const TableEvaluation& evaluation) {
  if (!evaluation.recommended_best_of_n) return {};
  const RewardEvaluation& reward = evaluation.rewards[*evaluation.recommended_best_of_n];
  return {{"weights", reward.name},
          {"beta", reward.policies.front().beta},
          {"n", *reward.best_of_n_advice.recommended},
          {"largest_n", *reward.best_of_n_advice.largest},
          {"gain", advised_gain_json(*reward.best_of_n_advice.gain)}};
}

Json single_column_json(const std::optional<SingleColumn>& column) {
  if (!column) return {};
  return {{"name", column->name}, {"correlation", column->correlation}, {"share", column->share}};
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
      const double attainable = evaluation.attainable_gain[b];
      Json policy = policy_json(reward.policies[b], sd);
      policy["attainable_gain"] = attainable;
      policy["efficiency"] = or_null(efficiency(reward.policies[b].gain.value, attainable));
      if (!evaluation.noise_free_gain.empty()) {
        const double noise_free = evaluation.noise_free_gain[b];
        policy["noise_free_gain"] = noise_free;
        policy["noise_free_efficiency"] =
            or_null(efficiency(reward.policies[b].gain.value, noise_free));
      }
      policy["best_of_n"] = best_of_n_json(reward.equal_kl[b]);
      policy["gain"]["simultaneous_interval"] = interval_json(reward.gains[b]);
      if (!reward.weight_temperatures.empty()) {
        Json folds = Json::array();
        for (const double t : reward.weight_temperatures[b]) folds.push_back(number_json(t));
        policy["weight_temperatures"] = folds;
      }
      policies.push_back(std::move(policy));
    }
    rewards.push_back(
        {{"name", reward.name},
         {"correlation", reward.correlation},
         {"preferences", reward.preferences ? quality_json(*reward.preferences) : Json()},
         {"policies", policies},
         {"advice", advice_json(reward.advice)},
         {"best_of_n", choices_json(reward.best_of_n, reward.best_of_n_gains)},
         {"best_of_n_advice", advice_json(reward.best_of_n_advice)},
         {"best_of_n_forecast", forecast_json(reward.best_of_n_forecast)}});
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
               {"reference_rows", evaluation.reference_rows},
               {"reference_copies", evaluation.reference_copies},
               {"reference_groups", evaluation.reference_groups},
               {"groups", dataset.group_names.size()},
               {"clusters", dataset.cluster_count},
               {"features", dataset.feature_names},
               {"reward_sd", sd},
               {"folds", folds},
               {"recommendation", recommendation_json(evaluation, sd)},
               {"best_of_n_recommendation", best_of_n_recommendation_json(evaluation)},
               {"target", target_json(evaluation.target)},
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
