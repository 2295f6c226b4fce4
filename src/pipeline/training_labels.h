#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "esscher/features/weighted_label.h"
#include "esscher/pipeline/table_training.h"

namespace esscher::internal {

/// \throws UsageError for spans that are not as long as the table, DataError for fewer than two
/// rows
///         or a reward that is not finite
void require_rewards(const RewardTable& table, std::span<const std::uint64_t> rows);

/// The rewards of the training rows as both stages see them: relative to their group's mean where
/// there are groups, else to the mean, in standard deviations.
class TrainingLabels {
 public:
  /// \throws as train_reward()
  TrainingLabels(const RewardTable& table, std::span<const std::uint64_t> rows);

  std::span<const double> values() const { return values_; }
  std::span<const std::uint32_t> groups() const { return groups_; }     ///< dense, or empty
  std::span<const double> log_weights() const { return log_weights_; }  ///< or empty
  double mean() const { return mean_; }  ///< 0 where there are groups
  double sd() const { return sd_; }
  double greatest() const { return greatest_; }  ///< of values()
  /// Of stated pairs: the difference of values() within a pair that is a sure win; else 0, where
  /// every difference is one.
  double sure_win() const { return pairs_ ? 1 / sd_ : 0; }

  /// pi_0 itself: prior importance; with groups each group has the same mass, pairs their weight.
  std::vector<double> even_log_weights() const;
  /// pi_0 e^{values/beta}, normalised within groups. \param beta  in standard deviations
  std::vector<double> tilted_log_weights(std::span<const double> values, double beta) const;
  /// The lowest temperature, in standard deviations, at which e^{y/beta} leaves so many effective
  /// samples; infinity where 16 does not.
  double bearable_temperature(std::size_t least_ess) const;
  /// Centre and scale of the weighted label on these rewards: root mean square 1.
  void standardise(WeightedLabel& label) const;

 private:
  void normalise_within_groups(std::vector<double>& log_weights) const;

  std::vector<double> values_;
  std::vector<std::uint32_t> groups_;
  std::vector<double> log_weights_;
  double mean_ = 0;
  double sd_ = 0;
  double greatest_ = 0;
  bool pairs_ = false;
};

}  // namespace esscher::internal
