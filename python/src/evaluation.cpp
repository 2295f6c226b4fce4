#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <string>
#include <vector>

#include "errors.h"
#include "esscher/base/error.h"
#include "esscher/pipeline/table_evaluation.h"
#include "long_call.h"
#include "module.h"
#include "record.h"
#include "table_arguments.h"
#include "training_parameters.h"

namespace esscher::python {
namespace {

nb::dict best_of_n_record(const BestOfNValue& best) {
  return Record()
      .add("n", best.n)
      .add("gold", record_of(best.value))
      .add("proxy", record_of(best.proxy))
      .add("kl", record_of(best.kl))
      .add("gain", record_of(best.gain))
      .add("ess", best.ess)
      .add("reliable", best.reliable)
      .add("remark", best.remark)
      .dict();
}

/// With the interval that was given, which holds for all policies at once.
Record gain_record(const TableEstimate& gain) {
  Record record = record_of(gain);
  if (gain.interval) {
    record.add("low", finite(gain.interval->low)).add("high", finite(gain.interval->high));
  }
  return record;
}

nb::dict advice_record(const DeploymentAdvice& advice) {
  Record record;
  record.add("verdict", in_python_words(advice.verdict))
      .add("limit", advice_limit_name(advice.limit))
      .add("recommended_beta", advice.recommended)
      .add("admissible", std::optional<double>());
  if (advice.admissible) {
    record.add("admissible", Record()
                                 .add("low", advice.admissible->low)
                                 .add("high", advice.admissible->high)
                                 .add("low_excluded", advice.admissible->low_excluded)
                                 .add("high_excluded", advice.admissible->high_excluded));
  }
  record.add("gain", advice.gain ? std::optional(gain_record(*advice.gain)) : std::nullopt)
      .add("labels_to_halve", advice.labels_to_halve);
  return record.dict();
}

nb::dict reward_record(const RewardEvaluation& reward, const TableEvaluation& evaluation,
                       double sd) {
  nb::list policies;
  for (std::size_t b = 0; b < reward.policies.size(); ++b) {
    const double attainable = evaluation.attainable_gain[b];
    const double gain = reward.policies[b].gain.value;
    Record record = record_of(reward.policies[b]);
    record.add("beta_sd", reward.policies[b].beta / sd)
        .add("attainable_gain", attainable)
        .add("efficiency", attainable > 0 ? std::optional(gain / attainable) : std::nullopt)
        .add("best_of_n", nb::object(best_of_n_record(reward.best_of_n[b])))
        .add("simultaneous_low", finite(reward.gains[b].low))
        .add("simultaneous_high", finite(reward.gains[b].high));
    nb::list folds;
    if (!reward.weight_temperatures.empty()) {
      for (const double t : reward.weight_temperatures[b]) folds.append(nb::cast(finite(t)));
    }
    record.add("weight_temperatures", nb::object(folds));
    policies.append(record.dict());
  }
  return Record()
      .add("name", reward.name)
      .add("correlation", reward.correlation)
      .add("policies", nb::object(policies))
      .add("advice", nb::object(advice_record(reward.advice)))
      .dict();
}

nb::dict evaluation_record(const TableEvaluation& evaluation, double sd) {
  nb::list rewards;
  for (const RewardEvaluation& reward : evaluation.rewards) {
    rewards.append(reward_record(reward, evaluation, sd));
  }
  nb::list folds;
  for (const FoldTraining& fold : evaluation.folds) {
    folds.append(Record()
                     .add("rows", fold.rows)
                     .add("landmarks", fold.landmarks)
                     .add("round", fold.round)
                     .add("held_out_error", fold.held_out_error)
                     .add("penalty", fold.penalty)
                     .add("linear_penalty", fold.linear_penalty)
                     .add("name", fold.name.empty() ? std::nullopt : std::optional(fold.name))
                     .add("held_out_rows", fold.held_out)
                     .add("held_out_correlation", fold.correlation)
                     .add("reward_sd", fold.reward_sd)
                     .dict());
  }
  std::vector<std::string> remarks;
  if (evaluation.replicates) remarks.push_back(evaluation.replicates->text());
  for (const std::string& remark : evaluation.remarks) remarks.push_back(in_python_words(remark));
  return Record()
      .add("reward_sd", sd)
      .add("rewards", nb::object(rewards))
      .add("recommended", evaluation.recommended
                              ? std::optional(evaluation.rewards[*evaluation.recommended].name)
                              : std::nullopt)
      .add("folds", nb::object(folds))
      .add("remarks", remarks)
      .dict();
}

nb::dict evaluate(BufferRows::Array x, Numbers y, std::optional<Labels> groups,
                  std::optional<Numbers> log_weights, std::optional<Labels> clusters,
                  const std::optional<RowNumbers>& kept, const std::optional<Numbers>& gold,
                  const nb::dict& values, const nb::object& progress) {
  const TableArguments arguments(std::move(x), std::move(y), std::move(groups),
                                 std::move(log_weights), std::move(clusters), kept);
  const RewardTable table = arguments.table();
  const double sd = long_call(nb::none(), [&](const Callbacks&) { return reward_sd(table); });
  const Parameters parameters(values);
  EvaluationOptions options{.training = training_options(parameters, sd)};
  options.folds = parameters.integer("evaluation_folds", 2, 100);
  options.bootstrap = parameters.integer("bootstrap", 0, 100'000);
  if (options.bootstrap != 0 && options.bootstrap < 100) {
    throw UsageError(rejection("bootstrap", parameters.shown("bootstrap"),
                               "must be 0 or at least 100", "take 1000"));
  }
  options.alpha = parameters.number("alpha");
  if (!(options.alpha > 0 && options.alpha <= 0.5)) {
    throw UsageError(rejection("alpha", options.alpha, "must lie in (0, 0.5]", "take 0.05"));
  }
  options.gold = span_of(gold);
  options.enumerated = parameters.flag("enumerated");
  const TableEvaluation evaluation = long_call(progress, [&](const Callbacks& callbacks) {
    options.training.callbacks = callbacks;
    return evaluate_table(table, options);
  });
  return evaluation_record(evaluation, sd);
}

}  // namespace

Record record_of(const TablePolicyValue& policy) {
  return Record()
      .add("beta", policy.beta)
      .add("gold", record_of(policy.value))
      .add("proxy", record_of(policy.proxy))
      .add("kl", record_of(policy.kl))
      .add("objective", record_of(policy.objective))
      .add("reference", record_of(policy.reference))
      .add("rise", record_of(policy.rise))
      .add("gain", record_of(policy.gain))
      .add("over_optimisation", record_of(policy.over_optimisation))
      .add("ess", policy.ess)
      .add("least_ess", policy.least_ess)
      .add("pareto_k", finite(policy.weights.pareto_k))
      .add("pareto_k_threshold", finite(policy.weights.pareto_k_threshold))
      .add("reliable", policy.reliable)
      .add("remark", policy.remark);
}

void bind_evaluation(nb::module_& module) {
  module.def("evaluate", &evaluate, nb::arg("x"), nb::arg("y"), nb::arg("groups").none(),
             nb::arg("log_weights").none(), nb::arg("clusters").none(), nb::arg("kept").none(),
             nb::arg("gold").none(), nb::arg("parameters"), nb::arg("progress").none());
}

}  // namespace esscher::python
