#pragma once

/// \file
/// Rewards from a table of features and rewards (mathematics, sections 8 and 9.2): features in a
/// metric that the rewards tell, then the readouts of simulation.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/data/feature_transform.h"
#include "esscher/data/preference_counts.h"
#include "esscher/data/reward_transform.h"
#include "esscher/features/metric_kernel.h"
#include "esscher/io/feature_rows.h"
#include "esscher/pipeline/reward_model.h"
#include "esscher/readout/ridge.h"
#include "esscher/refinement/metric_rounds.h"

namespace esscher {

/// Which weights a deployed readout takes.
enum class FitWeights {
  uniform,    ///< plain regression
  label,      ///< e^{y/beta_w}
  surrogate,  ///< e^{pilot(x)/beta_w}, the pilot cross-fitted
  automatic,  ///< a mean of these, by held-out error where the policy goes, scaled to what labels
              ///< bear out
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
  /// Rows that stand and fall together without competing (a family, a scaffold, a batch, an
  /// annotator): they stay in one fold, and errors are those of clusters. Groups that share a
  /// cluster, and clusters that share a design, are one. Empty: each row by itself.
  std::span<const std::uint32_t> clusters{};
  /// Each group is a stated pair: its two rewards are l/2 and -l/2, l being twice the share of wins
  /// of the first less one, and its rows bear the pair's weight. The loss is then preferences, and
  /// rewards come out in log-odds of a preference, in which e^{r(a) - r(b)} are the odds of a
  /// against b.
  bool pairs = false;
  /// The user's own folds, dense from 0. An evaluation takes them for its folds; the folds inside a
  /// fit keep each of them whole, where there are two or more of them among its rows. Empty: folds
  /// are dealt at random.
  std::span<const std::uint32_t> folds{};
  /// Rows of one number have equal features, and stay in one fold, though each is a draw of its
  /// own. Empty: none do; with groups, clusters or folds not looked at.
  std::span<const std::uint32_t> twins{};
  /// What folds are called, one each; may be empty.
  std::span<const std::string> fold_names{};
  /// What features are called, one each; may be empty.
  std::span<const std::string> feature_names{};
  /// What messages call a feature: its quoted name, or its number.
  std::string feature_text(std::size_t column) const;
  /// Numbers of the rows where the caller has them, from 0, by which messages name them: of rows
  /// that are a choice of these. Empty: in order.
  std::span<const std::uint64_t> source_rows{};
  /// What messages call the first row there: 1, or 0 where the caller counts from 0.
  std::uint64_t first_row = 1;
  /// What messages call a row; where there are pairs, its pair.
  std::uint64_t number_of(std::uint64_t row) const {
    return (source_rows.empty() ? row : source_rows[row]) / (pairs ? 2 : 1) + first_row;
  }
};

/// Zero, or an empty optional, means: chosen from the sample, and said so in the result.
struct TrainingOptions {
  TransformKind transform = TransformKind::standardise;
  /// What is regressed instead of the rewards, for tails that least squares cannot bear; rewards
  /// are always scaled to standard deviation 1. Predictions are taken back, g^-1(mean of g(y)),
  /// rather a median than a mean; so weights, deployment temperatures and values keep the reward's
  /// unit. With
  /// groups only `clip`, since the level of a reward is not learned there.
  RewardTransformRequest reward_transform{};

  // Features (mathematics, section 9.2).
  /// Rounds of gradient products at most; the number is that of the least error on rows left out.
  int most_rounds = 12;
  /// beta1, in the unit of the reward: gradient products are taken under e^{r/beta1}, since
  /// directions count where a policy goes. Open: one standard deviation; infinity: equal weights.
  double feature_temperature = 0;
  /// Points on which the features rest: open, 2048 and for preferences 512, all rows where there
  /// are no more.
  std::size_t landmarks = 0;

