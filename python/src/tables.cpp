#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "arrays.h"
#include "call.h"
#include "errors.h"
#include "esscher/base/build_info.h"
#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"
#include "esscher/pipeline/reward_choice.h"
#include "esscher/pipeline/table_model.h"
#include "esscher/record/fit_record.h"
#include "esscher/record/table_facts.h"
#include "features_argument.h"
#include "long_call.h"
#include "module.h"
#include "record.h"
#include "table_arguments.h"
#include "training_parameters.h"

namespace esscher::python {
namespace {

std::vector<std::uint64_t> all_rows(const FeatureRows& features) {
  std::vector<std::uint64_t> rows(features.rows());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  return rows;
}

/// Numeric columns by name, as the program records them.
FeatureEncoding encoding_of(const std::vector<std::string>& names, bool named) {
  FeatureEncoding encoding;
  for (const std::string& name : names) {
    encoding.columns.push_back({.name = name});
  }
  if (!named) encoding.array_columns = names.size();
  return encoding;
}

TableFacts facts_of(const RewardTable& table, const std::vector<std::string>& names,
                    const TrainedReward& reward) {
  TableFacts facts;
  facts.rows = table.rewards.size();
  facts.groups = distinct(table.groups);
  facts.features = names;
  if (reward.replicates) facts.remarks.push_back(reward.replicates->text());
  return facts;
}

/// That of the fit; None where the file holds none.
std::optional<std::string> record_fact(const TableModel& model) {
  const auto found = model.facts.find(kRecordFact);
  return found == model.facts.end() ? std::nullopt : std::optional(found->second);
}

TableModel train(FeaturesArgument x, Numbers y, std::optional<Labels> groups,
                 std::optional<Numbers> log_weights, std::optional<Labels> clusters,
                 const std::optional<RowNumbers>& kept, const std::vector<std::string>& names,
                 bool named, const nb::dict& parameters, const Call& call,
                 const nb::object& progress) {
  const TableArguments arguments(std::move(x), std::move(y), std::move(groups),
                                 std::move(log_weights), std::move(clusters), kept);
  RewardTable table = arguments.table();
  table.feature_names = names;
  const double sd = long_call(nb::none(), [&](const Callbacks&) { return reward_sd(table); });
  TrainingOptions options = training_options(Parameters(parameters), sd);
  TableModel model;
  model.reward = long_call(progress, [&](const Callbacks& callbacks) {
    options.callbacks = callbacks;
    return train_reward(table, all_rows(table.features), options);
  });
  model.encoding = encoding_of(names, named);
  model.facts["data"] = "Python";
  model.facts["within_groups"] = table.groups.empty() ? "no" : "yes";
  model.facts["options"] = nb::cast<std::string>(nb::str(parameters));
  model.facts["built_with"] = build_line();
  model.facts[kRecordFact] =
      fit_record(model.reward, names, facts_of(table, names, model.reward), run_of(call));
  return model;
}

/// What rows cost in steps of long_call.h: a row takes values of the kernel at all landmarks and
/// products with columns, a call once more the landmarks into the kernel's metric.
std::uint64_t prediction_steps(const TrainedReward& reward, std::uint64_t rows) {
  const std::uint64_t landmarks = reward.landmarks.rows();
  const std::uint64_t columns = reward.transform.inputs();
  const std::uint64_t row = landmarks * (1 + columns / 32) / 8 + columns / 8 + 1;
  return saturating_product(rows, row) + landmarks * columns / 32 * columns / 32;
}

std::pair<nb::object, std::string> predict(const TableModel& model, FeaturesArgument x,
                                           const nb::dict& values) {
  const Parameters parameters(values);
  const std::string weights = parameters.text("weights");
  std::optional<double> beta;
  if (!parameters.is_none("beta")) {
    beta = parameters.number("beta");
    require_temperature(*beta, "beta");
  }
  const GivenRows given(std::move(x));
  const FeatureRows& features = given.rows();
  if (features.columns() != model.reward.transform.inputs()) {
    throw UsageError(
        rejection("X", std::to_string(features.columns()) + " columns",
                  "the reward was fitted on " + std::to_string(model.reward.transform.inputs())));
  }
  const ChosenReward chosen = choose_reward(model.reward, weights, beta);
  const std::uint64_t steps = prediction_steps(model.reward, features.rows());
  const auto work = [&](const Callbacks& callbacks, int threads) {
    // In blocks, between which a request to stop is heard.
    constexpr std::uint64_t kBlockRows = 8192;
    const std::vector<std::uint64_t> rows = all_rows(features);
    std::vector<double> rewards;
    rewards.reserve(rows.size());
    for (std::uint64_t begin = 0; begin < rows.size() && !callbacks.cancelled();
         begin += kBlockRows) {
      const auto block =
          std::span(rows).subspan(begin, std::min<std::uint64_t>(kBlockRows, rows.size() - begin));
      const std::vector<double> some =
          predict_reward(model.reward, features, block, chosen.column, threads);
      rewards.insert(rewards.end(), some.begin(), some.end());
    }
    return rewards;
  };
  std::vector<double> r = brief_or_long_call(steps, parameters.integer("threads", 0, 1024), work);
  for (std::size_t i = 0; i < r.size(); ++i) {
    if (!std::isfinite(r[i])) {
      throw DataError("X[" + std::to_string(i) +
                      "]: the reward is too large for a number; fit with ceiling=True, or drop "
                      "the row");
    }
  }
  return {owning_array(std::move(r)), in_python_words(chosen.remark)};
}

nb::object deployments_of(const TrainedReward& reward) {
  return list_of(reward.deployments, [&](const Deployment& deployment) {
    return Record()
        .add("weights", fit_weights_name(deployment.weights))
        .add("beta", deployment.beta)
        .add("scale", deployment.scale)
        .add("ess", reward.head_ess.empty() ? std::nullopt
                                            : std::optional(reward.head_ess[deployment.head]))
        .add("reason", deployment.reason);
  });
}

Record kernel_record(const RewardKernel& kernel) {
  return Record().add("name", kernel.name()).add("share", kernel.share);
}

nb::dict reward_facts(const TableModel& model) {
  const TrainedReward& reward = model.reward;
  std::vector<double> errors;
  for (const MetricRound& round : reward.rounds) errors.push_back(round.error);
  std::vector<std::string> remarks;
  if (reward.replicates) remarks.push_back(reward.replicates->text());
  remarks.push_back(reward.transform.remark());
  for (const std::string& remark : reward.remarks) remarks.push_back(in_python_words(remark));
  Record record;
  record.add("reward_mean", reward.reward_mean)
      .add("reward_sd", reward.reward_sd)
      .add("feature_importances", owning_array(reward.importance.columns))
      .add("directions", owning_array(reward.importance.directions))
      .add("deployments", deployments_of(reward))
      .add("kernels", list_of(reward.kernels, kernel_record))
      .add("held_out_errors", owning_array(std::move(errors)))
      .add("chosen_round", reward.chosen_round)
      .add("feature_temperature", finite(reward.feature_temperature))
      .add("landmarks", reward.landmarks.rows())
      .add("penalty", reward.heads.front().penalty)
      .add("linear_penalty", reward.linear.penalty)
      .add("linear_coefficients", owning_array(reward.linear.coefficients))
      .add("remarks", remarks);
  return record.dict();
}

}  // namespace

void bind_tables(nb::module_& module) {
  nb::class_<TableModel>(module, "Reward")
      .def("predict", &predict)
      .def("facts", &reward_facts)
      .def("save",
           [](const TableModel& model, const std::string& path) { save_table_model(path, model); })
      .def_static("load", [](const std::string& path) { return load_table_model(path); })
      .def_prop_ro("record", &record_fact)
      .def_prop_ro("names", [](const TableModel& model) { return model.encoding.feature_names(); })
      .def_prop_ro("array_columns",
                   [](const TableModel& model) { return model.encoding.array_columns; });
  module.def("train", &train, nb::arg("x"), nb::arg("y"), nb::arg("groups").none(),
             nb::arg("log_weights").none(), nb::arg("clusters").none(), nb::arg("kept").none(),
             nb::arg("names"), nb::arg("named"), nb::arg("parameters"), nb::arg("call"),
             nb::arg("progress").none());
}

}  // namespace esscher::python
