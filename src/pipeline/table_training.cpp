#include "esscher/pipeline/table_training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/data/folds.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/folded_fits.h"
#include "pipeline/readouts.h"
#include "pipeline/training_labels.h"
#include "pipeline/transformed_rows.h"

namespace esscher {
namespace {

constexpr int kMostRounds = 20;
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
  if (options.feature_temperature != 0 && std::isfinite(options.feature_temperature)) {
    require_temperature(options.feature_temperature, "--feature-temperature");
  }
  if (options.weight_temperature) {
    require_temperature(*options.weight_temperature, "--weight-temperature");
  }
  if (options.most_rounds < 0 || options.most_rounds > kMostRounds) {
    throw UsageError(rejection("--rounds", options.most_rounds, "must lie in [0, 20]"));
  }
}

void require_groups(const TrainingOptions& options, const RewardTable& table) {
  if (options.loss == ReadoutLoss::preferences && table.groups.empty()) {
    throw UsageError(rejection("--loss", "preferences", "compares candidates of one group",
                               "name the column of groups with --group"));
  }
}

/// Within groups only the order of rewards counts: the share of its group that each row beats, less
/// a half.
std::vector<double> orders(std::span<const double> rewards, std::span<const std::uint32_t> groups) {
  std::vector<std::size_t> rows(rewards.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::ranges::sort(rows, {}, [&](std::size_t i) { return std::pair(groups[i], rewards[i]); });
  std::vector<double> result(rewards.size());
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin;
    while (end < rows.size() && groups[rows[end]] == groups[rows[begin]]) ++end;
    for (std::size_t first = begin; first < end;) {
      std::size_t last = first;
      while (last < end && rewards[rows[last]] == rewards[rows[first]]) ++last;
      const double beaten = static_cast<double>(first + last) / 2 - static_cast<double>(begin);
      for (std::size_t i = first; i < last; ++i) {
        result[rows[i]] = beaten / static_cast<double>(end - begin) - 0.5;
      }
      first = last;
    }
    begin = end;
  }
  double square = 0;
  for (const double value : result) square += value * value;
  const double sd = std::sqrt(square / static_cast<double>(result.size()));
  for (double& value : result) value /= sd > 0 ? sd : 1;
  return result;
}

/// Metrics of all folds and of all rows, learned from some of them.
MetricRounds learn_metrics(const internal::TransformedRows& x,
                           const internal::TrainingLabels& targets,
                           std::span<const std::uint32_t> folds, double temperature,
                           const TrainingOptions& options) {
  std::vector<std::uint64_t> rows(targets.values().size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  if (rows.size() > kMetricRows) rows = random_subset(rows, kMetricRows, options.seed);
  Matrix<float> single(rows.size(), x.columns());
  x.gather(rows, single.view());
  Matrix<double> points(rows.size(), x.columns());
  std::ranges::copy(single.values(), points.values().begin());
  const auto some = [&](auto&& values) {
    std::vector<std::ranges::range_value_t<decltype(values)>> taken;
    for (const std::uint64_t row : rows) taken.push_back(values[row]);
    return taken;
  };
  const std::vector<double> labels =
      some(options.loss == ReadoutLoss::preferences
               ? orders(targets.values(), targets.groups())
               : std::vector<double>(targets.values().begin(), targets.values().end()));
  std::vector<double> weights = some(targets.even_log_weights());
  normalise_log_weights(weights);
  for (double& w : weights) w = std::exp(w);
  std::vector<std::uint32_t> groups;
  if (!targets.groups().empty()) groups = some(targets.groups());
  const std::vector<std::uint32_t> fold = some(folds);
  MetricRoundsOptions rounds{.most_rounds = options.most_rounds, .temperature = temperature};
  if (options.ridge.rule == PenaltyRule::fixed && options.loss == ReadoutLoss::squared) {
    rounds.penalty = options.ridge.penalty;
  }
  rounds.threads = options.threads;
  rounds.callbacks = options.callbacks;
  return learn_metric({points.view(), labels, weights, groups, fold}, rounds);
}

/// The features of each fold, and those of all rows.
std::vector<std::unique_ptr<const internal::MetricRows>> folded_features(
    const internal::TransformedRows& x, const MetricRounds& metrics,
    std::span<const std::uint32_t> folds, const TrainingOptions& options) {
  std::size_t most = options.landmarks;
  if (most == 0) most = options.loss == ReadoutLoss::preferences ? 512 : 2048;
  std::vector<std::unique_ptr<const internal::MetricRows>> features;
  for (std::uint32_t fold = 0; fold < metrics.metrics.size(); ++fold) {
    std::vector<std::uint64_t> rows;
    for (std::uint64_t i = 0; i < folds.size(); ++i) {
      if (folds[i] != fold) rows.push_back(i);
    }
    if (rows.size() > most) rows = random_subset(rows, most, options.seed);
    features.push_back(std::make_unique<const internal::MetricRows>(x, metrics.metrics[fold], rows,
                                                                    options.threads));
  }
  return features;
}

/// Penalties to choose from: that of the rounds and, where the readout sees more rows, lower ones.
std::vector<double> penalties(const MetricRounds& metrics, std::size_t rows,
                              const TrainingOptions& options) {
  if (options.ridge.rule == PenaltyRule::fixed) return {options.ridge.penalty};
  const double first = metrics.rounds[metrics.chosen].penalty;
  if (options.loss == ReadoutLoss::preferences) return {};  // looked for
  if (rows <= kMetricRows) return {first};
  std::vector<double> path;
  for (const double factor : {3.162, 1.0, 0.3162, 0.1, 0.03162}) {
    path.push_back(factor * first);
  }
  return path;
}

FeatureImportance importance(const KernelMetric& product, const FeatureTransform& transform) {
  FeatureImportance result;
  result.columns.assign(transform.inputs(), 0.0);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < transform.inputs(); ++i) {
    if (transform.scale[i] == 0) continue;
    if (transform.kind == TransformKind::whiten) {
      // Standardised columns times the directions are the coordinates.
      const std::span<const double> row = transform.directions.row(i);
      for (std::size_t a = 0; a < row.size(); ++a) {
        if (product.full.empty()) {
          result.columns[i] += row[a] * row[a] * product.diagonal[a];
          continue;
        }
        for (std::size_t b = 0; b < row.size(); ++b) {
          result.columns[i] += row[a] * product.full(a, b) * row[b];
        }
      }
    } else {
      result.columns[i] = product.full.empty() ? product.diagonal[kept] : product.full(kept, kept);
      if (transform.kind == TransformKind::none) ++kept;
      if (transform.kind == TransformKind::standardise) ++kept;
    }
  }
  double sum = 0;
  for (const double share : result.columns) sum += share;
  for (double& share : result.columns) share = sum > 0 ? std::max(0.0, share / sum) : 0;
  if (product.full.empty()) return result;
  const SymmetricEigen eigen = symmetric_eigen(product.full.view());
  double trace = 0;
  for (const double value : eigen.values) trace += std::max(0.0, value);
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(kShown, eigen.values.size()) && trace > 0; ++i) {
    const double value = eigen.values[eigen.values.size() - 1 - i] / trace;
    if (value > 1e-12) result.directions.push_back(value);
  }
  return result;
}