  // Stage 2: readouts.
  std::vector<FitWeights> weights{FitWeights::automatic};
  /// beta_w of label and surrogate weights; open: the deployment temperature itself.
  std::optional<double> weight_temperature{};
  /// beta2, in the unit of the reward.
  std::vector<double> deployment_temperatures{};
  /// Preferences need groups; only the order of rewards within a group counts then, equal ones
  /// being half a win each way, but for one number, the slope of rewards on held-out predictions,
  /// which gives predictions the reward's unit. Of stated pairs that number is the scale of most
  /// likely log-odds, and weights must be uniform, since there is no reward to weigh by. The linear
  /// baseline stays a regression.
  ReadoutLoss loss = ReadoutLoss::squared;
  /// fixed for all fits, or else that of the least error on rows left out, and lambda
  /// sqrt(n / ESS) for weighted fits; no more of it counts.
  RidgeOptions ridge{};
  /// Each has features and readouts that see the other folds only; open: default_folds().
  int folds = 0;
  /// Rewards are cut off at the largest training reward, and at the least. Beyond it a reward is
  /// extrapolation, and a tilted policy seeks nothing else (ours). Not with groups: the level of a
  /// reward learned relative to its group's mean is not known.
  bool ceiling = true;

  std::uint64_t seed = 1;
  int threads = 0;
  Callbacks callbacks{};
};

/// Landmarks, where there are more rows.
inline constexpr std::size_t kLandmarkRows = 2048;
/// Rows, at most, from which metrics are learned.
inline constexpr std::size_t kMetricRows = 8192;
/// Deployment temperatures where none are named, in standard deviations of the reward: 4, and from
/// 2 down to 1/16 in steps of 2^{1/2}.
std::vector<double> automatic_temperatures();
/// 5; beyond kLandmarkRows 3 and beyond kMetricRows 2, which tell as much there.
int default_folds(std::size_t rows);

/// The reward to deploy at one temperature.
struct Deployment {
  FitWeights weights = FitWeights::automatic;
  double beta = 0;       ///< beta2, in the unit of the reward
  std::size_t head = 0;  ///< index into TrainedReward::heads
  /// What the head predicts is scaled by so much about the mean reward.
  double scale = 1;
  std::string reason{};  ///< why these weights: a plain sentence
};

/// What rows of equal features tell. They are one design to a fit: their mean reward, with the sum
/// of their weights.
struct Replicates {
  std::uint64_t rows = 0;
  std::uint64_t designs = 0;
  std::uint32_t most = 0;  ///< rows of the design that has most
  /// RewardTable::number_of() its first row (or pair): from 1 where rows are those of a file, from
  /// 0 where the caller counts so.
  std::uint64_t most_row = 1;
  /// Standard deviation of rewards within designs: the noise of one label. 0 where rows are copies.
  double noise_sd = 0;
  /// 1 - noise_sd^2 / variance of all rewards, with groups about their means: of one label.
  double reliability = 1;
  double share = 0;    ///< of all weight, of the design that has most rows; 0 with groups
  bool pairs = false;  ///< stated pairs are counted, not rows, and a design is two sides
  /// Rows that design became; more than one where it is heavy and its rewards vary.
  std::uint32_t parts = 1;
  /// A plain sentence.
  std::string text() const;
};

/// Ridge regression on the transformed features: what a user had before.
struct LinearReward {
  std::vector<double> coefficients;  ///< k
  double intercept = 0;
  double penalty = 0;
};

/// Predictions of rows by fits that have not seen them, beside what these rows had; with groups
/// both less their group's mean. In the unit of the reward.
struct HeldOutRewards {
  std::vector<double> predicted;
  std::vector<double> observed;
};

/// On what a reward turns: its average gradient outer product in standardised columns.
struct FeatureImportance {
  /// One a column of the table, of sum 1: the share of E |grad r|^2 along it. 0 where constant.
  std::vector<double> columns;
  /// Shares of the leading directions, descending; empty beyond kMostMetricColumns columns.
  std::vector<double> directions;
};

/// One of the kernels that a reward rests on.
struct RewardKernel {
  MetricKernel kernel{MetricKernel::State{}};  ///< on the k transformed coordinates
  bool learned = false;                        ///< its metric has seen labels
  double share = 1;                            ///< of plain regression
  /// "learned metric", "isotropic" or "quadratic"
  std::string_view name() const;
};

struct TrainedReward {
  FeatureTransform transform;
  RewardTransform reward_transform;   ///< readouts and bounds are in the unit behind it
  std::vector<RewardKernel> kernels;  ///< mixed by what each predicts of rows not seen
  Matrix<double> landmarks;           ///< m x k, of all of them
  FeatureImportance importance;
  std::vector<MetricRound> rounds;  ///< of the features; errors in sd^2
  std::size_t chosen_round = 0;
  double feature_temperature = 0;  ///< beta1 in use; infinity without weights
  /// Distinct readouts on the kernels' values at the landmarks, kernel by kernel; plain regression
  /// first.
  std::vector<RewardHead> heads;
  std::vector<double> head_ess;         ///< effective sample size of each head's weights
  std::vector<Deployment> deployments;  ///< by kind of weights, then by temperature, as given
  LinearReward linear;
  std::optional<double> ceiling;  ///< the largest training reward, transformed
  std::optional<double> floor;    ///< and the least
  double reward_mean = 0;         ///< of the training rewards; 0 with groups
  double reward_sd = 0;           ///< of the training rewards (within groups where there are any)
  /// Of plain regression, by the folds that chose penalties and rounds: one a design.
  HeldOutRewards held_out;
  std::optional<Replicates> replicates;  ///< none where no two rows are equal
  /// Of the pairs within groups that were learned from; none for regression.
  std::optional<PreferenceCounts> preferences;
  std::vector<std::string> remarks;  ///< plain sentences

