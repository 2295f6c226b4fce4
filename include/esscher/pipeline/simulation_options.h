#pragma once

/// \file
/// What a simulation of the whole system is to do: every choice of both stages, of the policies and
/// of the temperatures, and how those that are left open are made.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "esscher/features/feature_options.h"
#include "esscher/policy/policy_value.h"
#include "esscher/readout/readout_weights.h"
#include "esscher/refinement/refine.h"

namespace esscher {

enum class FeatureTemperatureRule {
  given,  ///< feature_temperature
  /// The argmax of the transform efficiency (theory/feature_temperature.h); of several hidden
  /// directions one standard deviation of the label.
  best,
};

/// How the ridge penalty of weighted readouts is chosen.
enum class SharedPenalty {
  /// lambda = lambda_u sqrt(n2 / ESS): that of the uniform fit, by its own rule, grown at the
  /// classical rate 1 / sqrt(n) as the weights leave fewer effective samples (ours). Tuning on the
  /// tilted error instead shrinks what the tilt needs: seen from where the weights lie, a constant
  /// is nearly right.
  yes,
  no,  ///< each fit by the rule of RidgeOptions, on its own weighted error
};

/// Zero, or an empty optional, means: to be chosen by plan_features().
struct SimulationOptions {
  /// Of one hidden direction, or of several: then with the direct engine, and without what theory
  /// says of one (exponents, the best feature temperature, predicted gaps).
  MultiIndexModel model;
  std::uint64_t dim = 1000;  ///< d
  std::size_t width = 256;   ///< m
  Activation activation{};

  // Stage 1: features.
  Weighting weighting = Weighting::label_exp;
  FeatureTemperatureRule temperature_rule = FeatureTemperatureRule::best;
  double feature_temperature = 1;  ///< beta1
  double label_clip_low = -std::numeric_limits<double>::infinity();
  double label_clip_high = std::numeric_limits<double>::infinity();
  std::optional<Engine> engine{};
  Schedule schedule = Schedule::one_pass;
  int epochs = 1;
  std::uint64_t batch = 0;
  double step_scale = 0.3;            ///< delta of default_step_size()
  std::optional<double> step_size{};  ///< eta
  double cooldown = 0.5;              ///< share of the steps over which eta falls to 0
  std::uint64_t feature_samples = 0;
  Start start = Start::random;
  BiasLaw feature_biases = BiasLaw::normal;
  bool stop_when_settled = true;
  /// Runs stage 1 once more on the same samples without weights, for comparison.
  bool control = false;

  // Stage 1b: refinement of what stage 1 found (refinement/refine.h).
  bool refine = true;
  std::uint64_t refine_samples = 0;

  // Stage 2: readouts.
  std::uint64_t readout_samples = 20000;  ///< n2
  /// Fresh biases are uniform on +- this; 0 keeps those of stage 1.
  double readout_bias_range = 3;
  std::vector<ReadoutWeights> weights{ReadoutWeights::automatic, ReadoutWeights::uniform,
                                      ReadoutWeights::label, ReadoutWeights::surrogate,
                                      ReadoutWeights::oracle};
  std::vector<double> deployment_temperatures{};  ///< beta2
  RidgeOptions ridge{};
  SharedPenalty shared_penalty = SharedPenalty::yes;  ///< not used by a fixed penalty
  int pilot_folds = 5;  ///< of the pilot, for surrogate and automatic weights

  // Policies and temperatures.
  std::optional<PolicyMethod> policy_method{};
  std::uint64_t policy_samples = 1 << 16;
  double tolerance = 0.2;  ///< eps: admissible where efficiency >= 1 - eps

  std::uint64_t seed = 1;
  int threads = 0;
  Callbacks callbacks{};
};

/// What the open choices of stage 1 became, and why.
struct FeaturePlan {
  FeatureOptions features;                    ///< complete: what learn_features() is given
  std::optional<RefineOptions> refinement{};  ///< complete, too; empty: stage 1's layer is used
  /// beta1 in use; empty without weights.
  std::optional<double> feature_temperature{};
  std::optional<int> information_exponent{};
  std::optional<int> generative_exponent{};
  /// The exponent at work: the generative one with weights, else the information exponent.
  int exponent = 1;
  std::vector<std::string> remarks{};  ///< plain sentences
};

/// Fills in the open choices:
/// - beta1 by its rule; where no weighting is best, weights are left out;
/// - of several hidden directions the exponent at work counts as 2, and the engine is direct;
/// - batch min(256, max(1, d/16)): small enough that one batch moves a row little;
/// - eta by default_step_size() with the exponent at work;
/// - samples 100 d^{max(1, k-1)} (times log d at k = 2), k the exponent at work, held at what the
///   cheapest engine does in about ten minutes;
/// - the engine: direct or order_parameter, where all neurons see one data set, if the cheaper one
///   should take less than a minute by a fixed count of its operations (never by the clock), else
///   marginal;
/// - samples of refinement 100 d, 8192 at least, within ten minutes' work; those of stage 1 once
///   more where they are stored (multi_pass).
/// \throws UsageError for an option outside its range, named as the program's options ("--dim").
FeaturePlan plan_features(const SimulationOptions& options);

}  // namespace esscher
