#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "esscher/pipeline/table_training.h"
#include "esscher/readout/cross_fit.h"
#include "pipeline/automatic_readout.h"
#include "pipeline/folded_fits.h"
#include "pipeline/training_labels.h"

namespace esscher::internal {

/// The readouts of one training set, each fitted once. They regress the targets; weights, held-out
/// predictions and temperatures are those of the rewards, which differ where a reward transform
/// stands between them.
class Readouts {
 public:
  /// Fits plain regression. All must outlive this; heads are added to \p reward, whose
  /// reward_transform and bounds are settled.
  Readouts(FoldedFits& fits, const TrainingLabels& targets, const TrainingLabels& rewards,
           const TrainingOptions& options, TrainedReward& reward);

  /// Fits what is not there yet.
  Deployment deploy(FitWeights weights, double beta);

  /// Held-out rewards of plain regression, with what was observed.
  HeldOutRewards held_out() const;

  /// What is to be said of all of them, at the end.
  void add_remarks() const;

 private:
  /// Index of the head fitted with such weights. Temperatures in standard deviations.
  std::size_t head(ReadoutWeights weights, double temperature);
  Deployment automatic(double beta);
  /// Makes the fits that automatic weights for \p beta share with other temperatures asked for,
  /// and theirs, as many as one pass bears; forgets those that no temperature to come looks for.
  void share(const ReadoutSample& sample, double beta);
  /// One fit for each weights; none where cancelled.
  std::vector<CrossFit> fit(const std::vector<std::vector<double>>& log_weights) const;
  std::size_t add(ReadoutWeights weights, double temperature, const RidgeFit& fit);
  /// Predicted targets as rewards about their mean, in standard deviations.
  std::vector<double> as_rewards(std::vector<double> values) const;

  const FoldedFits& fits_;
  const TrainingLabels& targets_;
  const TrainingLabels& rewards_;
  const TrainingOptions& options_;
  TrainedReward& reward_;
  std::vector<double> even_;
  double even_ess_ = 0;
  CrossFit uniform_;
  std::vector<double> pilot_;  ///< held-out rewards of plain regression
  std::map<std::pair<ReadoutWeights, double>, std::size_t> heads_;
  SharedFits shared_;
  std::map<double, std::vector<WeightKind>> planned_;  ///< of temperatures yet to come
  std::set<std::string> constant_;  ///< kinds of weights with a readout that learned nothing
};

}  // namespace esscher::internal
