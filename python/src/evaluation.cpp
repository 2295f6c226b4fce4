#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.h"
#include "call.h"
#include "esscher/base/error.h"
#include "esscher/pipeline/table_evaluation.h"
#include "esscher/record/evaluation_record.h"
#include "esscher/record/table_facts.h"
#include "evaluation_parameters.h"
#include "long_call.h"
#include "module.h"
#include "table_arguments.h"
#include "training_parameters.h"

namespace esscher::python {
namespace {

TableFacts facts_of(const RewardTable& table, const std::vector<std::string>& names,
                    const TableEvaluation& evaluation) {
  TableFacts facts;
  facts.rows = table.rewards.size();
  facts.groups = distinct(table.groups);
  facts.clusters = distinct(table.clusters);
  facts.features = names;
  if (evaluation.replicates) facts.remarks.push_back(evaluation.replicates->text());
  return facts;
}

std::vector<ColumnBlock> columns_of(const std::vector<std::string>& names) {
  std::vector<ColumnBlock> columns;
  for (const std::string& name : names) columns.push_back({name, columns.size()});
  return columns;
}

/// Features of a reference, which of its rows count (None: all), and groups, log-weights and
/// clusters of these.
using ReferenceArguments =
    std::tuple<FeaturesArgument, std::optional<RowNumbers>, std::optional<Labels>,
               std::optional<Numbers>, std::optional<Labels>>;

/// The record.
std::string evaluate(FeaturesArgument x, Numbers y, std::optional<Labels> groups,
                     std::optional<Numbers> log_weights, std::optional<Labels> clusters,
                     const std::optional<RowNumbers>& kept, std::optional<Labels> folds,
                     std::vector<std::string> fold_names, const std::vector<std::string>& names,
                     const std::optional<Numbers>& gold,
                     const std::optional<ReferenceArguments>& more, const nb::dict& values,
                     const Call& call, const nb::object& progress) {
  const TableArguments arguments(std::move(x), std::move(y), std::move(groups),
                                 std::move(log_weights), std::move(clusters), kept,
                                 std::move(folds), std::move(fold_names));
  RewardTable table = arguments.table();
  table.feature_names = names;
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
  const std::vector<ColumnBlock> columns = columns_of(names);
  options.columns = columns;
  options.enumerated = parameters.flag("enumerated");
  std::optional<GivenRows> pool;
  std::optional<ChosenRows> counted;
  if (more) {
    const auto& [features, rows, more_groups, more_log_weights, more_clusters] = *more;
    pool.emplace(features, "reference");
    if (rows)
      counted.emplace(pool->rows(), std::vector(rows->data(), rows->data() + rows->shape(0)));
    options.reference.emplace(
        ReferenceRows{counted ? static_cast<const FeatureRows&>(*counted) : pool->rows(),
                      span_of(more_groups), span_of(more_log_weights), span_of(more_clusters)});
  }
  if (!parameters.is("noise", "replicates")) {
    options.label_noise = positive(parameters, "noise", ", or replicates");
  }
  const TableEvaluation evaluation = long_call(progress, [&](const Callbacks& callbacks) {
    options.training.callbacks = callbacks;
    return evaluate_table(table, options);
  });
  return evaluation_record(evaluation, sd, facts_of(table, names, evaluation), run_of(call));
}

}  // namespace

void bind_evaluation(nb::module_& module) {
  module.def("evaluate", &evaluate, nb::arg("x"), nb::arg("y"), nb::arg("groups").none(),
             nb::arg("log_weights").none(), nb::arg("clusters").none(), nb::arg("kept").none(),
             nb::arg("folds").none(), nb::arg("fold_names"), nb::arg("names"),
             nb::arg("gold").none(), nb::arg("more").none(), nb::arg("parameters"), nb::arg("call"),
             nb::arg("progress").none());
}

}  // namespace esscher::python
