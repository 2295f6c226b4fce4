#include "esscher/pipeline/table_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/data/interactions.h"
#include "esscher/io/safetensors.h"
#include "pipeline/model_file.h"

namespace esscher {
namespace {

constexpr internal::ModelKind kTableModel{"esscher_table_model", 3, 3, "a reward model of a table"};
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

void add_deployments(Safetensors& content, const TrainedReward& reward) {
  std::vector<double> betas;
  std::vector<double> heads;
  std::vector<double> scales;
  std::string weights;
  std::string reasons;
  for (const Deployment& deployment : reward.deployments) {
    betas.push_back(deployment.beta);
    heads.push_back(static_cast<double>(deployment.head));
    scales.push_back(deployment.scale);
    weights += (weights.empty() ? "" : ",") + std::string(fit_weights_name(deployment.weights));
    reasons += deployment.reason + "\n";
  }
  content.tensors["deployment_betas"] = internal::tensor(std::move(betas));
  content.tensors["deployment_heads"] = internal::tensor(std::move(heads));
  content.tensors["deployment_scales"] = internal::tensor(std::move(scales));
  content.metadata["deployment_weights"] = weights;
  content.metadata["deployment_reasons"] = reasons;
}

void read_deployments(const internal::ModelFile& file, TrainedReward& reward) {
  const std::vector<double> betas = file.vector("deployment_betas");
  const std::vector<double> heads = file.vector("deployment_heads", betas.size());
  const std::vector<double> scales = file.vector("deployment_scales", betas.size());
  const std::vector<std::string> weights =
      internal::split_at_commas(file.fact("deployment_weights"));
  const std::vector<std::string> reasons = split_at_lines(file.fact("deployment_reasons"));
  if (weights.size() != betas.size() || reasons.size() != betas.size()) {
    file.broken("its deployments disagree in number");
  }
  for (std::size_t i = 0; i < betas.size(); ++i) {
    if (!(heads[i] >= 0 && heads[i] < static_cast<double>(reward.heads.size())) ||
        heads[i] != std::floor(heads[i])) {
      file.broken("a deployment names a readout that is not there");
    }
    if (!(scales[i] > 0 && scales[i] <= 1)) file.broken("a deployment's scale is not in (0, 1]");
    try {
      require_temperature(betas[i], "deployment_betas");
      reward.deployments.push_back({parse_fit_weights(weights[i], "deployment_weights"), betas[i],
                                    static_cast<std::size_t>(heads[i]), scales[i], reasons[i]});
    } catch (const UsageError& error) {
      file.broken(error.what());
    }
  }
}

/// "kernel_arc_0", ...
std::string numbered(const char* name, std::size_t number) {
  return std::string("kernel_") + name + "_" + std::to_string(number);
}

void add_kernels(Safetensors& content, const std::vector<RewardKernel>& kernels) {
  std::vector<double> shares;
  std::vector<double> learned;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const MetricKernel::State& kernel = kernels[i].kernel.state();
    const auto add = [&](const char* name, Tensor values) {
      content.tensors[numbered(name, i)] = std::move(values);
    };
    // Quadratic ones have no Laplace kernel.
    if (kernel.diagonal_arc.empty()) {
      add("arc", internal::tensor(kernel.arc));
      if (!kernel.laplace.empty()) add("laplace", internal::tensor(kernel.laplace));
    } else {
      add("diagonal_arc", internal::tensor(kernel.diagonal_arc));
      add("diagonal_laplace", internal::tensor(kernel.diagonal_laplace));
    }
    add("product", internal::tensor(kernel.product));
    add("parts", internal::tensor(std::vector<double>(kernel.shares.begin(), kernel.shares.end())));
    shares.push_back(kernels[i].share);
    learned.push_back(kernels[i].learned ? 1 : 0);
  }
  content.tensors["kernel_shares"] = internal::tensor(std::move(shares));
  content.tensors["kernel_learned"] = internal::tensor(std::move(learned));
}

std::vector<RewardKernel> read_kernels(const internal::ModelFile& file) {
  const std::vector<double> shares = file.vector("kernel_shares");
  const std::vector<double> learned = file.vector("kernel_learned", shares.size());
  if (shares.empty()) file.broken("it has no kernel");
  std::vector<RewardKernel> kernels;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    for (const char* name :
         {"arc", "laplace", "diagonal_arc", "diagonal_laplace", "product", "parts"}) {
      file.require_finite({numbered(name, i).c_str()});
    }
    MetricKernel::State kernel;
    kernel.product = file.vector(numbered("product", i));
    const std::size_t columns = kernel.product.size();
    if (file.holds(numbered("arc", i))) {
      kernel.arc = file.matrix(numbered("arc", i));
      if (file.holds(numbered("laplace", i))) {
        kernel.laplace = file.matrix(numbered("laplace", i));
      }
      if (kernel.arc.rows() != columns) {
        file.broken("its kernel's coordinates have different numbers of columns");
      }
    } else {
      kernel.diagonal_arc = file.vector(numbered("diagonal_arc", i), columns);
      kernel.diagonal_laplace = file.vector(numbered("diagonal_laplace", i));
    }
    std::ranges::copy(file.vector(numbered("parts", i), kernel.shares.size()),
                      kernel.shares.begin());
    if (*std::ranges::min_element(kernel.shares) < 0 ||
        *std::ranges::max_element(kernel.shares) <= 0) {
      file.broken("tensor " + numbered("parts", i) +
                  " must be positive somewhere, and nowhere negative");
    }
    const bool quadratic = kernel.shares[3] > 0;
    const std::size_t rough = quadratic ? 0 : columns;
    if (kernel.laplace.rows() + kernel.diagonal_laplace.size() != rough) {
      file.broken("its kernel's coordinates have different numbers of columns");
    }
    kernels.push_back({MetricKernel(std::move(kernel)), learned[i] != 0, shares[i]});
  }
  return kernels;
}

