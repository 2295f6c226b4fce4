#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "advice.h"
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

Record fold_record(const FoldTraining& fold) {
  return Record()
      .add("rows", fold.rows)
      .add("landmarks", fold.landmarks)
      .add("round", fold.round)
      .add("held_out_error", fold.held_out_error)
      .add("penalty", fold.penalty)
      .add("linear_penalty", fold.linear_penalty)
      .add("name", fold.name.empty() ? std::nullopt : std::optional(fold.name))
      .add("held_out_rows", fold.held_out)
      .add("held_out_correlation", fold.correlation)
      .add("reward_sd", fold.reward_sd);
}

/// None where nothing can be gained.
std::optional<double> efficiency_of(double gain, double attainable) {
  return attainable > 0 ? std::optional(gain / attainable) : std::nullopt;
}

Record reward_record(const RewardEvaluation& reward, const TableEvaluation& evaluation, double sd) {
  nb::list policies;
  for (std::size_t b = 0; b < reward.policies.size(); ++b) {
    const double attainable = evaluation.attainable_gain[b];
    const double gain = reward.policies[b].gain.value;
    const auto noise_free = evaluation.noise_free_gain.empty()
                                ? std::nullopt
                                : std::optional(evaluation.noise_free_gain[b]);
    Record record = record_of(reward.policies[b]);
    add_simultaneous(record, reward.gains[b]);
    record.add("beta_sd", reward.policies[b].beta / sd)
        .add("attainable_gain", finite(attainable))
        .add("efficiency", efficiency_of(gain, attainable))
        .add("noise_free_gain", noise_free)
        .add("noise_free_efficiency", noise_free ? efficiency_of(gain, *noise_free) : std::nullopt)
        .add("best_of_n", record_of(reward.equal_kl[b]));
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
      .add("advice", record_of(reward.advice))
      .add("best_of_n", nb::object(choices_of(reward.best_of_n, reward.best_of_n_gains)))
      .add("best_of_n_advice", record_of(reward.best_of_n_advice))
      .add("best_of_n_forecast", reward.best_of_n_forecast,
           [](const Forecast& forecast) { return record_of(forecast); });
}

std::optional<std::string> name_of(const TableEvaluation& evaluation,
                                   std::optional<std::size_t> reward) {
  return reward ? std::optional(evaluation.rewards[*reward].name) : std::nullopt;
}

nb::dict evaluation_record(const TableEvaluation& evaluation, double sd) {
  const auto record_of_reward = [&](const RewardEvaluation& reward) {
    return reward_record(reward, evaluation, sd);
  };
  std::vector<std::string> remarks;
  if (evaluation.replicates) remarks.push_back(evaluation.replicates->text());
  for (const std::string& remark : evaluation.remarks) remarks.push_back(in_python_words(remark));
  return Record()
      .add("reward_sd", sd)
      .add("reference_rows", evaluation.reference_rows)
      .add("reference_copies", evaluation.reference_copies)
      .add("reference_groups", evaluation.reference_groups)
      .add("label_noise",
           evaluation.label_noise > 0 ? std::optional(evaluation.label_noise) : std::nullopt)
      .add("rewards", list_of(evaluation.rewards, record_of_reward))
      .add("recommended", name_of(evaluation, evaluation.recommended))
      .add("recommended_best_of_n", name_of(evaluation, evaluation.recommended_best_of_n))
      .add("target", evaluation.target,
           [](const TargetAnswer& answer) { return record_of(answer); })
      .add("folds", list_of(evaluation.folds, fold_record))
      .add("remarks", remarks)
      .dict();
}

/// Features of a reference, which of its rows count (None: all), and groups, log-weights and
/// clusters of these.
using ReferenceArguments =
    std::tuple<BufferRows::Array, std::optional<RowNumbers>, std::optional<Labels>,
               std::optional<Numbers>, std::optional<Labels>>;

nb::dict evaluate(BufferRows::Array x, Numbers y, std::optional<Labels> groups,
                  std::optional<Numbers> log_weights, std::optional<Labels> clusters,
                  const std::optional<RowNumbers>& kept, std::optional<Labels> folds,
                  std::vector<std::string> fold_names, const std::optional<Numbers>& gold,
                  const std::optional<ReferenceArguments>& more, const nb::dict& values,
                  const nb::object& progress) {
  const TableArguments arguments(std::move(x), std::move(y), std::move(groups),
                                 std::move(log_weights), std::move(clusters), kept,
                                 std::move(folds), std::move(fold_names));
  const RewardTable table = arguments.table();
  const double sd = long_call(nb::none(), [&](const Callbacks&) { return reward_sd(table); });
  const Parameters parameters(values);
  EvaluationOptions options{.training = training_options(parameters, sd)};
  options.folds = parameters.integer("evaluation_folds", 2, 100);
  if (!table.folds.empty() && options.folds != EvaluationOptions{}.folds) {
    throw UsageError(rejection("evaluation_folds", parameters.shown("evaluation_folds"),
                               "fold names the folds already", "leave one of them out"));
  }
  options.bootstrap = bootstrap_of(parameters);
  options.alpha = alpha_of(parameters);
  options.target = target_of(parameters);
  options.best_of = best_of(parameters);
  options.gold = span_of(gold);
  options.enumerated = parameters.flag("enumerated");
  std::optional<BufferRows> pool;
  std::optional<ChosenRows> counted;
  if (more) {
    const auto& [features, rows, more_groups, more_log_weights, more_clusters] = *more;
    pool.emplace(features, "reference");
    if (rows) counted.emplace(*pool, std::vector(rows->data(), rows->data() + rows->shape(0)));
    options.reference.emplace(
        ReferenceRows{counted ? static_cast<const FeatureRows&>(*counted) : *pool,
                      span_of(more_groups), span_of(more_log_weights), span_of(more_clusters)});
  }
  if (!parameters.is("noise", "replicates")) {
    options.label_noise = positive(parameters, "noise", "must be a positive number, or replicates");
  }
  const TableEvaluation evaluation = long_call(progress, [&](const Callbacks& callbacks) {
    options.training.callbacks = callbacks;
    return evaluate_table(table, options);
  });
  return evaluation_record(evaluation, sd);
}

}  // namespace

void bind_evaluation(nb::module_& module) {
  module.def("evaluate", &evaluate, nb::arg("x"), nb::arg("y"), nb::arg("groups").none(),
             nb::arg("log_weights").none(), nb::arg("clusters").none(), nb::arg("kept").none(),
             nb::arg("folds").none(), nb::arg("fold_names"), nb::arg("gold").none(),
             nb::arg("more").none(), nb::arg("parameters"), nb::arg("progress").none());
}

}  // namespace esscher::python
