#include "esscher/record/theory_record.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "record/record_json.h"

namespace esscher {
namespace {

using internal::Json;
using internal::or_null;

Json asked_json(const TheoryOptions& options) {
  return {{"link", options.model.link.name()},
          {"noise", options.model.noise.name()},
          {"beta", options.betas},
          {"max_order", options.max_order},
          {"learned", options.learned ? Json(options.learned->name()) : Json()},
          {"overlap", options.learned ? Json(options.overlap) : Json()}};
}

Json link_json(const Link& link, const Finiteness& finiteness) {
  const char* const parities[] = {"none", "even", "odd"};
  return {{"formula", link.formula()},
          {"breaks", std::vector<double>(link.breaks().begin(), link.breaks().end())},
          {"parity", parities[static_cast<int>(link.parity())]},
          // Infinite, that is null, where every temperature is finite.
          {"inverse_temperature_limit", finiteness.limit},
          {"finiteness", finiteness.sentence}};
}

Json exponents_json(const Exponents& exponents) {
  return {{"constant", exponents.constant},
          {"information_exponent", or_null(exponents.information)},
          {"information_tolerance", exponents.information_tolerance},
          {"generative_exponent", or_null(exponents.generative)},
          {"generative_tolerance", exponents.generative_tolerance},
          {"hermite", exponents.hermite},
          {"hermite_errors", exponents.hermite_errors},
          {"second_moment", exponents.second_moment},
          {"variance", exponents.variance},
          {"lambda_squared", exponents.lambda_squared},
          {"lambda_squared_errors", exponents.lambda_squared_errors},
          {"spectral_threshold", or_null(exponents.spectral_threshold)}};
}

Json complexity_json(const std::optional<SampleComplexity>& complexity) {
  if (!complexity) return {};
  return {{"samples", complexity->text()},
          {"exponent", complexity->exponent},
          {"log_factor", complexity->log_factor}};
}

Json temperatures_json(const std::array<FeatureTemperature, 3>& temperatures) {
  Json list = Json::array();
  for (const FeatureTemperature& found : temperatures) {
    Json dead = Json::array();
    for (const DeadTemperature& zero : found.dead) {
      dead.push_back(
          {{"beta", zero.beta}, {"scaled_signal", zero.scaled_signal}, {"tangent", zero.tangent}});
    }
    list.push_back({{"transform", transform_name(found.transform)},
                    {"order", found.order},
                    {"dead", std::move(dead)},
                    {"threshold", found.threshold},
                    {"best_beta", or_null(found.best_beta)},
                    {"best_efficiency", found.best_efficiency},
                    {"best_at_search_end", found.best_at_search_end},
                    {"searched_from", found.searched_from},
                    {"searched_to", found.searched_to}});
  }
  return list;
}

Json signal_json(const TiltedSignal& signal) {
  Json json{{"log_scale", signal.log_scale}};
  for (const LabelTransform transform : kLabelTransforms) {
    const TransformSignal& of = signal[transform];
    std::vector<double> values;
    for (int k = 0; k < static_cast<int>(of.scaled.size()); ++k) {
      values.push_back(signal.signal(transform, k));
    }
    json[std::string(transform_name(transform))] = {
        {"signal", values},
        {"scaled", of.scaled},
        {"scaled_errors", of.errors},
        {"log_second_moment", or_null(of.log_second_moment)},
        {"signal_to_noise", of.signal_to_noise.empty() ? Json() : Json(of.signal_to_noise)}};
  }
  return json;
}

Json learned_json(const LearnedPolicy& policy) {
  return {{"gold_value", policy.gold_value},
          {"proxy_value", policy.proxy_value},
          {"kl", policy.kl},
          {"value", policy.value},
          {"value_gap", policy.value_gap},
          {"efficiency", or_null(policy.efficiency)},
          {"ess_fraction", or_null(policy.ess_fraction)}};
}

Json row_json(const TheoryRow& row) {
  const TiltedLaw& law = row.law;
  Json json{{"beta", law.beta},
            {"log_partition", law.log_partition},
            {"optimal_value", law.optimal_value},
            {"reference_value", law.reference_value},
            {"gain", law.gain},
            {"mean_reward", law.mean_reward},
            {"reward_variance", law.reward_variance},
            {"kl", law.kl},
            {"ess_fraction", or_null(law.ess_fraction)},
            {"chi_square", or_null(law.chi_square)},
            {"mean_direction", law.mean_direction},
            {"direction_variance", law.direction_variance},
            {"relative_error", law.relative_error},
            {"signal", signal_json(row.signal)}};
  json["best_of_n"] = nullptr;
  if (row.best_of_n) {
    json["best_of_n"] = Json{{"n", row.best_of_n->n},
                             {"kl", row.best_of_n->kl},
                             {"mean_reward", row.best_of_n->mean_reward},
                             {"mean_reward_error", row.best_of_n->error}};
  }
  if (row.learned) json["learned"] = learned_json(*row.learned);
  return json;
}

/// The reward as far as its policies go, for pictures.
Json curve_json(const TheoryReport& report) {
  constexpr int kPoints = 241;
  double low = -4;
  double high = 4;
  for (const TheoryRow& row : report.rows) {
    const double reach = 4 * std::sqrt(row.law.direction_variance);
    low = std::min(low, row.law.mean_direction - reach);
    high = std::max(high, row.law.mean_direction + reach);
  }
  std::vector<double> z;
  std::vector<double> reward;
  for (int i = 0; i < kPoints; ++i) {
    z.push_back(low + (high - low) * i / (kPoints - 1));
    reward.push_back(report.options.model.link(z.back()));
  }
  return {{"z", z}, {"reward", reward}};
}

}  // namespace

std::string theory_record(const TheoryReport& report, const RunRecord& run) {
  Json rows = Json::array();
  for (const TheoryRow& row : report.rows) rows.push_back(row_json(row));
  Json json{
      {"options", asked_json(report.options)},
      {"link", link_json(report.options.model.link, report.finiteness)},
      {"exponents", exponents_json(report.exponents)},
      {"sample_complexity",
       {{"one_pass_unweighted", complexity_json(report.complexities.unweighted)},
        {"one_pass_weighted", complexity_json(report.complexities.weighted)},
        {"efficient_limit", complexity_json(report.complexities.efficient)}}},
      {"feature_temperatures",
       report.feature_temperatures ? temperatures_json(*report.feature_temperatures) : Json()},
      {"temperatures", std::move(rows)},
      {"reward_curve", curve_json(report)},
      {"remarks", report.remarks}};
  return internal::record_text(RecordKind::theory, std::move(json), run);
}

}  // namespace esscher
