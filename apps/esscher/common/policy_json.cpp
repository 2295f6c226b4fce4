#include "policy_json.h"

#include <cmath>
#include <utility>

namespace esscher::app {

Json number_json(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json estimate_json(const Estimate& estimate) {
  return {{"value", number_json(estimate.value)},
          {"standard_error", number_json(estimate.standard_error)}};
}

Json estimate_json(const TableEstimate& estimate) {
  Json json = estimate_json(static_cast<const Estimate&>(estimate));
  if (estimate.interval) json["interval"] = {estimate.interval->low, estimate.interval->high};
  return json;
}

Json interval_json(const Interval& interval) {
  return {number_json(interval.low), number_json(interval.high)};
}

Json advised_gain_json(const TableEstimate& gain) {
  Json json = estimate_json(static_cast<const Estimate&>(gain));
  json["interval"] = interval_json(*gain.interval);
  return json;
}

Json policy_json(const TablePolicyValue& policy, double sd) {
  return {{"beta", policy.beta},
          {"beta_sd", policy.beta / sd},
          {"gold", estimate_json(policy.value)},
          {"proxy", estimate_json(policy.proxy)},
          {"kl", estimate_json(policy.kl)},
          {"objective", estimate_json(policy.objective)},
          {"reference", estimate_json(policy.reference)},
          {"rise", estimate_json(policy.rise)},
          {"gain", estimate_json(policy.gain)},
          {"over_optimisation", estimate_json(policy.over_optimisation)},
          {"ess", policy.ess},
          {"least_ess", policy.least_ess},
          {"pareto_k", number_json(policy.weights.pareto_k)},
          {"pareto_k_threshold", number_json(policy.weights.pareto_k_threshold)},
          {"coverage", policy.coverage},
          {"beyond", policy.beyond},
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
          {"coverage", best.coverage},
          {"beyond", best.beyond},
          {"reliable", best.reliable},
          {"remark", best.remark}};
}

Json choices_json(const std::vector<BestOfNValue>& choices, const std::vector<Interval>& gains) {
  Json list = Json::array();
  for (std::size_t k = 0; k < choices.size(); ++k) {
    Json choice = best_of_n_json(choices[k]);
    choice["gain"]["simultaneous_interval"] = interval_json(gains[k]);
    list.push_back(std::move(choice));
  }
  return list;
}

Json forecast_json(const std::optional<Forecast>& forecast) {
  if (!forecast) return {};
  Json curves = Json::array();
  for (const ForecastCurve& curve : forecast->curves) {
    curves.push_back({{"form", curve.logarithmic ? "d (a - b log d)" : "d (a - b d)"},
                      {"a", curve.a},
                      {"b", curve.b},
                      {"turning_kl", or_null(curve.turning_kl())}});
  }
  Json points = Json::array();
  for (const double kl : forecast->shown_kl()) {
    points.push_back(
        {{"kl", kl}, {"n", equivalent_n(kl)}, {"interval", interval_json(forecast->rise(kl))}});
  }
  return {{"from_kl", forecast->from_kl},
          {"to_kl", forecast->to_kl},
          {"turning_kl", interval_json(forecast->turning_kl())},
          {"curves", curves},
          {"points", points}};
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
  if (advice.gain) json["gain"] = advised_gain_json(*advice.gain);
  return json;
}

Json advice_json(const BestOfNAdvice& advice) {
  Json json{{"verdict", advice.verdict},
            {"limit", advice_limit_name(advice.limit)},
            {"recommended_n", or_null(advice.recommended)},
            {"largest_n", or_null(advice.largest)},
            {"largest_n_excluded", or_null(advice.largest_excluded)}};
  if (advice.gain) json["gain"] = advised_gain_json(*advice.gain);
  return json;
}

Json target_json(const std::optional<TargetAnswer>& answer) {
  if (!answer) return {};
  Json reached = Json::array();
  for (const ReachingPolicy& policy : answer->reached) {
    Json each{{"name", policy.name}, {"value", policy.value}, {"low", policy.low}};
    if (policy.beta) each["beta"] = *policy.beta;
    if (policy.n) each["n"] = *policy.n;
    reached.push_back(std::move(each));
  }
  return {{"value", answer->target},
          {"policies", answer->policies},
          {"untold", answer->untold},
          {"reached", reached},
          {"verdict", answer->verdict}};
}

}  // namespace esscher::app
