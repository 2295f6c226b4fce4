#include "esscher/record/evaluation_record.h"

#include <cstddef>
#include <utility>

#include "record/held_out_json.h"
#include "record/policy_json.h"
#include "record/preference_json.h"
#include "record/record_json.h"

namespace esscher {
namespace {

using internal::interval_json;
using internal::Json;
using internal::number_json;
using internal::or_null;
using internal::PolicyJson;

/// null where no tilt is supported.
Json recommendation_json(const TableEvaluation& evaluation, double sd, const PolicyJson& told) {
  if (!evaluation.recommended) return {};
  const RewardEvaluation& reward = evaluation.rewards[*evaluation.recommended];
  const DeploymentAdvice& advice = reward.advice;
  return {{"weights", reward.name},
          {"beta", *advice.recommended},
          {"beta_sd", *advice.recommended / sd},
          {"gain", told.advised_gain(*advice.gain)},
          {"told_by_labelled_rows", advice.of_labelled},
          {"labels_to_halve", or_null(advice.labels_to_halve)}};
}

Json best_of_n_recommendation_json(const TableEvaluation& evaluation, const PolicyJson& told) {
  if (!evaluation.recommended_best_of_n) return {};
  const RewardEvaluation& reward = evaluation.rewards[*evaluation.recommended_best_of_n];
  return {{"weights", reward.name},
          {"beta", reward.policies.front().beta},
          {"n", *reward.best_of_n_advice.recommended},
          {"largest_n", *reward.best_of_n_advice.largest},
          {"gain", told.advised_gain(*reward.best_of_n_advice.gain)},
          {"told_by_labelled_rows", reward.best_of_n_advice.of_labelled}};
}

Json single_column_json(const std::optional<SingleColumn>& column) {
  if (!column) return {};
  return {{"name", column->name}, {"correlation", column->correlation}, {"share", column->share}};
}

Json reward_json(const RewardEvaluation& reward, const TableEvaluation& evaluation, double sd,
                 const PolicyJson& told) {
  Json policies = Json::array();
  for (std::size_t b = 0; b < reward.policies.size(); ++b) {
    const double attainable = evaluation.attainable_gain[b];
    Json policy = told.policy(reward.policies[b], sd);
    policy["attainable_gain"] = attainable;
    policy["efficiency"] = or_null(efficiency(reward.policies[b].gain.value, attainable));
    if (!evaluation.noise_free_gain.empty()) {
      const double noise_free = evaluation.noise_free_gain[b];
      policy["noise_free_gain"] = noise_free;
      policy["noise_free_efficiency"] =
          or_null(efficiency(reward.policies[b].gain.value, noise_free));
    }
    policy["best_of_n"] = told.best_of_n(reward.equal_kl[b]);
    policy["gain"]["simultaneous_interval"] = interval_json(reward.gains[b]);
    if (!reward.weight_temperatures.empty()) {
      Json folds = Json::array();
      for (const double t : reward.weight_temperatures[b]) folds.push_back(number_json(t));
      policy["weight_temperatures"] = folds;
    }
    policies.push_back(std::move(policy));
  }
  Json choices = told.choices(reward.best_of_n, reward.best_of_n_gains);
  told.add_labelled(policies, choices, reward.of_labelled);
  return {
      {"name", reward.name},
      {"correlation", reward.correlation},
      {"preferences", reward.preferences ? internal::quality_json(*reward.preferences) : Json()},
      {"policies", std::move(policies)},
      {"advice", told.advice(reward.advice)},
      {"best_of_n", std::move(choices)},
      {"best_of_n_advice", told.advice(reward.best_of_n_advice)},
      {"best_of_n_forecast", internal::forecast_json(reward.best_of_n_forecast)}};
}

Json folds_json(const std::vector<FoldTraining>& all) {
  Json folds = Json::array();
  for (const FoldTraining& fold : all) {
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
  return folds;
}

}  // namespace

std::optional<double> efficiency(double gain, double attainable) {
  if (!(attainable > 0)) return std::nullopt;
  return gain / attainable;
}

std::string evaluation_record(const TableEvaluation& evaluation, double sd, const TableFacts& facts,
                              const RunRecord& run) {
  const PolicyJson told(run);
  Json rewards = Json::array();
  for (const RewardEvaluation& reward : evaluation.rewards) {
    rewards.push_back(reward_json(reward, evaluation, sd, told));
  }
  Json json{{"options", internal::options_json(run)},
            {"rows", facts.rows},
            {"reference_rows", evaluation.reference_rows},
            {"reference_copies", evaluation.reference_copies},
            {"reference_groups", evaluation.reference_groups},
            {"groups", facts.groups},
            {"clusters", facts.clusters},
            {"features", facts.features},
            {"reward_sd", sd},
            {"folds", folds_json(evaluation.folds)},
            {"recommendation", recommendation_json(evaluation, sd, told)},
            {"best_of_n_recommendation", best_of_n_recommendation_json(evaluation, told)},
            {"target", internal::target_json(evaluation.target)},
            {"rewards", std::move(rewards)},
            {"held_out", internal::held_out_json(evaluation.held_out, facts.groups > 0)},
            {"replicates", internal::replicates_json(evaluation.replicates)},
            {"preferences", internal::counts_json(evaluation.preferences)},
            {"label_noise", evaluation.label_noise > 0 ? Json(evaluation.label_noise) : Json()},
            {"single_column", single_column_json(evaluation.single_column)},
            {"data_remarks", facts.remarks},
            {"remarks", evaluation.remarks}};
  return internal::record_text(RecordKind::evaluate, std::move(json), run);
}

}  // namespace esscher
