#include "esscher/pipeline/table_training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/data/folds.h"
#include "esscher/data/row_order.h"
#include "pipeline/readouts.h"
#include "pipeline/training_labels.h"
#include "pipeline/transform_choice.h"
#include "pipeline/transformed_rows.h"

namespace esscher {
namespace {

constexpr std::array<std::pair<FitWeights, const char*>, 4> kNames = {{
    {FitWeights::uniform, "uniform"},
    {FitWeights::label, "label"},
    {FitWeights::surrogate, "surrogate"},
    {FitWeights::automatic, "auto"},
}};

/// \throws UsageError for a value that is there twice
template <class T, class Text>
void require_distinct(const std::vector<T>& values, const char* field, Text text) {
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) ==
        values.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    throw UsageError(rejection(field, text(values[i]), "is there twice", "name it once"));
  }
}

void validate(const TrainingOptions& options) {
  if (options.weights.empty()) throw UsageError(rejection("--weights", "''", "names no weights"));
  if (options.deployment_temperatures.empty()) {
    throw UsageError(rejection("--beta", "''", "must hold at least one temperature"));
  }
  for (const double beta : options.deployment_temperatures) require_temperature(beta, "--beta");
  require_distinct(options.deployment_temperatures, "--beta", [](double beta) { return beta; });
  require_distinct(options.weights, "--weights", fit_weights_name);
  if (options.feature_temperature) {
    require_temperature(*options.feature_temperature, "--feature-temperature");
  }
  if (options.weight_temperature) {
    require_temperature(*options.weight_temperature, "--weight-temperature");
  }
  if (options.epochs < 0 || options.epochs > 1'000'000) {
    throw UsageError(rejection("--epochs", options.epochs, "must lie in [1, 1000000], or be auto"));
  }
  if (!(options.readout_bias_range >= 0 && std::isfinite(options.readout_bias_range))) {
    throw UsageError(rejection("--readout-bias-range", options.readout_bias_range,
                               "must be finite and not negative"));
  }
  if (options.ridge.rule == PenaltyRule::kfold) {
    throw UsageError(
        rejection("--penalty", "kfold", "is for simulations only", "take gcv, or a number"));
  }
}

void require_groups(const TrainingOptions& options, const RewardTable& table) {
  if (options.loss == ReadoutLoss::preferences && table.groups.empty()) {
    throw UsageError(rejection("--loss", "preferences", "compares candidates of one group",
                               "name the column of groups with --group"));
  }
}

