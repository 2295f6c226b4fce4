#include "esscher/record/simulation_record.h"

#include <utility>
#include <vector>

#include "record/policy_json.h"
#include "record/record_json.h"

namespace esscher {
namespace {

using internal::Json;
using internal::number_json;
using internal::or_null;

Json estimate_json(const Estimate& estimate, const RunRecord& run) {
  Json json = internal::PolicyJson(run).estimate(estimate);
  json["degrees_of_freedom"] = number_json(estimate.degrees_of_freedom);
  return json;
}

Json share_json(const Share& share) {
  return {{"count", share.count},
          {"of", share.of},
          {"value", share.value},
          {"lower", share.lower},
          {"upper", share.upper}};
}

Json times_json(const RecoveryTimes& times) {
  Json neurons = Json::array();
  for (const auto& time : times.neuron) neurons.push_back(or_null(time));
  return {{"median", or_null(times.median)},
          {"lower_quartile", or_null(times.lower_quartile)},
          {"upper_quartile", or_null(times.upper_quartile)},
          {"neurons", std::move(neurons)}};
}

/// \param overlaps  of the layer that stage 2 gets
Json features_json(const FeatureSummary& summary, const std::vector<double>& overlaps) {
  Json trajectory = Json::array();
  for (const Checkpoint& checkpoint : summary.trajectory) {
    trajectory.push_back({{"samples", checkpoint.samples},
                          {"weak", checkpoint.weak},
                          {"strong", checkpoint.strong},
                          {"quantiles", checkpoint.quantiles}});
  }
  Json drift;
  if (summary.drift) {
    drift = {{"observed", summary.drift->observed},
             {"predicted", summary.drift->predicted},
             {"standard_error", summary.drift->standard_error},
             {"samples", summary.drift->samples}};
  }
  return {{"status", feature_status_name(summary.status)},
          {"engine", engine_name(summary.engine)},
          {"samples", summary.samples},
          {"steps", summary.steps},
          {"weakly_recovered", share_json(summary.weak)},
          {"strongly_recovered", share_json(summary.strong)},
          {"weak_times", times_json(summary.weak_times)},
          {"strong_times", times_json(summary.strong_times)},
          {"overlaps", overlaps},
          {"stage1_overlaps", summary.overlaps},
          {"quantile_levels", kOverlapLevels},
          {"trajectory", std::move(trajectory)},
          {"drift", std::move(drift)},
          {"remarks", summary.remarks}};
}

Json error_json(const HeldOutError& error) {
  return {{"value", number_json(error.value)},
          {"standard_error", number_json(error.standard_error)}};
}

Json refinement_json(const SimulationResult& result) {
  if (!result.refinement) return {};
  const RefineSummary& summary = *result.refinement;
  Json trajectory = Json::array();
  for (const RefineStep& step : summary.trajectory) {
    trajectory.push_back(
        {{"samples", result.features.samples + step.samples}, {"leading_overlap", step.overlap}});
  }
  Json by_directions = Json::array();
  for (const HeldOutError& error : summary.by_directions) {
    by_directions.push_back(error_json(error));
  }
  return {{"status", refine_status_name(summary.status)},
          {"samples", summary.samples},
          {"directions", summary.directions},
          {"spectrum", summary.spectrum},
          {"principal_cosines", summary.principal_cosines},
          {"held_out_error",
           {{"stage1", error_json(summary.pilot)},
            {"refined", error_json(summary.refined)},
            {"by_directions", std::move(by_directions)},
            {"label_variance", summary.label_variance}}},
          {"trajectory", std::move(trajectory)},
          {"remarks", summary.remarks}};
}

Json plan_json(const FeaturePlan& plan) {
  return {{"feature_temperature", or_null(plan.feature_temperature)},
          {"information_exponent", or_null(plan.information_exponent)},
          {"generative_exponent", or_null(plan.generative_exponent)},
          {"exponent_at_work", plan.exponent},
          {"label",
           {{"weighting", weighting_name(plan.features.label.weighting)},
            {"centre", plan.features.label.centre},
            {"log_scale", plan.features.label.log_scale},
            {"clip_low", number_json(plan.features.label.clip_low)},
            {"clip_high", number_json(plan.features.label.clip_high)}}},
          {"remarks", plan.remarks}};
}

Json readout_json(const RidgeFit& fit) {
  static constexpr const char* kStatus[] = {"well_conditioned", "rank_deficient",
                                            "few_effective_samples", "constant"};
  Json path = Json::array();
  for (const RidgePathPoint& point : fit.path) {
    path.push_back({{"penalty", point.penalty},
                    {"degrees_of_freedom", point.degrees_of_freedom},
                    {"score", number_json(point.score)}});
  }
  return {{"status", kStatus[static_cast<int>(fit.status)]},
          {"remark", fit.remark},
          {"penalty", fit.penalty},
          {"degrees_of_freedom", fit.degrees_of_freedom},
          {"weighted_error", fit.weighted_error},
          {"rank", fit.rank},
          {"dual", fit.dual},
          {"ess", fit.weights.ess},
          {"top_share", fit.weights.top_share},
          {"pareto_k", number_json(fit.weights.pareto_k)},
          {"pareto_k_threshold", fit.weights.pareto_k_threshold},
          {"path", std::move(path)}};
}

Json policy_json(const PolicyValue& policy, const RunRecord& run) {
  const auto estimate = [&](const Estimate& of) { return estimate_json(of, run); };
  return {{"method", policy_method_name(policy.method)},
          {"reliable", policy.reliable},
          {"remark", policy.remark},
          {"efficiency", policy.efficiency ? estimate(*policy.efficiency) : Json()},
          {"gap", estimate(policy.gap)},
          {"value", estimate(policy.value)},
          {"gold", estimate(policy.gold)},
          {"proxy", estimate(policy.proxy)},
          {"kl", estimate(policy.kl)},
          {"log_partition", estimate(policy.log_partition)},
          {"optimal_value", policy.optimal_value},
          {"reference_value", policy.reference_value},
          {"ess", or_null(policy.ess)},
          {"pareto_k", policy.pareto_k ? number_json(*policy.pareto_k) : Json()},
          {"temperatures", policy.temperatures}};
}

Json weights_json(const PolicyRow& row) {
  Json calibration;
  if (row.calibration) {
    calibration = {{"scale", row.calibration->scale},
                   {"reach", row.calibration->reach},
                   {"slope", row.calibration->last.slope},
                   {"slope_error", row.calibration->last.standard_error},
                   {"slope_ess", row.calibration->last.ess}};
  }
  return {{"temperature", or_null(row.weight_temperature)},
          {"shares", row.shares},
          {"calibration", std::move(calibration)},
          {"remark", row.readout_remark}};
}

Json rows_json(const SimulationResult& result, const RunRecord& run) {
  Json rows = Json::array();
  for (const PolicyRow& row : result.rows) {
    Json predicted;
    if (row.predicted) {
      predicted = {{"gap", or_null(row.predicted->gap)},
                   {"approximation", row.predicted->approximation},
                   {"variance", or_null(row.predicted->variance)},
                   {"efficiency", or_null(row.predicted->efficiency)},
                   {"remark", row.predicted->remark}};
    }
    rows.push_back({{"weights", readout_weights_name(row.weights)},
                    {"beta", row.beta},
                    {"policy", row.policy ? policy_json(*row.policy, run) : Json()},
                    {"policy_remark", row.policy_remark},
                    {"predicted", std::move(predicted)},
                    {"readout_weights", weights_json(row)},
                    {"readout", readout_json(row.fit)}});
  }
  return rows;
}

Json intervals_json(const std::vector<TemperatureInterval>& intervals) {
  Json list = Json::array();
  for (const TemperatureInterval& interval : intervals) {
    list.push_back({{"low", interval.low},
                    {"high", interval.high},
                    {"low_excluded", or_null(interval.low_excluded)},
                    {"high_excluded", or_null(interval.high_excluded)}});
  }
  return list;
}

Json sets_json(const AdmissibleSets& sets) {
  return {{"efficient", intervals_json(sets.efficient)},
          {"gaining", intervals_json(sets.gaining)},
          {"gold_optimal_beta", or_null(sets.gold_optimal_beta)},
          {"gold_optimal_at_end", sets.gold_optimal_at_end}};
}

Json optimal_json(const SimulationResult& result) {
  Json list = Json::array();
  for (const TiltedLaw& law : result.optimal) {
    list.push_back({{"beta", law.beta},
                    {"value", law.optimal_value},
                    {"gain", law.gain},
                    {"gold", law.mean_reward},
                    {"kl", law.kl},
                    {"ess_fraction", or_null(law.ess_fraction)}});
  }
  return list;
}

}  // namespace

std::string simulation_record(const SimulationResult& result, const RunRecord& run) {
  Json summaries = Json::array();
  for (const WeightsSummary& summary : result.summaries) {
    summaries.push_back({{"weights", readout_weights_name(summary.weights)},
                         {"tolerance", summary.measured.tolerance},
                         {"measured", sets_json(summary.measured)},
                         {"predicted", sets_json(summary.predicted)}});
  }
  Json json{{"options", internal::options_json(run)},
            {"status", simulation_status_name(result.status)},
            {"plan", plan_json(result.plan)},
            {"features", features_json(result.features, result.overlaps)},
            {"control",
             result.control ? features_json(*result.control, result.control->overlaps) : Json()},
            {"refinement", refinement_json(result)},
            {"optimal_policy", optimal_json(result)},
            {"policies", rows_json(result, run)},
            {"temperatures", std::move(summaries)},
            {"seconds",
             {{"features", result.seconds.features},
              {"control", result.seconds.control},
              {"refinement", result.seconds.refinement},
              {"readouts", result.seconds.readouts},
              {"policies", result.seconds.policies},
              {"predictions", result.seconds.predictions}}},
            {"remarks", result.remarks}};
  return internal::record_text(RecordKind::simulate, std::move(json), run);
}

}  // namespace esscher