  /// Cut off at floor and ceiling.
  double bounded(double transformed_reward) const;

  const Deployment& deployment(FitWeights weights, double beta) const {
    return deployments[column(weights, beta) - kFirstDeployment];
  }
  /// Its column of predict_rewards(). \throws UsageError where there is none
  std::size_t column(FitWeights weights, double beta) const;

  static constexpr std::size_t kUniform = 0;
  static constexpr std::size_t kLinear = 1;
  static constexpr std::size_t kFirstDeployment = 2;
};

/// What train_reward() and evaluations of \p table check before all else: options within their
/// ranges, and fit for such rewards. \throws UsageError
void validate(const TrainingOptions& options, const RewardTable& table);

/// Rows of equal features (and, with groups, of one group) are merged first, so that copies,
/// replicates and weights give the same reward.
/// \throws UsageError as validate(), or for spans of unequal length, DataError where
///         rewards do not vary or are not finite, or there are fewer rows than folds.
/// Deterministic: the same bits for any number of threads.
/// Cost: learn_metric() on kMetricRows rows at most; then, for each of folds + 1 features, n m (k +
/// m) multiply-adds for the rows, and n m^2 / 2 + m^3 for each distinct weights. Memory: n m floats
/// or doubles for each of them; of more than 512 MiB together one is held at a time (from
/// preferences all are), and where that alone takes more its rows are read and made anew for each
/// pass. Beside them some numbers a row, with groups m + 1 a group, what learn_metric() takes, and
/// transformed rows, n k floats, where they fit into 128 MiB.
TrainedReward train_reward(const RewardTable& table, std::span<const std::uint64_t> rows,
                           const TrainingOptions& options);

/// Standard deviation of all rewards of a table, about their group's mean where there are groups:
/// the unit in which temperatures are best thought of. Rows of equal features count by their mean.
/// \throws as train_reward()
double reward_sd(const RewardTable& table);

/// Predictions for the numbered rows of \p features in the unit of the reward, rows x (2 +
/// deployments): plain regression, the linear baseline, and each deployment, all cut off at floor
/// and ceiling. Cost: n k m multiply-adds, and n m for each readout in use.
Matrix<double> predict_rewards(const TrainedReward& reward, const FeatureRows& features,
                               std::span<const std::uint64_t> rows, int threads = 0);

/// One column of them. \param column  kUniform, kLinear, or TrainedReward::column()
/// \throws UsageError where there is no such column. Cost: as predict_rewards(), with the readouts
/// of that column alone.
std::vector<double> predict_reward(const TrainedReward& reward, const FeatureRows& features,
                                   std::span<const std::uint64_t> rows, std::size_t column,
                                   int threads = 0);

}  // namespace esscher
