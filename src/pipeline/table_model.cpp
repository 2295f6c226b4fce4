#include "esscher/pipeline/table_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/data/interactions.h"
#include "esscher/data/safetensors.h"
#include "pipeline/model_file.h"

namespace esscher {
namespace {

constexpr internal::ModelKind kTableModel{"esscher_table_model", 1, "a reward model of a table"};
constexpr std::array<std::string_view, 6> kOwnFacts{"encoding",           "transform",
                                                    "interactions",       "reward_transform",
                                                    "deployment_weights", "deployment_reasons"};
constexpr double kNone = std::numeric_limits<double>::infinity();

std::vector<std::string> split_at_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<double> single(double value) { return {value}; }

std::optional<double> optional(double stored) {
  return std::isfinite(stored) ? std::optional(stored) : std::nullopt;
}

/// Which readouts each deployment is the mean of: deployments x heads, 0 or 1.
constexpr const char* kMembers = "deployment_members";

void add_deployments(Safetensors& content, const TrainedReward& reward) {
  std::vector<double> betas;
  Matrix<double> members(reward.deployments.size(), reward.heads.size());
  std::string weights;
  std::string reasons;
  for (const Deployment& deployment : reward.deployments) {
    for (const std::size_t head : deployment.heads) members(betas.size(), head) = 1;
    betas.push_back(deployment.beta);
    weights += (weights.empty() ? "" : ",") + std::string(fit_weights_name(deployment.weights));
    reasons += deployment.reason + "\n";
  }
  content.tensors["deployment_betas"] = internal::tensor(std::move(betas));
  content.tensors[kMembers] = internal::tensor(members);
  content.metadata["deployment_weights"] = weights;
  content.metadata["deployment_reasons"] = reasons;
}

/// The heads that a row of the members names, the lowest weight temperature first.
std::vector<std::size_t> members_of(std::span<const double> row, const TrainedReward& reward,
                                    const internal::ModelFile& file) {
  std::vector<std::size_t> heads;
  for (std::size_t h = 0; h < row.size(); ++h) {
    if (row[h] != 0 && row[h] != 1) file.broken("a deployment's members are neither 0 nor 1");
    if (row[h] == 1) heads.push_back(h);
  }
  if (heads.empty()) file.broken("a deployment has no readout");
  std::ranges::sort(heads, {}, [&](std::size_t h) {
    return std::pair(reward.heads[h].weight_temperature.value_or(kNone), h);
  });
  return heads;
}

void read_deployments(const internal::ModelFile& file, TrainedReward& reward) {
  const std::vector<double> betas = file.vector("deployment_betas");
  const Matrix<double> members = file.matrix(kMembers);
  const std::vector<std::string> weights =
      internal::split_at_commas(file.fact("deployment_weights"));
  const std::vector<std::string> reasons = split_at_lines(file.fact("deployment_reasons"));
  if (weights.size() != betas.size() || reasons.size() != betas.size() ||
      members.rows() != betas.size() || members.columns() != reward.heads.size()) {
    file.broken("its deployments disagree in number");
  }
  for (std::size_t i = 0; i < betas.size(); ++i) {
    try {
      require_temperature(betas[i], "deployment_betas");
      reward.deployments.push_back({parse_fit_weights(weights[i], "deployment_weights"), betas[i],
                                    members_of(members.row(i), reward, file), reasons[i]});
    } catch (const UsageError& error) {
      file.broken(error.what());
    }
  }
}

FeatureTransform read_transform(const internal::ModelFile& file) {
  FeatureTransform transform;
  try {
    transform.kind = parse_transform(file.fact("transform"), "transform");
  } catch (const UsageError& error) {
    file.broken(error.what());
  }
  transform.mean = file.vector("transform_mean");
  transform.scale = file.vector("transform_scale", transform.mean.size());
  if (transform.kind == TransformKind::whiten) {
    transform.directions = file.matrix("transform_directions");
    if (transform.directions.rows() != transform.mean.size()) {
      file.broken("its transform's directions have another number of inputs");
    }
  }
  transform.shrinkage = file.vector("transform_shrinkage", 1)[0];
  return transform;
}

void add_reward_transform(Safetensors& content, const RewardTransform& transform) {
  if (transform.request.kind == RewardTransformKind::none) return;
  content.metadata["reward_transform"] = transform.request.text();
  content.tensors["reward_range"] =
      internal::tensor(std::vector<double>{transform.low, transform.high});
  if (transform.request.kind == RewardTransformKind::rank) {
    content.tensors["reward_knots"] = internal::tensor(transform.knots);
    content.tensors["reward_ranks"] = internal::tensor(transform.ranks);
  }
}

RewardTransform read_reward_transform(const internal::ModelFile& file) {
  RewardTransform transform;
  if (!file.facts().contains("reward_transform")) return transform;
  try {
    transform.request = parse_reward_transform(file.fact("reward_transform"), "reward_transform");
  } catch (const UsageError& error) {
    file.broken(error.what());
  }
  const std::vector<double> range = file.vector("reward_range", 2);
  transform.low = range[0];
  transform.high = range[1];
  if (transform.request.kind == RewardTransformKind::rank) {
    transform.knots = file.vector("reward_knots");
    transform.ranks = file.vector("reward_ranks", transform.knots.size());
    if (transform.knots.empty() || !std::ranges::is_sorted(transform.knots) ||
        !std::ranges::is_sorted(transform.ranks)) {
      file.broken("its ranks of rewards are not in order");
    }
  }
  return transform;
}

int read_interactions(const internal::ModelFile& file) {
  if (!file.facts().contains("interactions")) return 1;
  const std::string order = file.fact("interactions");
  if (order != "1" && order != "2") file.broken("its order of interactions is neither 1 nor 2");
  return order == "2" ? 2 : 1;
}

}  // namespace

void save_table_model(const std::string& path, const TableModel& model) {
  const TrainedReward& reward = model.reward;
  Safetensors content;
  content.metadata = model.facts;
  internal::add_model(content, kTableModel, reward.first, reward.heads);
  content.metadata["encoding"] = model.encoding.to_json();
  content.metadata["interactions"] = std::to_string(model.interactions);
  add_reward_transform(content, reward.reward_transform);
  content.metadata["transform"] = transform_name(reward.transform.kind);
  content.tensors["transform_mean"] = internal::tensor(reward.transform.mean);
  content.tensors["transform_scale"] = internal::tensor(reward.transform.scale);
  content.tensors["transform_shrinkage"] = internal::tensor(single(reward.transform.shrinkage));
  if (reward.transform.kind == TransformKind::whiten) {
    content.tensors["transform_directions"] = internal::tensor(reward.transform.directions);
  }
  content.tensors["head_ess"] = internal::tensor(reward.head_ess);
  content.tensors["linear"] = internal::tensor(reward.linear.coefficients);
  content.tensors["linear_intercept"] = internal::tensor(single(reward.linear.intercept));
  content.tensors["linear_penalty"] = internal::tensor(single(reward.linear.penalty));
  content.tensors["ceiling"] = internal::tensor(single(reward.ceiling.value_or(kNone)));
  content.tensors["reward_sd"] = internal::tensor(single(reward.reward_sd));
  content.tensors["feature_temperature"] =
      internal::tensor(single(reward.feature_temperature.value_or(kNone)));
  content.tensors["epochs"] = internal::tensor(single(reward.epochs));
  add_deployments(content, reward);
  write_safetensors(path, content);
}

TableModel load_table_model(const std::string& path) {
  const internal::ModelFile file(path, kTableModel);
  file.require_finite({"transform_mean", "transform_scale", "transform_directions", "linear",
                       "linear_intercept", "reward_range", "reward_knots", "reward_ranks",
                       "reward_sd", "head_ess"});
  TableModel model;
  TrainedReward& reward = model.reward;
  model.encoding = FeatureEncoding::from_json(file.fact("encoding"), path);
  model.interactions = read_interactions(file);
  reward.first = file.first_layer();
  reward.heads = file.heads(reward.first.width());
  if (reward.heads.empty()) file.broken("it has no readout");
  reward.transform = read_transform(file);
  reward.reward_transform = read_reward_transform(file);
  const std::size_t inputs = model.interactions == 2 ? interaction_columns(model.encoding.blocks())
                                                     : model.encoding.width();
  if (reward.transform.inputs() != inputs ||
      reward.transform.outputs() != reward.first.weights.columns()) {
    file.broken("its encoding, transform and first layer do not fit together");
  }
  reward.head_ess = file.vector("head_ess", reward.heads.size());
  reward.linear.coefficients = file.vector("linear", reward.transform.outputs());
  reward.linear.intercept = file.vector("linear_intercept", 1)[0];
  reward.linear.penalty = file.vector("linear_penalty", 1)[0];
  reward.ceiling = optional(file.vector("ceiling", 1)[0]);
  if (!reward.ceiling && file.vector("ceiling", 1)[0] != kNone)
    file.broken("its ceiling is no number");
  reward.reward_sd = file.vector("reward_sd", 1)[0];
  reward.feature_temperature = optional(file.vector("feature_temperature", 1)[0]);
  const double epochs = file.vector("epochs", 1)[0];
  if (!(epochs >= 1 && epochs <= 1e6))
    file.broken("its number of epochs is " + number_text(epochs));
  reward.epochs = static_cast<int>(epochs);
  read_deployments(file, reward);
  for (const auto& [key, value] : file.facts()) {
    const bool own = internal::is_own_key(kTableModel, key) ||
                     std::ranges::find(kOwnFacts, key) != kOwnFacts.end();
    if (!own) model.facts[key] = value;
  }
  return model;
}

}  // namespace esscher
