#include "esscher/record/audit_record.h"

#include <cstddef>
#include <utility>

#include "record/policy_json.h"
#include "record/record_json.h"

namespace esscher {
namespace {

using internal::interval_json;
using internal::Json;
using internal::number_json;
using internal::or_null;
using internal::PolicyJson;

Json calibration_json(const ProxyCalibration& calibration, const PolicyJson& told) {
  Json curve = Json::array();
  for (const CalibrationPoint& point : calibration.curve) {
    curve.push_back({{"proxy", point.proxy},
                     {"gold", told.estimate(point.gold)},
                     {"isotonic", point.isotonic},
                     {"rows", point.rows}});
  }
  return {{"correlation", calibration.correlation},
          {"slope", told.estimate(calibration.slope)},
          {"tied", calibration.tied},
          {"curve", std::move(curve)}};
}

Json proxy_json(const ProxyAudit& proxy, double gold_sd, const PolicyJson& told) {
  Json policies = Json::array();
  for (std::size_t b = 0; b < proxy.policies.size(); ++b) {
    Json policy = told.policy(proxy.policies[b], gold_sd / proxy.unit);
    policy["price"] = proxy.policies[b].beta * proxy.unit;
    policy["gain"]["simultaneous_interval"] = interval_json(proxy.gains[b]);
    policies.push_back(std::move(policy));
  }
  Json choices = told.choices(proxy.best_of_n, proxy.best_of_n_gains);
  told.add_labelled(policies, choices, proxy.of_labelled);
  return {{"name", proxy.name},
          {"correlation", proxy.calibration.correlation},
          {"unit", proxy.unit},
          {"sd", proxy.sd},
          {"calibration", calibration_json(proxy.calibration, told)},
          {"policies", std::move(policies)},
          {"advice", told.advice(proxy.advice)},
          {"best_of_n", std::move(choices)},
          {"best_of_n_advice", told.advice(proxy.best_of_n_advice)},
          {"best_of_n_forecast", internal::forecast_json(proxy.best_of_n_forecast)}};
}

Json trained_json(const PolicyAudit& policy, const PolicyJson& told) {
  const TablePolicyValue& value = policy.value;
  Json rise = told.estimate(value.rise);
  rise["simultaneous_interval"] = interval_json(policy.rise);
  return {{"name", policy.name},
          {"gold", told.estimate(value.value)},
          {"rise", std::move(rise)},
          {"kl", told.estimate(value.kl)},
          {"worth", or_null(policy.worth)},
          {"mean_ratio", told.estimate(policy.mean_ratio)},
          {"ess", value.ess},
          {"pareto_k", number_json(value.weights.pareto_k)},
          {"reliable", value.reliable},
          {"remark", value.remark}};
}

/// null where no tilt is supported.
Json recommendation_json(const TableAudit& audit, const PolicyJson& told) {
  if (!audit.recommended) return {};
  const ProxyAudit& proxy = audit.proxies[*audit.recommended];
  const double beta = *proxy.advice.recommended;
  return {{"proxy", proxy.name},
          {"beta", beta},
          {"beta_sd", beta * proxy.unit / audit.gold_sd},
          {"price", beta * proxy.unit},
          {"gain", told.advised_gain(*proxy.advice.gain)},
          {"told_by_labelled_rows", proxy.advice.of_labelled},
          {"labels_to_halve", or_null(proxy.advice.labels_to_halve)}};
}

Json best_of_n_recommendation_json(const TableAudit& audit, const PolicyJson& told) {
  if (!audit.recommended_best_of_n) return {};
  const ProxyAudit& proxy = audit.proxies[*audit.recommended_best_of_n];
  return {{"proxy", proxy.name},
          {"n", *proxy.best_of_n_advice.recommended},
          {"largest_n", *proxy.best_of_n_advice.largest},
          {"gain", told.advised_gain(*proxy.best_of_n_advice.gain)},
          {"told_by_labelled_rows", proxy.best_of_n_advice.of_labelled}};
}

}  // namespace

std::string audit_record(const TableAudit& audit, const TableFacts& facts, const RunRecord& run) {
  const PolicyJson told(run);
  Json rewards = Json::array();
  for (const ProxyAudit& proxy : audit.proxies) {
    rewards.push_back(proxy_json(proxy, audit.gold_sd, told));
  }
  Json policies = Json::array();
  for (const PolicyAudit& policy : audit.policies) policies.push_back(trained_json(policy, told));
  Json json{{"options", internal::options_json(run)},
            {"rows", audit.rows},
            {"reference_rows", facts.reference_rows},
            {"known", audit.known},
            {"groups", facts.groups},
            {"reward_sd", audit.gold_sd},
            {"recommendation", recommendation_json(audit, told)},
            {"best_of_n_recommendation", best_of_n_recommendation_json(audit, told)},
            {"target", internal::target_json(audit.target)},
            {"rewards", std::move(rewards)},
            {"policies", std::move(policies)},
            {"data_remarks", facts.remarks},
            {"remarks", audit.remarks}};
  return internal::record_text(RecordKind::audit, std::move(json), run);
}

}  // namespace esscher