void add_rounds(Safetensors& content, const TrainedReward& reward) {
  std::vector<double> errors;
  std::vector<double> penalties;
  for (const MetricRound& round : reward.rounds) {
    errors.push_back(round.error);
    penalties.push_back(round.penalty);
  }
  content.tensors["round_errors"] = internal::tensor(std::move(errors));
  content.tensors["round_penalties"] = internal::tensor(std::move(penalties));
  content.tensors["chosen_round"] =
      internal::tensor(single(static_cast<double>(reward.chosen_round)));
}

void read_rounds(const internal::ModelFile& file, TrainedReward& reward) {
  const std::vector<double> errors = file.vector("round_errors");
  const std::vector<double> penalties = file.vector("round_penalties", errors.size());
  for (std::size_t i = 0; i < errors.size(); ++i) {
    reward.rounds.push_back({penalties[i], errors[i]});
  }
  const double chosen = file.vector("chosen_round", 1)[0];
  if (!(chosen >= 0 && chosen < static_cast<double>(errors.size()))) {
    file.broken("its chosen round is not there");
  }
  reward.chosen_round = static_cast<std::size_t>(chosen);
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
  internal::add_format(content, kTableModel);
  add_kernels(content, reward.kernels);
  content.tensors["landmarks"] = internal::tensor(reward.landmarks);
  internal::add_heads(content, reward.heads, reward.kernels.size() * reward.landmarks.rows());
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
  content.tensors["floor"] = internal::tensor(single(reward.floor.value_or(-kNone)));
  content.tensors["reward_mean"] = internal::tensor(single(reward.reward_mean));
  content.tensors["feature_temperature"] = internal::tensor(single(reward.feature_temperature));
  content.tensors["importance"] = internal::tensor(reward.importance.columns);
  content.tensors["importance_directions"] = internal::tensor(reward.importance.directions);
  add_rounds(content, reward);
  add_deployments(content, reward);
  write_safetensors(path, content);
}

TableModel load_table_model(const std::string& path) {
  const internal::ModelFile file(path, kTableModel);
  file.require_finite({"transform_mean", "transform_scale", "transform_directions", "linear",
                       "linear_intercept", "reward_range", "reward_knots", "reward_ranks",
                       "reward_sd", "reward_mean", "head_ess", "landmarks", "kernel_shares",
                       "importance", "importance_directions", "round_errors", "round_penalties",
                       "deployment_scales"});
  TableModel model;
  TrainedReward& reward = model.reward;
  model.encoding = FeatureEncoding::from_json(file.fact("encoding"), path);
  model.interactions = read_interactions(file);
  reward.kernels = read_kernels(file);
  reward.landmarks = file.matrix("landmarks");
  reward.heads = file.heads(reward.kernels.size() * reward.landmarks.rows());
  if (reward.heads.empty()) file.broken("it has no readout");
  reward.transform = read_transform(file);
  reward.reward_transform = read_reward_transform(file);
  const std::size_t inputs = model.interactions == 2 ? interaction_columns(model.encoding.blocks())
                                                     : model.encoding.width();
  if (reward.transform.inputs() != inputs ||
      reward.landmarks.columns() != reward.transform.outputs() ||
      !std::ranges::all_of(reward.kernels, [&](const RewardKernel& kernel) {
        return kernel.kernel.columns() == reward.transform.outputs();
      })) {
    file.broken("its encoding, transform, kernel and landmarks do not fit together");
  }
  reward.head_ess = file.vector("head_ess", reward.heads.size());
  reward.linear.coefficients = file.vector("linear", reward.transform.outputs());
  reward.linear.intercept = file.vector("linear_intercept", 1)[0];
  reward.linear.penalty = file.vector("linear_penalty", 1)[0];
  reward.ceiling = optional(file.vector("ceiling", 1)[0]);
  if (!reward.ceiling && file.vector("ceiling", 1)[0] != kNone)
    file.broken("its ceiling is no number");
  reward.reward_sd = file.vector("reward_sd", 1)[0];
  reward.floor = optional(file.vector("floor", 1)[0]);
  reward.reward_mean = file.vector("reward_mean", 1)[0];
  reward.feature_temperature = file.vector("feature_temperature", 1)[0];
  if (!(reward.feature_temperature > 0)) file.broken("its feature temperature is not positive");
  reward.importance.columns = file.vector("importance", inputs);
  reward.importance.directions = file.vector("importance_directions");
  read_rounds(file, reward);
  read_deployments(file, reward);
  for (const auto& [key, value] : file.facts()) {
    const bool own = internal::is_own_key(kTableModel, key) ||
                     std::ranges::find(kOwnFacts, key) != kOwnFacts.end();
    if (!own) model.facts[key] = value;
  }
  return model;
}

}  // namespace esscher
