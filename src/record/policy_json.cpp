#include "record/policy_json.h"

#include <cstddef>
#include <utility>

namespace esscher::internal {
namespace {

Json value_json(const Estimate& found) {
  return {{"value", number_json(found.value)},
          {"standard_error", number_json(found.standard_error)}};
}

void add_ends(Json& json, const Interval& interval) {
  json["low"] = number_json(interval.low);
  json["high"] = number_json(interval.high);
}

}  // namespace

Json interval_json(const Interval& interval) {
  return {number_json(interval.low), number_json(interval.high)};
}

Json PolicyJson::estimate(const Estimate& found) const {
  Json json = value_json(found);
  if (detailed_) {
    const double half = found.half_width();
    add_ends(json, {found.value - half, found.value + half});
  }
  return json;
}

Json PolicyJson::estimate(const TableEstimate& found) const {
  if (!found.interval) return estimate(static_cast<const Estimate&>(found));
  Json json = value_json(found);
  json["interval"] = {found.interval->low, found.interval->high};
  if (detailed_) add_ends(json, *found.interval);
  return json;
}

Json PolicyJson::advised_gain(const TableEstimate& gain) const {
  Json json = value_json(gain);
  json["interval"] = interval_json(*gain.interval);
  if (detailed_) add_ends(json, *gain.interval);
  return json;
}

Json PolicyJson::policy(const TablePolicyValue& value, double sd) const {
  return {{"beta", value.beta},
          {"beta_sd", value.beta / sd},
          {"gold", estimate(value.value)},
          {"proxy", estimate(value.proxy)},
          {"kl", estimate(value.kl)},
          {"objective", estimate(value.objective)},
          {"reference", estimate(value.reference)},
          {"rise", estimate(value.rise)},
          {"gain", estimate(value.gain)},
          {"over_optimisation", estimate(value.over_optimisation)},
          {"ess", value.ess},
          {"least_ess", value.least_ess},
          {"pareto_k", number_json(value.weights.pareto_k)},
          {"pareto_k_threshold", number_json(value.weights.pareto_k_threshold)},
          {"coverage", value.coverage},
          {"beyond", value.beyond},
          {"reliable", value.reliable},
          {"remark", value.remark}};
}

Json PolicyJson::best_of_n(const BestOfNValue& best) const {
  return {{"n", best.n},
          {"gold", estimate(best.value)},
          {"proxy", estimate(best.proxy)},
          {"kl", estimate(best.kl)},
          {"gain", estimate(best.gain)},
          {"ess", best.ess},
          {"coverage", best.coverage},
          {"beyond", best.beyond},
          {"reliable", best.reliable},
          {"remark", best.remark}};
}

Json PolicyJson::choices(const std::vector<BestOfNValue>& all,
                         const std::vector<Interval>& gains) const {
  Json list = Json::array();
  for (std::size_t k = 0; k < all.size(); ++k) {
    Json choice = best_of_n(all[k]);
    choice["gain"]["simultaneous_interval"] = interval_json(gains[k]);
    list.push_back(std::move(choice));
  }
  return list;
}

void PolicyJson::add_labelled(Json& policies, Json& choices, const ToldByLabelled& labelled) const {
  const auto add = [&](Json& told, const auto& policy, const Interval& gain) {
    Json alone{{"gain", estimate(policy.gain)}, {"ess", policy.ess}};
    alone["gain"]["simultaneous_interval"] = interval_json(gain);
    told["labelled_rows"] = std::move(alone);
  };
  for (std::size_t b = 0; b < labelled.policies.size(); ++b) {
    add(policies[b], labelled.policies[b], labelled.gains[b]);
  }
  for (std::size_t k = 0; k < labelled.best_of_n.size(); ++k) {
    add(choices[k], labelled.best_of_n[k], labelled.best_of_n_gains[k]);
  }
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
          {"curves", std::move(curves)},
          {"points", std::move(points)}};
}

Json PolicyJson::advice(const DeploymentAdvice& given) const {
  Json json{{"verdict", given.verdict},
            {"limit", advice_limit_name(given.limit)},
            {"recommended_beta", or_null(given.recommended)},
            {"told_by_labelled_rows", given.of_labelled},
            {"admissible", Json()}};
  if (given.admissible) {
    json["admissible"] = {{"low", given.admissible->low},
                          {"high", given.admissible->high},
                          {"low_excluded", or_null(given.admissible->low_excluded)},
                          {"high_excluded", or_null(given.admissible->high_excluded)}};
  }
  if (given.gain) json["gain"] = advised_gain(*given.gain);
  if (detailed_) json["labels_to_halve"] = or_null(given.labels_to_halve);
  return json;
}

Json PolicyJson::advice(const BestOfNAdvice& given) const {
  Json json{{"verdict", given.verdict},
            {"limit", advice_limit_name(given.limit)},
            {"recommended_n", or_null(given.recommended)},
            {"told_by_labelled_rows", given.of_labelled},
            {"largest_n", or_null(given.largest)},
            {"largest_n_excluded", or_null(given.largest_excluded)}};
  if (given.gain) json["gain"] = advised_gain(*given.gain);
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
          {"reached", std::move(reached)},
          {"verdict", answer->verdict}};
}

}  // namespace esscher::internal
