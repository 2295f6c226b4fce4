#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "esscher/pipeline/table_training.h"
#include "esscher/readout/cross_fit.h"
#include "pipeline/training_labels.h"

namespace esscher::internal {

/// The readouts of one training set, each fitted once. They regress the targets; weights, held-out
/// predictions and temperatures are those of the rewards, which differ where a reward transform
/// stands between them.
class Readouts {
 public:
  /// Fits plain regression. All must outlive this; heads are added to \p reward, whose
  /// reward_transform and ceiling are settled.
  Readouts(const DesignRows& rows, const TrainingLabels& targets, const TrainingLabels& rewards,
           std::span<const std::uint32_t> folds, const TrainingOptions& options,
           TrainedReward& reward);

  /// Fits what is not there yet.
  Deployment deploy(FitWeights weights, double beta);

  /// What is to be said of all of them, at the end.
  void add_remarks() const;

 private:
  /// Index of the head fitted with such weights. Temperatures in standard deviations.
  std::size_t head(ReadoutWeights weights, double temperature);
  /// The mean of temperature/weight_temperature.h for one deployment temperature.
  Deployment average(double beta);
  /// One fit for each weights, by the loss that was asked for.
  std::vector<RidgeFit> fit(std::vector<std::vector<double>> log_weights) const;
  /// Ridge regressions in as few passes over the rows as memory allows.
  std::vector<RidgeFit> share_passes(std::vector<std::vector<double>> log_weights,
                                     std::span<const double> penalties) const;
  CrossFit fit_preferences(std::span<const double> log_weights, const RidgeOptions& ridge) const;
  std::size_t add(ReadoutWeights weights, double temperature, const RidgeFit& fit);
  /// Predicted targets as rewards about their mean, in standard deviations.
  void become_rewards(std::vector<double>& values) const;

  const DesignRows& rows_;
  const TrainingLabels& targets_;
  const TrainingLabels& rewards_;
  std::span<const std::uint32_t> folds_;
  const TrainingOptions& options_;
  TrainedReward& reward_;
  RidgeOptions ridge_;
  double penalty_ = 0;
  double even_ess_ = 0;
  std::size_t parameters_ = 0;
  std::vector<double> pilot_;  ///< held-out rewards of plain regression
  std::map<std::pair<ReadoutWeights, double>, std::size_t> heads_;
  /// With defensive weights, by weight temperature.
  std::map<double, std::size_t> defended_;
  std::set<std::string> constant_;  ///< kinds of weights with a readout that learned nothing
};

}  // namespace esscher::internal