void fit_linear(const internal::TransformedRows& rows, const internal::TrainingLabels& labels,
                const TrainingOptions& options, TrainedReward& reward) {
  // Its features have seen no label, so that generalised cross-validation tells its penalty.
  RidgeOptions ridge;
  ridge.threads = options.threads;
  ridge.callbacks = options.callbacks;
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

/// The readout and the scale of a column of predict_rewards(); none for the linear baseline.
struct ColumnHead {
  std::size_t head = 0;
  double scale = 1;
};
std::optional<ColumnHead> head_of_column(const TrainedReward& reward, std::size_t column) {
  if (column == TrainedReward::kUniform) return ColumnHead{};
  if (column == TrainedReward::kLinear) return std::nullopt;
  const std::size_t deployment = column - TrainedReward::kFirstDeployment;
  if (deployment >= reward.deployments.size()) {
    throw UsageError(rejection("column", std::to_string(column),
                               "there are " + std::to_string(TrainedReward::kFirstDeployment +
                                                             reward.deployments.size())));
  }
  return ColumnHead{reward.deployments[deployment].head, reward.deployments[deployment].scale};
}

Matrix<double> predict_columns(const TrainedReward& reward, const FeatureRows& features,
                               std::span<const std::uint64_t> rows,
                               std::span<const std::size_t> columns, int threads) {
  Matrix<double> out(rows.size(), columns.size());
  std::vector<std::optional<ColumnHead>> heads;
  std::map<std::size_t, std::size_t> used;  // heads to rows of the readouts
  for (const std::size_t column : columns) {
    heads.push_back(head_of_column(reward, column));
    if (heads.back()) used.emplace(heads.back()->head, used.size());
  }
  Matrix<double> readouts(used.size(), reward.landmarks.rows());
  for (const auto& [head, place] : used) {
    std::ranges::copy(reward.heads[head].readout, readouts.row(place).begin());
  }
  const KernelPoints landmarks = reward.kernel.points(reward.landmarks.view());
  // Undone, what a linear reward extrapolates may grow without bound.
  const bool bound_linear = reward.reward_transform.request.kind == RewardTransformKind::log1p;
  constexpr std::uint64_t kChunkRows = 256;
  parallel_for_chunks(
      ChunkGrid(rows.size(), kChunkRows), {threads, "predictions", {}}, [&](const Chunk& chunk) {
        const internal::TransformedRows x(features, rows.subspan(chunk.begin, chunk.size()),
                                          reward.transform, 1);
        Matrix<double> values(static_cast<std::size_t>(chunk.size()), used.size());
        if (!used.empty()) {
          Matrix<double> points(values.rows(), x.columns());
          internal::LinearRows(x).fill(0, points.view());
          Matrix<double> k(values.rows(), landmarks.size());
          reward.kernel.values(reward.kernel.points(points.view()), landmarks, k.view());
          gemm(Operand::plain, k.view(), Operand::transposed, readouts.view(), 0.0, values.view());
        }
        for (std::size_t c = 0; c < columns.size(); ++c) {
          if (!heads[c]) {
            const std::vector<double> linear = predict(
                internal::LinearRows(x), reward.linear.coefficients, reward.linear.intercept, 1);
            for (std::size_t i = 0; i < linear.size(); ++i) {
              out(chunk.begin + i, c) = reward.reward_transform.inverse(
                  bound_linear ? reward.bounded(linear[i]) : linear[i]);
            }
            continue;
          }
          const double intercept = reward.heads[heads[c]->head].intercept;
          const std::size_t place = used.at(heads[c]->head);
          for (std::size_t i = 0; i < values.rows(); ++i) {
            const double value =
                reward.reward_transform.inverse(reward.bounded(intercept + values(i, place)));
            out(chunk.begin + i, c) =
                reward.reward_mean + heads[c]->scale * (value - reward.reward_mean);
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
  int count = options.folds;
  if (count == 0) count = rows.size() > kManyTrainingRows ? 2 : 5;
  const std::vector<std::uint32_t> folds =
      assign_folds(rows.size(), labels.groups(), count, options.seed);
  reward.reward_mean = labels.mean();
  reward.reward_sd = labels.sd();
  if (options.ceiling && labels.groups().empty()) {
    reward.ceiling = targets.mean() + targets.sd() * targets.greatest();
    reward.floor = targets.mean() + targets.sd() * std::ranges::min(targets.values());
  }

  TransformOptions transform;
  transform.kind = options.transform;
  transform.threads = options.threads;
  transform.callbacks = options.callbacks;
  reward.transform = fit_transform(table.features, rows, labels.log_weights(), transform);
  if (reward.transform.cancelled) return reward;
  const internal::TransformedRows x(table.features, rows, reward.transform, options.threads);

  double temperature = options.feature_temperature / labels.sd();
  if (temperature == 0) temperature = 1;
  reward.feature_temperature = temperature * labels.sd();
  const MetricRounds metrics = learn_metrics(x, targets, folds, temperature, options);
  if (metrics.cancelled) return reward;
  reward.rounds = metrics.rounds;
  reward.chosen_round = metrics.chosen;
  reward.importance = importance(metrics.product, reward.transform);
  const std::vector<double> even = targets.even_log_weights();
  const internal::FoldedFits fits(folded_features(x, metrics, folds, options), targets.values(),
                                  folds, targets.groups(), even, options);
  reward.kernel = fits.all().kernel();
  reward.landmarks = fits.all().landmarks();
  internal::Readouts readouts(fits, penalties(metrics, rows.size(), options), targets, labels,
                              options, reward);
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

double TrainedReward::bounded(double value) const {
  if (floor) value = std::max(value, *floor);
  return ceiling ? std::min(value, *ceiling) : value;
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
