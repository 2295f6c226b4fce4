#include "esscher/pipeline/table_training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/data/folds.h"
#include "esscher/linalg/gemm.h"
#include "features/learn_features_progress.h"
#include "pipeline/dominant_reward.h"
#include "pipeline/folded_fits.h"
#include "pipeline/merged_table.h"
#include "pipeline/readouts.h"
#include "pipeline/table_features.h"
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

void require_ranges(const TrainingOptions& options) {
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

void require_fit(const TrainingOptions& options, const RewardTable& table) {
  if (table.pairs) {
    if (options.loss != ReadoutLoss::preferences) {
      throw UsageError(rejection("--loss", "squared", "pairs are preferences, without a reward",
                                 "take preferences"));
    }
    for (const FitWeights weights : options.weights) {
      if (weights == FitWeights::uniform) continue;
      throw UsageError(rejection("--weights", fit_weights_name(weights),
                                 "pairs have no reward to weigh by", "take uniform"));
    }
    if (options.reward_transform.kind != RewardTransformKind::none) {
      throw UsageError(rejection("--reward-transform", options.reward_transform.text(),
                                 "pairs have no reward", "leave it out"));
    }
  }
  if (options.loss == ReadoutLoss::preferences && table.groups.empty()) {
    throw UsageError(rejection("--loss", "preferences", "compares candidates of one group",
                               "name the column of groups with --group"));
  }
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
  // Of pairs it regresses 2 P - 1 = tanh(d / 2), d being log-odds: d / 2 to first order.
  const double unit = labels.sure_win() > 0 ? 2 : 1;
  for (double& a : reward.linear.coefficients) a *= unit * labels.sd();
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
  std::vector<std::uint64_t> numbers;
  for (const std::uint64_t row : rows) numbers.push_back(table.number_of(row));
  reward.reward_transform = fit_reward_transform(request, y, log_weights, numbers);
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
  const std::size_t m = reward.landmarks.rows();
  std::vector<Matrix<double>> readouts;  // used x m, one a kernel
  std::vector<KernelPoints> landmarks;
  for (std::size_t k = 0; k < reward.kernels.size(); ++k) {
    landmarks.push_back(reward.kernels[k].kernel.points(reward.landmarks.view()));
    readouts.emplace_back(used.size(), m);
    for (const auto& [head, place] : used) {
      std::ranges::copy(std::span(reward.heads[head].readout).subspan(k * m, m),
                        readouts.back().row(place).begin());
    }
  }
  constexpr std::uint64_t kChunkRows = 256;
  parallel_for_chunks(
      ChunkGrid(rows.size(), kChunkRows), {threads, "predictions", {}}, [&](const Chunk& chunk) {
        const internal::TransformedRows x(features, rows.subspan(chunk.begin, chunk.size()),
                                          reward.transform, 1);
        Matrix<double> values(static_cast<std::size_t>(chunk.size()), used.size());
        if (!used.empty()) {
          Matrix<double> points(values.rows(), x.columns());
          internal::LinearRows(x).fill(0, points.view());
          Matrix<double> at(values.rows(), m);
          for (std::size_t k = 0; k < reward.kernels.size(); ++k) {
            const MetricKernel& kernel = reward.kernels[k].kernel;
            kernel.values(kernel.points(points.view()), landmarks[k], at.view());
            gemm(Operand::plain, at.view(), Operand::transposed, readouts[k].view(), 1.0,
                 values.view());
          }
        }
        for (std::size_t c = 0; c < columns.size(); ++c) {
          if (!heads[c]) {
            const std::vector<double> linear = predict(
                internal::LinearRows(x), reward.linear.coefficients, reward.linear.intercept, 1);
            for (std::size_t i = 0; i < linear.size(); ++i) {
              out(chunk.begin + i, c) = reward.reward_transform.inverse(reward.bounded(linear[i]));
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

void validate(const TrainingOptions& options, const RewardTable& table) {
  require_ranges(options);
  require_fit(options, table);
}

TrainedReward train_reward(const RewardTable& table, std::span<const std::uint64_t> rows,
                           const TrainingOptions& options) {
  validate(options, table);
  const internal::MergedTable merged(table, rows, options.reward_transform, options.threads);
  TrainingOptions distinct = options;
  distinct.folds = merged.folds(options.folds, merged.units());
  std::vector<std::string> remarks;
  internal::add_dominant_reward(table, rows, remarks);
  TrainedReward reward = internal::train_distinct(merged.table(), merged.rows(), distinct);
  reward.replicates = merged.replicates();
  reward.remarks.insert(reward.remarks.end(), remarks.begin(), remarks.end());
  if (table.pairs && reward.replicates) {
    // Statements, of which the merged ones are fewer.
    std::vector<double> rewards;
    std::vector<std::uint32_t> groups;
    for (const std::uint64_t row : rows) {
      rewards.push_back(table.rewards[row]);
      groups.push_back(table.groups[row]);
    }
    reward.preferences = count_preferences(rewards, groups);
  }
  return reward;
}

TrainedReward internal::train_distinct(const RewardTable& table,
                                       std::span<const std::uint64_t> rows,
                                       const TrainingOptions& options) {
  TrainedReward reward;
  const internal::TrainingLabels labels(table, rows);
  std::vector<double> transformed;
  RewardTable regressed = table;
  if (options.reward_transform.kind != RewardTransformKind::none) {
    transformed = transformed_rewards(table, rows, options.reward_transform, reward);
    regressed.rewards = transformed;
  }
  const internal::TrainingLabels targets(regressed, rows);
  const internal::FoldUnits units = internal::units_of_folds(table, rows);
  // Of two rows neither tells anything of the other.
  const auto most = std::max<std::size_t>(units.of_row.empty() ? 3 : 2, units.count(rows.size()));
  const int count = options.folds != 0
                        ? options.folds
                        : static_cast<int>(std::min<std::size_t>(
                              most, static_cast<std::size_t>(default_folds(rows.size()))));
  const std::vector<std::uint32_t> folds =
      assign_folds(rows.size(), units.of_row, count, options.seed, "--folds", units.name);
  if (options.loss == ReadoutLoss::preferences) {
    reward.preferences = count_preferences(labels.values(), labels.groups());
  }
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
  for (const std::size_t column : reward.transform.far_columns) {
    // The same words from all folds that see them.
    reward.remarks.push_back(table.feature_text(column) +
                             " has values so far out that its standard deviation would be theirs: "
                             "it is scaled by the others, and they are cut off. Are they errors, "
                             "or do they stand for what is missing?");
  }
  const internal::TransformedRows x(table.features, rows, reward.transform, options.threads);

  double temperature = options.feature_temperature / labels.sd();
  if (temperature == 0) temperature = 1;
  reward.feature_temperature = temperature * labels.sd();
  MetricRounds metrics = internal::learn_metrics(x, targets, folds, temperature, options);
  if (metrics.cancelled) return reward;
  reward.rounds = metrics.rounds;
  reward.chosen_round = metrics.chosen;
  reward.importance = internal::feature_importance(metrics.product, reward.transform);
  metrics.product = {};
  const std::vector<double> even = targets.even_log_weights();
  internal::FoldedFits fits(internal::folded_features(x, metrics, folds, options), targets.values(),
                            folds, targets.groups(), even, options, targets.sure_win());
  internal::Readouts readouts(fits, targets, labels, options, reward);
  if (fits.shares().empty()) return reward;  // cancelled
  internal::StageProgress progress(options.callbacks, "readouts",
                                   options.weights.size() * options.deployment_temperatures.size());
  for (const FitWeights weights : options.weights) {
    for (const double beta : options.deployment_temperatures) {
      if (options.callbacks.cancelled()) return reward;
      progress.at(reward.deployments.size());
      reward.deployments.push_back(readouts.deploy(weights, beta));
    }
  }
  progress.finish();
  // Behind the readouts, which need the memory.
  reward.landmarks = fits.all(0).landmarks();
  for (std::size_t k = 0; k < fits.kernels(); ++k) {
    reward.kernels.push_back({fits.all(k).kernel(), metrics.kernels[k].learned, fits.shares()[k]});
  }
  readouts.add_remarks();
  reward.held_out = readouts.held_out();
  fit_linear(x, targets, options, reward);
  return reward;
}

std::vector<double> automatic_temperatures() {
  std::vector<double> betas{4};
  for (int half_octaves = 2; half_octaves >= -8; --half_octaves) {
    betas.push_back(std::exp2(half_octaves / 2.0));
  }
  return betas;
}

int default_folds(std::size_t rows) {
  if (rows <= kLandmarkRows) return 5;
  return rows <= kMetricRows ? 3 : 2;
}

std::string_view RewardKernel::name() const {
  if (kernel.family() == KernelFamily::quadratic) return "quadratic";
  return learned ? "learned metric" : "isotropic";
}

double TrainedReward::bounded(double value) const {
  if (floor) value = std::max(value, *floor);
  return ceiling ? std::min(value, *ceiling) : value;
}

double reward_sd(const RewardTable& table) {
  std::vector<std::uint64_t> rows(table.rewards.size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  const internal::MergedTable merged(table, rows, {}, 0);
  return internal::TrainingLabels(merged.table(), merged.rows()).sd();
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
