#pragma once

/// \file
/// How well a learned reward tells preferences that it has not seen.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "esscher/pipeline/table_training.h"
#include "esscher/policy/estimate.h"

namespace esscher {

/// Pairs that a reward is so sure of, and how many the favoured side wins.
struct CalibrationBin {
  double low = 0;  ///< of the favoured side's predicted share of wins, in [1/2, 1]
  double high = 1;
  std::uint64_t pairs = 0;
  double predicted = 0;  ///< its mean
  Estimate observed;     ///< ties count half
};

/// Errors are those of draws of clusters, or of groups where there are none.
struct PreferenceQuality {
  std::uint64_t pairs = 0;  ///< measured on
  /// Share of the pairs that are no ties in which the preferred row is ahead; level ones count
  /// half.
  Estimate accuracy;
  /// Of rewards in log-odds, that is from stated pairs; else none. -log of the predicted share of
  /// wins under the observed one, nats a pair: log 2 where nothing is known.
  std::optional<Estimate> log_loss;
  /// The factor on predicted log-odds that is most likely: 1 where they are calibrated, below it
  /// where the reward is too sure.
  std::optional<Estimate> calibration;
  std::vector<CalibrationBin> bins;  ///< those with pairs in them
};

/// \param r           predicted rewards, which must not have seen the rows' labels
/// \param table       of which features are not looked at; groups must not be empty
/// \param seed        of the pairs that are taken where there are too many to list
/// \throws DataError where no pair is preferred
PreferenceQuality preference_quality(std::span<const double> r, const RewardTable& table,
                                     std::uint64_t seed = 1);

/// Rewards from stated pairs, measured on folds that they have not seen.
struct PairEvaluation {
  struct Reward {
    std::string name;  ///< "uniform" or "linear"
    PreferenceQuality quality;
  };
  std::vector<Reward> rewards;
  int folds = 0;
  std::vector<double> penalties;  ///< lambda of the fit without each fold
  bool cancelled = false;
  std::vector<std::string> remarks;  ///< plain sentences
};

/// Fits a reward from stated pairs (RewardTable::pairs) without each fold in turn, and measures it
/// there; folds are the table's own, if it has some. Pairs of one cluster lie in one fold. There is
/// no reward to value a policy by, and so no admissible temperature.
///
/// \throws as train_reward() and assign_folds(). Cost: folds times train_reward().
PairEvaluation evaluate_pairs(const RewardTable& table, const TrainingOptions& training, int folds);

}  // namespace esscher
