#pragma once

#include <optional>
#include <string>
#include <vector>

#include "esscher/pipeline/simulation_options.h"
#include "esscher/readout/network_rows.h"
#include "esscher/temperature/tilt_calibration.h"

namespace esscher::internal {

struct SimulatedReadout {
  RidgeFit fit;
  /// At which the weights were taken; empty for equal ones. Above the deployment temperature where
  /// they would not leave there as many effective samples as the uniform fit has effective
  /// parameters.
  std::optional<double> weight_temperature{};
  std::vector<double> shares{};                  ///< automatic weights only
  std::optional<TiltCalibration> calibration{};  ///< automatic weights only
  std::string remark{};  ///< how the weights came about where they are not as named; or empty
};

/// Stage 2 of a simulation: fresh samples of the model, and readouts fitted to them. Uniform
/// weights and the pilot are fitted once.
class SimulatedReadouts {
 public:
  /// Draws the samples. Both must outlive this.
  SimulatedReadouts(const FirstLayer& layer, const SimulationOptions& options);

  /// The readout with such weights at one temperature, which uniform ones do not look at.
  SimulatedReadout fit(ReadoutWeights weights, double beta);

 private:
  const RidgeFit& uniform();
  const std::vector<double>& pilot();
  SimulatedReadout automatic(double beta);
  SimulatedReadout weighted(const std::vector<double>& values, double beta);

  const SimulationOptions& options_;
  NetworkRows rows_;
  std::vector<double> rewards_;  ///< r* of each sample
  std::vector<double> labels_;   ///< with noise
  RidgeOptions ridge_;
  std::optional<RidgeFit> uniform_;
  std::vector<double> pilot_;
};

}  // namespace esscher::internal
