#include "table_predictions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/pipeline/reward_choice.h"
#include "esscher/pipeline/table_model.h"

namespace esscher::app {
namespace {

/// In the reward's unit, where it was given.
std::optional<double> given_beta(const PredictionArguments& arguments,
                                 const TrainedReward& reward) {
  if (arguments.beta_unit != "reward" && arguments.beta_unit != "sd") {
    throw UsageError(rejection("--beta-unit", arguments.beta_unit, "must be reward or sd"));
  }
  std::optional<double> beta;
  if (!arguments.beta.empty()) {
    beta = parse_number(arguments.beta, "--beta");
    if (arguments.beta_unit == "sd") *beta *= reward.reward_sd;
  }
  return beta;
}

/// That of the only temperature of a model.
std::optional<double> only_beta(const TrainedReward& reward) {
  std::optional<double> only;
  for (const Deployment& deployment : reward.deployments) {
    if (only && *only != deployment.beta) return std::nullopt;
    only = deployment.beta;
  }
  return only;
}

}  // namespace

void PredictionArguments::define(CLI::App& command) {
  command.add_option("model", model, "model of 'esscher fit'")->type_name("MODEL")->required();
  command
      .add_option("data", data,
                  std::string("features, by the names that the model was fitted on: ") + kDataFiles)
      ->type_name("DATA")
      ->required();
  command.add_option("--table", table, "text table whose rows lie beside those of DATA")
      ->type_name("FILE");
  command
      .add_option("--embeddings-key", embeddings_key, "the features in an npz or safetensors file")
      ->type_name("KEY")
      ->capture_default_str();
  command
      .add_option("--weights", weights,
                  "which readout: auto, uniform, label, surrogate; or linear, the baseline")
      ->type_name("KIND")
      ->capture_default_str();
  command.add_flag("--skip-unknown", skip_unknown,
                   "leaves out rows with letters or categories that the model was not fitted on");
  for (Setting& setting : format) {
    command.add_option("--" + setting.name, setting.value, setting.help)
        ->type_name(setting.type)
        ->default_str(setting.value);
  }
  command.add_option("--threads", threads, "threads, 0 for all cores")
      ->type_name("N")
      ->capture_default_str();
}

int PredictionArguments::thread_count() const {
  return static_cast<int>(parse_integer(threads, "--threads", 0, 1024));
}

Predictions predict_table(const PredictionArguments& arguments, const std::string& group,
                          const std::string& weight) {
  const TableModel model = load_table_model(arguments.model);
  const std::optional<double> beta = given_beta(arguments, model.reward);
  const ChosenReward chosen = choose_reward(model.reward, arguments.weights, beta);
  const std::optional<double> told = beta ? beta : only_beta(model.reward);
  if (arguments.draws_at_beta && !told) {
    throw UsageError(
        "--beta: missing; the model holds several temperatures, or none: say at which its policy "
        "draws");
  }
  const int threads = arguments.thread_count();
  DatasetOptions options;
  options.data = arguments.data;
  options.table = arguments.table;
  options.format = read_table_format(arguments.format);
  options.embeddings_key = arguments.embeddings_key;
  options.group = group;
  options.weight = weight;
  options.drop_unknown_levels = arguments.skip_unknown;
  Predictions result{.dataset = load_features(options, model.encoding)};
  result.beta = told;
  result.remarks = result.dataset.remarks;
  if (!chosen.remark.empty()) result.remarks.push_back(chosen.remark);
  const auto features = with_interactions(result.dataset, model.interactions);
  if (features->columns() != model.reward.transform.inputs()) {
    throw DataError(rejection("model", arguments.model, "takes another number of features"));
  }
  const auto within = model.facts.find("within_groups");
  result.within_groups = within != model.facts.end() && within->second == "yes";
  // In blocks, so that a file of any size needs little memory; 8 bytes a row are kept.
  constexpr std::uint64_t kBlockRows = 8192;
  const std::uint64_t n = features->rows();
  result.rewards.reserve(n);
  for (std::uint64_t begin = 0; begin < n; begin += kBlockRows) {
    std::vector<std::uint64_t> rows(std::min(kBlockRows, n - begin));
    std::iota(rows.begin(), rows.end(), begin);
    const std::vector<double> block =
        predict_reward(model.reward, *features, rows, chosen.column, threads);
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (!std::isfinite(block[i])) {
        throw DataError("row " + std::to_string(result.dataset.source_rows[begin + i] + 1) +
                        ": the reward is too large for a number; fit without --no-ceiling, or drop "
                        "the row");
      }
      result.rewards.push_back(block[i]);
    }
  }
  return result;
}

}  // namespace esscher::app
