#pragma once

/// \file
/// What the policy tilted by a learned reward would be worth, measured on rows that the reward has
/// not seen (mathematics, section 8), and the temperatures that this supports.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "esscher/pipeline/preference_evaluation.h"
#include "esscher/pipeline/table_training.h"
#include "esscher/pipeline/target_answer.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "esscher/temperature/best_of_n_advice.h"
#include "esscher/temperature/deployment_advice.h"
#include "esscher/temperature/forecast.h"

namespace esscher {

/// Features that are one column of a table: a number, or the levels of a category.
struct ColumnBlock {
  std::string name;
  std::size_t first = 0;
  std::size_t width = 1;
};

/// Candidates of pi_0 without rewards: a library, or a pool to choose from. What spans and features
/// are of must outlive the call that is given them.
struct ReferenceRows {
  const FeatureRows& features;  ///< columns as the table's
  /// Where the table has groups: by its numbers and, for new groups, by those that follow.
  std::span<const std::uint32_t> groups{};
  /// Prior importance, which counts within these rows; empty: equal.
  std::span<const double> log_weights{};
  /// Where the table has clusters: likewise.
  std::span<const std::uint32_t> clusters{};
};

struct EvaluationOptions {
  /// What is fitted in each fold. Equal weights are always added to its kinds of weights.
  TrainingOptions training{};
  int folds = 5;  ///< of the evaluation; groups stay whole. Not looked at where the table has own
  int bootstrap = 1000;  ///< replicates, over groups where there are groups
  /// A second reward that is only evaluated; as long as the table, or empty. The verdict then goes
  /// by it.
  std::span<const double> gold{};
  /// More rows of pi_0, of which the table's must be a random draw (with groups: its groups of all
  /// groups, and their rows of those of the group). The policy goes over all of them, so that
  /// values are told by predictions, which the table's rewards correct, and KL by many rows: far
  /// stronger policies can be promised. Copies of the table's own rows are predicted as these,
  /// and within a group are these. Nothing is bootstrapped then.
  std::optional<ReferenceRows> reference{};
  /// The table is the whole of pi_0 and no sample from it (every variant of a library): values are
  /// exact sums over all of it, and only the split into folds, that is by which model a row's
  /// reward is predicted, is by chance.
  bool enumerated = false;
  /// Nominal chance that any gain, of all rewards and temperatures, lies outside its interval; as
  /// much again for those of best-of-n.
  double alpha = 0.05;
  /// A mean reward to be reached: then TableEvaluation::target names the policies that do.
  std::optional<double> target{};
  /// Candidates to choose from, each above 1, ascending; empty: 2, 4, 8, ... as far as 5 effective
  /// rows, the largest group or 4096 allow.
  std::vector<double> best_of{};
  /// Each by itself is held against the reward, since a column that carries it may not be known
  /// when a candidate is chosen. Empty: none is.
  std::span<const ColumnBlock> columns{};
  /// Standard deviation of the noise of one label; 0: replicates tell it, where there are any.
  double label_noise = 0;
};

/// One kind of reward over the temperatures.
struct RewardEvaluation {
  std::string name;  ///< "auto", "uniform", "label", "surrogate", "linear"
  /// In the order of training.deployment_temperatures.
  std::vector<TablePolicyValue> policies;
  /// Beside each policy: best-of-n by the same reward, at the n whose KL bound is the policy's KL.
  std::vector<BestOfNValue> equal_kl{};
  /// Weight temperatures that the folds took, of means that of the first surrogate weights, in the
  /// order of the policies;
  /// infinity: equal weights. Empty for the linear baseline.
  std::vector<std::vector<double>> weight_temperatures{};
  /// Correlation of held-out predictions with rewards, within groups where there are any.
  double correlation = 0;
  /// Of the policies' gains: they hold for all policies of all rewards at once, nominally with
  /// probability 1 - alpha, together with those of of_labelled where there are any.
  std::vector<Interval> gains{};
  /// From preferences within groups: how many of those left out it tells. Else none.
  std::optional<PreferenceQuality> preferences{};
  DeploymentAdvice advice;
  /// By the reward as deployed at the first temperature, at the n of EvaluationOptions::best_of.
  std::vector<BestOfNValue> best_of_n{};
  /// Hold for all n of all rewards at once, nominally with probability 1 - alpha, likewise.
  std::vector<Interval> best_of_n_gains{};
  BestOfNAdvice best_of_n_advice{};
  std::optional<Forecast> best_of_n_forecast{};  ///< none where too few n can be told
  /// With a reference longer than the table, of which this passes as a random draw, without groups
  /// and clusters: the same on the table's rows alone, at the cost that all rows tell. Else empty.
  ToldByLabelled of_labelled{};
};

/// What the fit without one fold settled of what was left open.
struct FoldTraining {
  std::string name;            ///< of the fold left out, if it has one
  std::uint64_t held_out = 0;  ///< its rows
  /// Of the first reward's predictions there, within groups where there are any.
  double correlation = 0;
  std::uint64_t rows = 0;     ///< that it was fitted to
  std::size_t landmarks = 0;  ///< of its features
  std::size_t round = 0;      ///< of gradient products that it chose
  double held_out_error = 0;  ///< of that round, in reward_sd^2, on its own folds
  double penalty = 0;         ///< lambda of the readout with equal weights
  double linear_penalty = 0;  ///< lambda of the linear ridge
  double reward_sd = 0;       ///< of those rows
};

/// Of its correlation with the reward a column that gives as much is named.
inline constexpr double kTellingShare = 0.9;

/// A column that by itself tells nearly as much as the reward does.
struct SingleColumn {
  std::string name;
  double correlation = 0;  ///< held out, within groups where there are any
  double share = 0;        ///< of the first reward's correlation
};

struct TableEvaluation {
  std::vector<RewardEvaluation> rewards;  ///< as asked for, then uniform, then linear
  /// The reward to deploy, at the temperature that its advice recommends: that of the largest
  /// cautious_gain(). None where no tilt is supported.
  std::optional<std::size_t> recommended{};
  /// The same of best-of-n.
  std::optional<std::size_t> recommended_best_of_n{};
  std::optional<TargetAnswer> target{};  ///< where one is asked for
  /// What a policy that knew every reward would gain, J* - reference, at each temperature. Noise in
  /// the rewards counts as knowledge, so that efficiencies against it are too low rather than too
  /// high. NaN with a reference, whose rewards nobody knows.
  std::vector<double> attainable_gain;
  /// The same of a policy that knew every noise-free reward, where replicates or label_noise tell
  /// the noise: normal, of one size, and independent of the reward (docs/noise.md). Else empty.
  std::vector<double> noise_free_gain{};
  double label_noise = 0;              ///< of one label, where that is known
  std::uint64_t reference_rows = 0;    ///< of EvaluationOptions::reference
  std::uint64_t reference_copies = 0;  ///< of them, that have the features of a row of the table
  std::uint64_t reference_groups = 0;  ///< groups of them that the table has not
  std::vector<FoldTraining> folds;
  /// Of the first reward, as deployed at the first temperature.
  HeldOutRewards held_out{};
  std::optional<Replicates> replicates{};         ///< none where no two rows are equal
  std::optional<PreferenceCounts> preferences{};  ///< from preferences, of all pairs
  /// Named in the verdict of the first reward; none where no column tells so much.
  std::optional<SingleColumn> single_column{};
  bool cancelled = false;
  std::vector<std::string> remarks;  ///< plain sentences
};

/// Rows of equal features are merged, as by train_reward(), so that a design lies in one fold and
/// counts once. Then fits the reward K times, each time without one fold, and evaluates the
/// policies on the folds left out. \throws UsageError, DataError as train_reward(), assign_folds(),
/// table_policy_value(); UsageError for numbers of candidates that do not ascend from above 1, for
/// a reference of other columns or of an enumerated table, a target within groups, where the reward
/// has no level, and for stated pairs, whose evaluation
/// is evaluate_pairs(); DataError where a design, group or cluster lies in two of the table's own
/// folds, naming two of its rows. Cost: K times train_reward(), and a prediction of each row of the
/// reference.
TableEvaluation evaluate_table(const RewardTable& table, const EvaluationOptions& options);

}  // namespace esscher
