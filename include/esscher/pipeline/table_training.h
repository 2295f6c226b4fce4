#pragma once

/// \file
/// The two stages on a table of features and rewards (mathematics, section 8): the same code as in
/// simulation, with the choices that theory makes there made from the sample.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/data/feature_rows.h"
#include "esscher/data/feature_transform.h"
#include "esscher/data/reward_transform.h"
#include "esscher/features/learn_features.h"
#include "esscher/pipeline/reward_model.h"
#include "esscher/readout/ridge.h"

namespace esscher {

/// Which weights a deployed readout takes.
enum class FitWeights {
  uniform,    ///< plain regression
  label,      ///< e^{y/beta_w}
  surrogate,  ///< e^{pilot(x)/beta_w}, the pilot cross-fitted
  automatic,  ///< the mean over surrogate weights that temperature/weight_temperature.h tells
};
/// "uniform", "label", "surrogate", "auto".
std::string_view fit_weights_name(FitWeights weights);
/// \throws UsageError naming \p field; the nearest name is offered
FitWeights parse_fit_weights(std::string_view text, std::string_view field = "--weights");

/// What the readout minimises.
enum class ReadoutLoss {
  squared,      ///< ridge regression of the rewards
  preferences,  ///< Bradley-Terry on pairs within groups, the row of the higher reward preferred
};
/// \throws UsageError naming \p field, unless "squared" or "preferences"; the nearest is offered
ReadoutLoss parse_readout_loss(std::string_view text, std::string_view field = "--loss");

/// A table to learn from. Spans are as long as the table has rows, or empty, and must outlive the
/// call.
struct RewardTable {
  const FeatureRows& features;
  std::span<const double> rewards;
  /// Candidates of one prompt: pi_0 is the law within a group. Readouts regress rewards on
  /// features, both relative to their group's mean, since no policy sees it. Empty: no groups.
  std::span<const std::uint32_t> groups{};
  std::span<const double> log_weights{};  ///< prior importance of the rows; empty: equal
};

/// Zero, or an empty optional, means: chosen from the sample, and said so in the result.
struct TrainingOptions {
  /// Open: whitened features or standardised ones, as src/pipeline/transform_choice.h tells:
  /// designs are whitened, else whichever predicts held-out rows better.
  std::optional<TransformKind> transform{};
  /// What is regressed instead of the rewards, for tails that least squares cannot bear; rewards
  /// are always scaled to standard deviation 1. Predictions are taken back, g^-1(mean of g(y)),
  /// rather a median than a mean; so weights, deployment temperatures and values keep the reward's
  /// unit. With
  /// groups only `clip`, since the level of a reward is not learned there.
  RewardTransformRequest reward_transform{};

  // Stage 1: features.
  std::size_t width = 200;  ///< m
  Activation activation{};
  Weighting weighting = Weighting::label_exp;
  /// beta1 in the unit of the reward; with a reward transform it counts in standard deviations, of
  /// the reward here and of the transformed one in stage 1. Open: the lowest of 1, 1.5, 2, 3, 4, 8,
  /// 16 standard deviations of the reward at which e^{y/beta1} leaves an effective sample size of k
  /// + 1, k the number of coordinates; without weights where none does.
  std::optional<double> feature_temperature{};
  std::uint64_t batch = 64;
  int epochs = 0;  ///< open: 1e5 / n, at least 2 and at most 10
  double step_scale = 0.3;
  double cooldown = 0.5;

  // Stage 2: readouts.
  double readout_bias_range = 2;  ///< fresh biases are uniform on +- this
  std::vector<FitWeights> weights{FitWeights::automatic};
  /// beta_w of label and surrogate weights; open: the deployment temperature itself.
  std::optional<double> weight_temperature{};
  /// beta2, in the unit of the reward.
  std::vector<double> deployment_temperatures{};
  /// Preferences need groups; only the order of rewards within a group counts then, but for one
  /// number, the slope of rewards on held-out predictions, which gives predictions the reward's
  /// unit. The linear baseline stays a regression.
  ReadoutLoss loss = ReadoutLoss::squared;
  /// gcv (by folds for preferences) for the uniform fit, and lambda sqrt(n / ESS) for the others;
  /// or fixed for all.
  RidgeOptions ridge{};
  int folds = 5;  ///< of the pilot; from preferences also of every penalty and unit
  /// Rewards are cut off at the largest training reward. Beyond it a reward is extrapolation, and a
  /// tilted policy seeks nothing else (ours). Not with groups: the level of a reward learned
  /// relative to its group's mean is not known.
  bool ceiling = true;

