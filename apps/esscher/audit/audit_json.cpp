#include "audit_report.h"
#include "common/json_text.h"
#include "common/policy_json.h"

namespace esscher::app {
namespace {

Json calibration_json(const ProxyCalibration& calibration) {
  Json curve = Json::array();
  for (const CalibrationPoint& point : calibration.curve) {
    curve.push_back({{"proxy", point.proxy},
                     {"gold", estimate_json(point.gold)},
                     {"isotonic", point.isotonic},
                     {"rows", point.rows}});
  }
  return {{"correlation", calibration.correlation},
          {"slope", estimate_json(calibration.slope)},
          {"tied", calibration.tied},
          {"curve", curve}};
}

Json proxy_json(const ProxyAudit& proxy, double gold_sd) {
  Json policies = Json::array();
  for (std::size_t b = 0; b < proxy.policies.size(); ++b) {
    Json policy = policy_json(proxy.policies[b], gold_sd / proxy.unit);
    policy["price"] = proxy.policies[b].beta * proxy.unit;
    policy["gain"]["simultaneous_interval"] = interval_json(proxy.gains[b]);
    policies.push_back(std::move(policy));
  }
  return {{"name", proxy.name},
          {"correlation", proxy.calibration.correlation},
          {"unit", proxy.unit},
          {"sd", proxy.sd},
          {"calibration", calibration_json(proxy.calibration)},
          {"policies", policies},
          {"advice", advice_json(proxy.advice)},
          {"best_of_n", choices_json(proxy.best_of_n, proxy.best_of_n_gains)},
          {"best_of_n_advice", advice_json(proxy.best_of_n_advice)},
          {"best_of_n_forecast", forecast_json(proxy.best_of_n_forecast)}};
}

Json trained_json(const PolicyAudit& policy) {
  const TablePolicyValue& value = policy.value;
  Json rise = estimate_json(value.rise);
  rise["simultaneous_interval"] = interval_json(policy.rise);
  return {{"name", policy.name},
          {"gold", estimate_json(value.value)},
          {"rise", rise},
          {"kl", estimate_json(value.kl)},
          {"worth", or_null(policy.worth)},
          {"mean_ratio", estimate_json(policy.mean_ratio)},
          {"ess", value.ess},
          {"pareto_k", number_json(value.weights.pareto_k)},
          {"reliable", value.reliable},
          {"remark", value.remark}};
}

/// null where no tilt is supported.
Json recommendation_json(const TableAudit& audit) {
  if (!audit.recommended) return {};
  const ProxyAudit& proxy = audit.proxies[*audit.recommended];
  const double beta = *proxy.advice.recommended;
  return {{"proxy", proxy.name},
          {"beta", beta},
          {"beta_sd", beta * proxy.unit / audit.gold_sd},
          {"price", beta * proxy.unit},
          {"gain", advised_gain_json(*proxy.advice.gain)},
          {"labels_to_halve", or_null(proxy.advice.labels_to_halve)}};
}

Json best_of_n_recommendation_json(const TableAudit& audit) {
  if (!audit.recommended_best_of_n) return {};
  const ProxyAudit& proxy = audit.proxies[*audit.recommended_best_of_n];
  return {{"proxy", proxy.name},
          {"n", *proxy.best_of_n_advice.recommended},
          {"largest_n", *proxy.best_of_n_advice.largest},
          {"gain", advised_gain_json(*proxy.best_of_n_advice.gain)}};
}

}  // namespace

std::string audit_json(const TableAudit& audit, const AuditInput& input, const Settings& settings,
                       const std::string& data) {
  Json options{{"data", data}};
  for (const Setting& setting : settings.table()) options[setting.name] = setting.value;
  Json rewards = Json::array();
  for (const ProxyAudit& proxy : audit.proxies) {
    rewards.push_back(proxy_json(proxy, audit.gold_sd));
  }
  Json policies = Json::array();
  for (const PolicyAudit& policy : audit.policies) policies.push_back(trained_json(policy));
  Json json = record_json(RecordKind::audit, settings.command({"esscher", "audit", data}));
  json.update({{"options", options},
               {"rows", audit.rows},
               {"reference_rows", input.reference_rows},
               {"known", audit.known},
               {"groups", input.groups},
               {"reward_sd", audit.gold_sd},
               {"recommendation", recommendation_json(audit)},
               {"best_of_n_recommendation", best_of_n_recommendation_json(audit)},
               {"target", target_json(audit.target)},
               {"rewards", rewards},
               {"policies", policies},
               {"data_remarks", input.remarks},
               {"remarks", audit.remarks}});
  return json_text(json);
}

}  // namespace esscher::app
