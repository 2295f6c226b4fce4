#include "table_predictions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/pipeline/table_model.h"

namespace esscher::app {
namespace {

/// Column of predict_rewards() that was asked for; \p remark says so where that was open.
std::size_t find_column(const PredictionArguments& arguments, const TrainedReward& reward,
                        std::string& remark) {
  const bool open = arguments.beta.empty();
  if (arguments.beta_unit != "reward" && arguments.beta_unit != "sd") {
    throw UsageError(rejection("--beta-unit", arguments.beta_unit, "must be reward or sd"));
  }
  double beta = open ? 0 : parse_number(arguments.beta, "--beta");
  if (arguments.beta_unit == "sd") beta *= reward.reward_sd;
  if (!open) require_temperature(beta, "--beta");
  if (arguments.weights == "linear") return TrainedReward::kLinear;
  const FitWeights weights = [&] {
    try {
      return parse_fit_weights(arguments.weights, "--weights");
    } catch (const UsageError& error) {
      throw UsageError(std::string(error.what()) + "; or linear, the baseline");
    }
  }();
  if (weights == FitWeights::uniform) return TrainedReward::kUniform;
  std::vector<const Deployment*> held;
  std::string names;
  for (const Deployment& deployment : reward.deployments) {
    if (deployment.weights != weights) continue;
    // Temperatures are printed with four digits, and typed so.
    if (std::abs(beta - deployment.beta) <= 1e-3 * deployment.beta)
      return reward.column(weights, deployment.beta);
    names += (names.empty() ? "" : ", ") + number_text(deployment.beta, 4);
    held.push_back(&deployment);
  }
  if (open && held.size() == 1) return reward.column(weights, held.front()->beta);
  // A model of equal weights alone, such as one of pairs, has one reward for every temperature.
  const bool equal_alone = std::ranges::all_of(
      reward.deployments,
      [](const Deployment& deployment) { return deployment.weights == FitWeights::uniform; });
  if (weights == FitWeights::automatic && equal_alone) return TrainedReward::kUniform;
  if (held.empty()) {
    throw UsageError(rejection("--weights", arguments.weights, "the model holds no such readout",
                               "fit one with --weights " + arguments.weights));
  }
  if (open && weights == FitWeights::automatic) {
    remark =
        "no --beta: rewards by equal weights, which are for no temperature; the model holds auto "
        "weights for " +
        names;
    return TrainedReward::kUniform;
  }
  const std::string remedy = "the model holds " + arguments.weights + " weights for " + names;
  throw UsageError(
      open ? "--beta: missing; " + remedy
           : rejection("--beta", arguments.beta, "no readout was fitted for it", remedy));
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
  std::string open_choice;
  const std::size_t column = find_column(arguments, model.reward, open_choice);
  const int threads = arguments.thread_count();
  DatasetOptions options;
  options.data = arguments.data;
  options.table = arguments.table;
  options.format = read_table_format(arguments.format);
  options.embeddings_key = arguments.embeddings_key;
  options.group = group;
  options.weight = weight;
  Predictions result{load_features(options, model.encoding)};
  result.remarks = result.dataset.remarks;
  if (!open_choice.empty()) result.remarks.push_back(std::move(open_choice));
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
        predict_reward(model.reward, *features, rows, column, threads);
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
