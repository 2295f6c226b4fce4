#include "esscher/pipeline/simulation.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.h"
#include "call.h"
#include "errors.h"
#include "esscher/base/number_text.h"
#include "esscher/pipeline/reward_model.h"
#include "esscher/policy/policy_samples.h"
#include "esscher/record/simulation_record.h"
#include "long_call.h"
#include "module.h"
#include "parameters.h"
#include "record.h"
#include "simulation_parameters.h"

namespace esscher::python {
namespace {

Record plan_record(const FeaturePlan& plan) {
  return Record()
      .add("engine", engine_name(plan.features.engine))
      .add("feature_temperature", plan.feature_temperature)
      .add("information_exponent", plan.information_exponent)
      .add("generative_exponent", plan.generative_exponent)
      .add("exponent_at_work", plan.exponent)
      .add("batch", plan.features.batch)
      .add("step_size", plan.features.step_size)
      .add("feature_samples", plan.features.samples)
      .add("refine_samples",
           plan.refinement ? std::optional(plan.refinement->samples) : std::nullopt)
      .add("remarks", in_python_words(plan.remarks));
}

Record share_record(const Share& share) {
  return Record()
      .add("count", share.count)
      .add("of", share.of)
      .add("value", share.value)
      .add("low", share.lower)
      .add("high", share.upper);
}

/// The trajectory as arrays: one entry, or row, a checkpoint.
Record features_record(const FeatureSummary& summary) {
  std::vector<std::uint64_t> samples;
  std::vector<double> weak;
  std::vector<double> strong;
  std::vector<double> quantiles;
  for (const Checkpoint& checkpoint : summary.trajectory) {
    samples.push_back(checkpoint.samples);
    weak.push_back(checkpoint.weak);
    strong.push_back(checkpoint.strong);
    quantiles.insert(quantiles.end(), checkpoint.quantiles.begin(), checkpoint.quantiles.end());
  }
  const std::size_t length = samples.size();
  Record trajectory;
  trajectory.add("samples", owning_array(std::move(samples)))
      .add("weak", owning_array(std::move(weak)))
      .add("strong", owning_array(std::move(strong)))
      .add("quantiles", owning_array(std::move(quantiles), {length, kOverlapLevels.size()}))
      .add("quantile_levels",
           owning_array(std::vector<double>(kOverlapLevels.begin(), kOverlapLevels.end())));
  return Record()
      .add("status", feature_status_name(summary.status))
      .add("engine", engine_name(summary.engine))
      .add("samples", summary.samples)
      .add("steps", summary.steps)
      .add("weakly_recovered", share_record(summary.weak))
      .add("strongly_recovered", share_record(summary.strong))
      .add("weak_time", summary.weak_times.median)
      .add("strong_time", summary.strong_times.median)
      .add("overlaps", owning_array(summary.overlaps))
      .add("trajectory", trajectory)
      .add("remarks", in_python_words(summary.remarks));
}

Record refinement_record(const RefineSummary& summary) {
  std::vector<std::uint64_t> samples;
  std::vector<double> overlaps;
  for (const RefineStep& step : summary.trajectory) {
    samples.push_back(step.samples);
    overlaps.push_back(step.overlap);
  }
  Record trajectory;
  trajectory.add("samples", owning_array(std::move(samples)))
      .add("leading_overlap", owning_array(std::move(overlaps)));
  return Record()
      .add("status", refine_status_name(summary.status))
      .add("samples", summary.samples)
      .add("directions", summary.directions)
      .add("spectrum", owning_array(summary.spectrum))
      .add("principal_cosines", owning_array(summary.principal_cosines))
      .add("held_out_error", finite(summary.refined.value))
      .add("label_variance", summary.label_variance)
      .add("trajectory", trajectory)
      .add("remarks", in_python_words(summary.remarks));
}

Record simulated_policy(const PolicyValue& policy) {
  return Record()
      .add("method", policy_method_name(policy.method))
      .add("reliable", policy.reliable)
      .add("remark", policy.remark)
      .add("efficiency",
           policy.efficiency ? std::optional(record_of(*policy.efficiency)) : std::nullopt)
      .add("gap", record_of(policy.gap))
      .add("value", record_of(policy.value))
      .add("gold", record_of(policy.gold))
      .add("proxy", record_of(policy.proxy))
      .add("kl", record_of(policy.kl))
      .add("log_partition", record_of(policy.log_partition))
      .add("optimal_value", policy.optimal_value)
      .add("reference_value", policy.reference_value)
      .add("ess", policy.ess)
      .add("pareto_k", policy.pareto_k);
}

Record predicted_record(const PredictedGap& predicted) {
  return Record()
      .add("gap", predicted.gap)
      .add("approximation", predicted.approximation)
      .add("variance", predicted.variance)
      .add("efficiency", predicted.efficiency)
      .add("remark", predicted.remark);
}

Record simulation_row(const PolicyRow& row) {
  return Record()
      .add("weights", readout_weights_name(row.weights))
      .add("beta", row.beta)
      .add("policy", row.policy, simulated_policy)
      .add("policy_remark", row.policy_remark)
      .add("predicted", row.predicted, predicted_record)
      .add("weight_temperature", row.weight_temperature)
      .add("penalty", row.fit.penalty)
      .add("readout_ess", row.fit.weights.ess)
      .add("readout_remark", row.readout_remark);
}

nb::object intervals_list(const std::vector<TemperatureInterval>& intervals) {
  nb::list list;
  for (const TemperatureInterval& interval : intervals) {
    list.append(nb::make_tuple(interval.low, interval.high));
  }
  return list;
}

Record summary_record(const WeightsSummary& summary) {
  return Record()
      .add("weights", readout_weights_name(summary.weights))
      .add("admissible", intervals_list(summary.measured.efficient))
      .add("gaining", intervals_list(summary.measured.gaining))
      .add("predicted_admissible", intervals_list(summary.predicted.efficient))
      .add("gold_optimal_beta", summary.measured.gold_optimal_beta)
      .add("gold_optimal_at_end", summary.measured.gold_optimal_at_end);
}

nb::dict simulation_dict(const SimulationResult& result) {
  return Record()
      .add("link", result.options.model.link.name())
      .add("noise", result.options.model.noise.name())
      .add("seed", result.options.seed)
      .add("status", simulation_status_name(result.status))
      .add("plan", plan_record(result.plan))
      .add("features", features_record(result.features))
      .add("control", result.control, features_record)
      .add("refinement", result.refinement, refinement_record)
      .add("overlaps", owning_array(result.overlaps))
      .add("policies", list_of(result.rows, simulation_row))
      .add("temperatures", list_of(result.summaries, summary_record))
      .add("remarks", in_python_words(result.remarks))
      .dict();
}

/// As dictionaries, the record and the model.
std::tuple<nb::dict, std::string, RewardModel> run_simulation(const nb::dict& values,
                                                              const Call& call,
                                                              const nb::object& progress) {
  SimulationOptions options = simulation_options(Parameters(values));
  validate(options);
  SimulationResult result = long_call(progress, [&](const Callbacks& callbacks) {
    options.callbacks = callbacks;
    return simulate(options);
  });
  nb::dict told = simulation_dict(result);
  std::string record = simulation_record(result, run_of(call));
  return {std::move(told), std::move(record), std::move(result.model)};
}

nb::object sample(const RewardModel& model, const nb::dict& values, const nb::object& progress) {
  const Parameters parameters(values);
  const double beta = parameters.number("beta");
  require_temperature(beta, "beta");
  const double weight_temperature =
      parameters.is_none("weight_temperature") ? beta : parameters.number("weight_temperature");
  const ReadoutWeights weights = parse_readout_weights(parameters.text("weights"), "weights");
  const std::uint64_t size = parameters.count("size", 1);
  PolicyOptions options;
  options.seed = parameters.count("seed", 0);
  options.threads = parameters.integer("threads", 0, 1024);
  const PolicySamples samples = long_call(progress, [&](const Callbacks& callbacks) {
    options.callbacks = callbacks;
    const Network network = model.network(find_head(model, weights, weight_temperature));
    return sample_policy(network, beta, size, options);
  });
  return owning_array(samples.x);
}

}  // namespace

void bind_simulation(nb::module_& module) {
  nb::class_<RewardModel>(module, "RewardModel")
      .def("save", [](const RewardModel& model,
                      const std::string& path) { save_reward_model(path, model); })
      .def_static("load", [](const std::string& path) { return load_reward_model(path); })
      .def_prop_ro("heads", [](const RewardModel& model) {
        nb::list heads;
        for (const RewardHead& head : model.heads) {
          heads.append(nb::make_tuple(nb::cast(readout_weights_name(head.weights)),
                                      nb::cast(head.weight_temperature)));
        }
        return heads;
      });
  module.def("simulate", &run_simulation, nb::arg("parameters"), nb::arg("call"),
             nb::arg("progress").none());
  module.def("sample", &sample, nb::arg("model"), nb::arg("parameters"),
             nb::arg("progress").none());
}

}  // namespace esscher::python