/// All that stage 1 needs to know beside the rows.
FeatureOptions feature_options(const TrainingOptions& options, std::size_t rows,
                               std::size_t coordinates, double inverse_temperature) {
  FeatureOptions features{.model = {parse_link("identity"), Noise{}}};
  features.dim = coordinates;
  features.width = options.width;
  features.activation = options.activation;
  features.engine = Engine::direct;
  features.schedule = Schedule::multi_pass;
  features.samples = rows;
  features.batch = std::min<std::uint64_t>(options.batch, rows);
  features.epochs = options.epochs > 0
                        ? options.epochs
                        : static_cast<int>(std::clamp<std::uint64_t>(100'000 / rows, 2, 10));
  features.step_size = default_step_size(options.step_scale, features.batch, coordinates, 1);
  features.cooldown = options.cooldown;
  features.stop_when_settled = false;
  features.seed = options.seed;
  features.threads = options.threads;
  features.callbacks = options.callbacks;
  features.label.weighting = inverse_temperature > 0 ? options.weighting : Weighting::none;
  if (inverse_temperature > 0) features.label.inverse_temperature = inverse_temperature;
  return features;
}

/// With one coordinate there is no direction to learn: neurons look up it or down it.
FirstLayer one_coordinate(const TrainingOptions& options) {
  FirstLayer layer{1, Matrix<double>(options.width, 1), std::vector<double>(options.width),
                   options.activation,
                   mixture_coefficients(options.activation, options.width, options.seed)};
  RandomStream(options.seed, "stage1/rows").fill_sign(0, layer.weights.values());
  RandomStream(options.seed, "stage1/bias").fill_normal(0, layer.biases);
  return layer;
}

void fit_linear(const internal::TransformedRows& rows, const internal::TrainingLabels& labels,
                const TrainingOptions& options, TrainedReward& reward) {
  RidgeOptions ridge = options.ridge;
  ridge.threads = options.threads;
  ridge.callbacks = options.callbacks;
  // A penalty given for preferences is on another scale.
  if (options.loss == ReadoutLoss::preferences) ridge.rule = PenaltyRule::gcv;
  const RidgeFit fit = fit_ridge(internal::LinearRows(rows), labels.values(),
                                 labels.even_log_weights(), ridge, labels.groups());
  reward.linear.coefficients = fit.coefficients;
  for (double& a : reward.linear.coefficients) a *= labels.sd();
  reward.linear.intercept = labels.mean() + labels.sd() * fit.intercept;
  reward.linear.penalty = fit.penalty;
}

/// The rewards that are regressed: transformed ones of the training rows, in their places.
std::vector<double> transformed_rewards(const RewardTable& table,
                                        std::span<const std::uint64_t> rows,
                                        const RewardTransformRequest& request,
                                        TrainedReward& reward) {
  const bool invertible = request.kind == RewardTransformKind::clip || table.groups.empty();
  if (!invertible) {
    throw UsageError(rejection("--reward-transform", request.text(),
                               "cannot be undone where only differences within groups are learned",
                               "take clip, or transform the rewards in the table"));
  }
  std::vector<double> y;
  std::vector<double> log_weights;
  for (const std::uint64_t row : rows) {
    y.push_back(table.rewards[row]);
    if (!table.log_weights.empty()) log_weights.push_back(table.log_weights[row]);
  }
  reward.reward_transform = fit_reward_transform(request, y, log_weights, rows);
  std::vector<double> targets(table.rewards.size());
  for (std::size_t i = 0; i < rows.size(); ++i) targets[rows[i]] = reward.reward_transform(y[i]);
  return targets;
}

/// Of which readouts a column of predict_rewards() is the mean; none for the linear baseline.
std::vector<std::size_t> heads_of_column(const TrainedReward& reward, std::size_t column) {
  if (column == TrainedReward::kUniform) return {0};
  if (column == TrainedReward::kLinear) return {};
  const std::size_t deployment = column - TrainedReward::kFirstDeployment;
  if (deployment >= reward.deployments.size()) {
    throw UsageError(rejection("column", std::to_string(column),
                               "there are " + std::to_string(TrainedReward::kFirstDeployment +
                                                             reward.deployments.size())));
  }
  return reward.deployments[deployment].heads;
}

Matrix<double> predict_columns(const TrainedReward& reward, const FeatureRows& features,
                               std::span<const std::uint64_t> rows,
                               std::span<const std::size_t> columns, int threads) {
  Matrix<double> out(rows.size(), columns.size());
  std::vector<std::vector<std::size_t>> columns_of(reward.heads.size());
  std::vector<double> shares(columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const std::vector<std::size_t> heads = heads_of_column(reward, columns[c]);
    for (const std::size_t head : heads) columns_of[head].push_back(c);
    if (!heads.empty()) shares[c] = 1.0 / static_cast<double>(heads.size());
  }
  const auto as_reward = [&](double value, bool bounded) {
    const bool cut = bounded && reward.ceiling && value > *reward.ceiling;
    return reward.reward_transform.inverse(cut ? *reward.ceiling : value);
  };
  // Undone, what a linear reward extrapolates may grow without bound.
  const bool bound_linear = reward.reward_transform.request.kind == RewardTransformKind::log1p;
  constexpr std::uint64_t kChunkRows = 512;
  parallel_for_chunks(
      ChunkGrid(rows.size(), kChunkRows), {threads, "predictions", {}}, [&](const Chunk& chunk) {
        const internal::TransformedRows x(features, rows.subspan(chunk.begin, chunk.size()),
                                          reward.transform, 1);
        std::optional<internal::HiddenRows> hidden;
        for (std::size_t h = 0; h < reward.heads.size(); ++h) {
          if (columns_of[h].empty()) continue;
          if (!hidden) hidden.emplace(x, reward.first, 1);
          const RewardHead& head = reward.heads[h];
          const std::vector<double> values = predict(*hidden, head.readout, head.intercept, 1);
          for (std::size_t i = 0; i < values.size(); ++i) {
            const double value = as_reward(values[i], true);
            for (const std::size_t c : columns_of[h]) out(chunk.begin + i, c) += shares[c] * value;
          }
        }
        for (std::size_t c = 0; c < columns.size(); ++c) {
          if (columns[c] != TrainedReward::kLinear) continue;
          const std::vector<double> values = predict(
              internal::LinearRows(x), reward.linear.coefficients, reward.linear.intercept, 1);
          for (std::size_t i = 0; i < values.size(); ++i) {
            out(chunk.begin + i, c) = as_reward(values[i], bound_linear);
          }
        }
      });
  return out;
}

}  // namespace

std::string_view fit_weights_name(FitWeights weights) {
  for (const auto& [known, name] : kNames) {
    if (known == weights) return name;
  }
  throw InternalError("fit weights without a name");
}

FitWeights parse_fit_weights(std::string_view text, std::string_view field) {
  std::vector<std::string> names;
  for (const auto& [weights, name] : kNames) {
    if (text == name) return weights;
    names.emplace_back(name);
  }
  const std::string nearest = nearest_name(text, names);
  throw UsageError(rejection(field, text, "must be uniform, label, surrogate or auto",
                             nearest.empty() ? "" : "did you mean " + nearest + "?"));
}

ReadoutLoss parse_readout_loss(std::string_view text, std::string_view field) {
  if (text == "squared") return ReadoutLoss::squared;
  if (text == "preferences") return ReadoutLoss::preferences;
  const std::string nearest = nearest_name(text, {"squared", "preferences"});
  throw UsageError(rejection(field, text, "must be squared or preferences",
                             nearest.empty() ? "" : "did you mean " + nearest + "?"));
}

std::size_t TrainedReward::column(FitWeights weights, double beta) const {
  for (std::size_t i = 0; i < deployments.size(); ++i) {
    if (deployments[i].weights == weights && deployments[i].beta == beta) {
      return kFirstDeployment + i;
    }
  }
  throw UsageError(rejection(
      "beta", beta,
      "no readout was fitted for it with " + std::string(fit_weights_name(weights)) + " weights"));
}

TrainedReward train_reward(const RewardTable& table, std::span<const std::uint64_t> rows,
                           const TrainingOptions& options) {
  validate(options);
  require_groups(options, table);
  TrainedReward reward;
  const internal::TrainingLabels labels(table, rows);
  std::vector<double> transformed;
  RewardTable regressed = table;
  if (options.reward_transform.kind != RewardTransformKind::none) {
    transformed = transformed_rewards(table, rows, options.reward_transform, reward);
    regressed.rewards = transformed;
  }
  const internal::TrainingLabels targets(regressed, rows);
  const std::vector<std::uint32_t> folds =
      assign_folds(rows.size(), labels.groups(), options.folds, options.seed);
  reward.reward_sd = labels.sd();
  if (options.ceiling && labels.groups().empty()) {
    reward.ceiling = targets.mean() + targets.sd() * targets.greatest();
  }

  TransformOptions transform;
  if (options.transform) {
    transform.kind = *options.transform;
  } else {
    const internal::TransformChoice choice = internal::choose_transform(table, rows, options);
    if (options.callbacks.cancelled()) return reward;
    transform.kind = choice.kind;
    reward.transform_reason = choice.reason;
  }
  transform.threads = options.threads;
  transform.callbacks = options.callbacks;
  reward.transform = fit_transform(table.features, rows, labels.log_weights(), transform);
  if (reward.transform.cancelled) return reward;
  const internal::TransformedRows x(table.features, rows, reward.transform, options.threads);

  double inverse_temperature = 0;
  if (options.weighting != Weighting::none) {
    const double temperature = options.feature_temperature
                                   ? *options.feature_temperature / labels.sd()
                                   : targets.bearable_temperature(x.columns() + 1);
    if (std::isfinite(temperature)) {
      inverse_temperature = 1 / temperature;
      reward.feature_temperature = temperature * labels.sd();
    } else {
      reward.remarks.emplace_back(
          "Stage 1 took no weights: the rewards' upper tail is so heavy that at 16 standard "
          "deviations too few rows would carry them.");
    }
  }
  if (x.columns() == 1) {
    reward.first = one_coordinate(options);
    reward.epochs = 1;
    reward.feature_temperature.reset();
    reward.remarks.emplace_back("There is one feature, so that stage 1 has no direction to learn.");
  } else {
    FeatureOptions stage = feature_options(options, rows.size(), x.columns(), inverse_temperature);
    reward.epochs = stage.epochs;
    targets.standardise(stage.label);
    std::vector<std::uint64_t> positions(rows.size());
    std::iota(positions.begin(), positions.end(), std::uint64_t{0});
    const internal::OrderedSamples samples(x,
                                           row_order(positions, labels.log_weights(), options.seed),
                                           targets.values(), stage.batch, options.threads);
    reward.first = learn_features(stage, samples).layer;
    if (options.callbacks.cancelled()) return reward;
  }
  if (options.readout_bias_range > 0) {
    RandomStream(options.seed, "stage2/bias").fill_uniform(0, reward.first.biases);
    for (double& bias : reward.first.biases) bias = options.readout_bias_range * (2 * bias - 1);
  }

  const internal::HiddenRows hidden(x, reward.first, options.threads);
  internal::Readouts readouts(hidden, targets, labels, folds, options, reward);
  for (const FitWeights weights : options.weights) {
    for (const double beta : options.deployment_temperatures) {
      if (options.callbacks.cancelled()) return reward;
      reward.deployments.push_back(readouts.deploy(weights, beta));
    }
  }
  readouts.add_remarks();
  fit_linear(x, targets, options, reward);
  return reward;
}

double reward_sd(const RewardTable& table) {
  std::vector<std::uint64_t> rows(table.rewards.size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  return internal::TrainingLabels(table, rows).sd();
}

Matrix<double> predict_rewards(const TrainedReward& reward, const FeatureRows& features,
                               std::span<const std::uint64_t> rows, int threads) {
  std::vector<std::size_t> columns(TrainedReward::kFirstDeployment + reward.deployments.size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  return predict_columns(reward, features, rows, columns, threads);
}

std::vector<double> predict_reward(const TrainedReward& reward, const FeatureRows& features,
                                   std::span<const std::uint64_t> rows, std::size_t column,
                                   int threads) {
  const Matrix<double> out = predict_columns(reward, features, rows, {&column, 1}, threads);
  return {out.values().begin(), out.values().end()};
}

}  // namespace esscher
