#pragma once

#include <optional>
#include <vector>

#include "esscher/pipeline/simulation_options.h"
#include "esscher/readout/network_rows.h"

namespace esscher::internal {

/// Stage 2 of a simulation: fresh samples of the model, and readouts fitted to them. Uniform
/// weights and the pilot are fitted once.
class SimulatedReadouts {
 public:
  /// Draws the samples. Both must outlive this.
  SimulatedReadouts(const FirstLayer& layer, const SimulationOptions& options);

  /// The readout with such weights at one temperature, which uniform ones do not look at.
  RidgeFit fit(ReadoutWeights weights, double beta);

 private:
  const RidgeFit& uniform();
  RidgeFit weighted(const std::vector<double>& values, double beta);

  const SimulationOptions& options_;
  NetworkRows rows_;
  std::vector<double> rewards_;  ///< r* of each sample
  std::vector<double> labels_;   ///< with noise
  RidgeOptions ridge_;
  std::optional<RidgeFit> uniform_;
  std::vector<double> pilot_;
};

}  // namespace esscher::internal
