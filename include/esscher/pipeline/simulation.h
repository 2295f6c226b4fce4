#pragma once

/// \file
/// The whole system in order: features, readouts, policies, temperatures.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/features/learn_features.h"
#include "esscher/pipeline/reward_model.h"
#include "esscher/pipeline/simulation_options.h"
#include "esscher/policy/policy_value.h"
#include "esscher/temperature/admissible_set.h"
#include "esscher/temperature/predicted_gap.h"
#include "esscher/temperature/tilt_calibration.h"
#include "esscher/theory/tilted_law.h"

namespace esscher {

/// One readout at one deployment temperature.
struct PolicyRow {
  ReadoutWeights weights = ReadoutWeights::uniform;
  double beta = 0;  ///< beta2: of the policy, and of the weights where the sample bears it
  RidgeFit fit;
  /// At which the weights were taken (of automatic ones the lowest); empty for uniform ones.
  std::optional<double> weight_temperature;
  std::vector<double> shares;                  ///< of a mean of readouts; automatic weights only
  std::optional<TiltCalibration> calibration;  ///< its scale and why; automatic weights only
  std::string readout_remark;                  ///< a sentence where weights are not as named
  std::optional<PolicyValue> policy;  ///< empty where stopped before, or where there is no policy
  std::string policy_remark;  ///< why there is no policy: its partition function is infinite
  std::optional<PredictedGap> predicted;
};

/// One kind of weights over all temperatures.
struct WeightsSummary {
  ReadoutWeights weights = ReadoutWeights::uniform;
  AdmissibleSets measured;
  /// From the predicted efficiencies; its gold-optimal temperature is left out.
  AdmissibleSets predicted;
};

enum class SimulationStatus {
  completed,
  cancelled,  ///< stopped from outside: holds what was done so far
};
std::string_view simulation_status_name(SimulationStatus status);

struct StageSeconds {
  double features = 0;
  double control = 0;
  double refinement = 0;
  double readouts = 0;
  double policies = 0;
  double predictions = 0;
};

struct SimulationResult {
  SimulationOptions options;  ///< as given
  FeaturePlan plan;           ///< what the open choices became
  SimulationStatus status = SimulationStatus::completed;
  FeatureSummary features{};
  std::optional<FeatureSummary> control{};    ///< stage 1 without weights
  std::optional<RefineSummary> refinement{};  ///< empty without, or where stopped before
  /// <w_j, theta*> of the layer that stage 2 gets: refined, or that of stage 1.
  std::vector<double> overlaps{};
  RewardModel model{};                      ///< one head a distinct readout
  std::vector<TiltedLaw> optimal{};         ///< the optimal policy at each temperature, exact
  std::vector<PolicyRow> rows{};            ///< by weights, then by temperature as given
  std::vector<WeightsSummary> summaries{};  ///< one for each kind of weights
  StageSeconds seconds{};                   ///< wall time
  std::vector<std::string> remarks{};       ///< plain sentences about what is out of the ordinary
};

/// \throws UsageError for the first option of stage 2 and behind that is outside its range, named
///         as the program's options; plan_features() looks at those of stage 1.
void validate(const SimulationOptions& options);

/// Everything but the progress and the seconds is a function of the options alone, on one
/// instruction set: neither threads nor verbosity matter.
/// \throws UsageError for an option outside its range, before any work.
SimulationResult simulate(const SimulationOptions& options);

}  // namespace esscher
