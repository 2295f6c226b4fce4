#pragma once

/// \file
/// The feature temperature beta1: where weighting loses the signal, and where it serves best.

#include <array>
#include <optional>
#include <vector>

#include "esscher/theory/signal.h"

namespace esscher {

struct FeatureTemperatureOptions {
  /// Inverse temperatures are searched for s * size in [1/reach, reach], size being sd(f) or a
  /// tenth of f's range on [-8, 8] if that is larger; below the limit of finiteness, and as long as
  /// the tilted law keeps its mass within |z| <= 40.
  double reach = 1e3;
  /// Points of the logarithmic search grid: neighbours are some 7 % apart by default. Two zeros
  /// between neighbours are found through the extremum between them; more are not.
  int grid = 193;
};

/// A zero of s -> C_k(s): at this temperature weighting hides theta* from a network that sees order
/// k.
struct DeadTemperature {
  double beta = 0;
  double scaled_signal = 0;  ///< C_k e^{-log_scale} there, as evaluated: rounding, if all is well
  bool tangent = false;      ///< the signal touches zero without changing sign
};

/// For one transform and the order k at work (the generative exponent).
struct FeatureTemperature {
  LabelTransform transform = LabelTransform::exp;
  int order = 0;
  std::vector<DeadTemperature> dead;  ///< descending in beta
  /// Above it no dead temperature exists: the largest dead beta, 0 if none was found.
  double threshold = 0;
  /// argmax of the transform efficiency; empty where no weighting (beta = infinity) is best.
  std::optional<double> best_beta;
  /// (rho_k / lambda_k)^2 at the best beta, in [0, 1]: how close this transform comes to the best
  /// possible one, E[h_k(Z) | Y].
  double best_efficiency = 0;
  bool best_at_search_end = false;  ///< the maximum may lie beyond the temperatures searched
  double searched_from = 0;         ///< lowest beta searched
  double searched_to = 0;           ///< highest beta searched
};

/// One entry for each transform, in the order of kLabelTransforms.
/// \param order           k >= 1, usually the generative exponent
/// \param lambda_squared  lambda_k^2 of the noisy label (exponents.h), > 0
/// \throws UsageError where an argument is outside its range, or no temperature is finite.
/// Cost: about `grid` evaluations of tilted_signal at max_order k; 50 ms for a built-in link.
std::array<FeatureTemperature, 3> feature_temperatures(
    const SingleIndexModel& model, int order, double lambda_squared,
    const FeatureTemperatureOptions& options = {});

}  // namespace esscher