  std::uint64_t seed = 1;
  int threads = 0;
  Callbacks callbacks{};
};

/// The reward to deploy at one temperature.
struct Deployment {
  FitWeights weights = FitWeights::automatic;
  double beta = 0;  ///< beta2, in the unit of the reward
  /// Indices into TrainedReward::heads, the lowest weight temperature first: the reward is the mean
  /// of what these predict, each cut off at the ceiling, so that no readout's extrapolation leads.
  std::vector<std::size_t> heads{};
  std::string reason{};  ///< why these weights: a plain sentence
};

/// Ridge regression on the transformed features: what a user had before.
struct LinearReward {
  std::vector<double> coefficients;  ///< k
  double intercept = 0;
  double penalty = 0;
};

struct TrainedReward {
  FeatureTransform transform;
  std::string transform_reason;         ///< why this kind; empty where it was asked for
  RewardTransform reward_transform;     ///< readouts and ceiling are in the unit behind it
  FirstLayer first;                     ///< on the k transformed coordinates
  std::vector<RewardHead> heads;        ///< distinct readouts, plain regression first
  std::vector<double> head_ess;         ///< effective sample size of each head's weights
  std::vector<Deployment> deployments;  ///< by kind of weights, then by temperature, as given
  LinearReward linear;
  std::optional<double> ceiling;  ///< the largest training reward, transformed
  double reward_sd = 0;           ///< of the training rewards (within groups where there are any)
  std::optional<double> feature_temperature;  ///< beta1 in use; empty without weights
  int epochs = 0;                             ///< in use
  std::vector<std::string> remarks;           ///< plain sentences

  const Deployment& deployment(FitWeights weights, double beta) const {
    return deployments[column(weights, beta) - kFirstDeployment];
  }
  /// Its column of predict_rewards(). \throws UsageError where there is none
  std::size_t column(FitWeights weights, double beta) const;

  static constexpr std::size_t kUniform = 0;
  static constexpr std::size_t kLinear = 1;
  static constexpr std::size_t kFirstDeployment = 2;
};

/// \throws UsageError for an option outside its range or spans of unequal length, DataError where
///         rewards do not vary or are not finite, or there are fewer rows than folds.
/// Deterministic: the same bits for any number of threads.
/// Cost: with an open transform some fits to 4096 rows or fewer; epochs passes of 4 n k m flops;
/// for each distinct weight temperature a Gram matrix, n m^2 flops, and an eigenproblem of m x m;
/// for the pilot folds + 1 of these. Memory: n (k/2 + m) doubles where they fit into 512 MiB each,
/// else rows are read and transformed anew for each pass.
TrainedReward train_reward(const RewardTable& table, std::span<const std::uint64_t> rows,
                           const TrainingOptions& options);

/// Standard deviation of all rewards of a table, about their group's mean where there are groups:
/// the unit in which temperatures are best thought of. \throws as train_reward()
double reward_sd(const RewardTable& table);

/// Predictions for the numbered rows of \p features in the unit of the reward, rows x (2 +
/// deployments): plain regression, the linear baseline (cut off at the ceiling only where log1p is
/// undone), and each deployment. Cost: n k m multiply-adds, and n m for each readout in use.
Matrix<double> predict_rewards(const TrainedReward& reward, const FeatureRows& features,
                               std::span<const std::uint64_t> rows, int threads = 0);

/// One column of them. \param column  kUniform, kLinear, or TrainedReward::column()
/// \throws UsageError where there is no such column. Cost: as predict_rewards(), with the readouts
/// of that column alone.
std::vector<double> predict_reward(const TrainedReward& reward, const FeatureRows& features,
                                   std::span<const std::uint64_t> rows, std::size_t column,
                                   int threads = 0);

}  // namespace esscher
