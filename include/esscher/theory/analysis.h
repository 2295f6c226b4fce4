#pragma once

/// \file
/// Everything that theory says about one model, in one call: what `esscher theory` prints.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "esscher/theory/exponents.h"
#include "esscher/theory/feature_temperature.h"
#include "esscher/theory/finiteness.h"
#include "esscher/theory/learned_policy.h"
#include "esscher/theory/sample_complexity.h"
#include "esscher/theory/signal.h"
#include "esscher/theory/tilted_law.h"

namespace esscher {

struct TheoryOptions {
  SingleIndexModel model;
  /// Temperatures to tabulate, finite and positive. Empty: 8 to 0.125 in steps of sqrt 2, without
  /// those at which E e^{f/beta} is infinite.
  std::vector<double> betas;
  int max_order = 12;  ///< highest Hermite order, 1 to 64
  /// A learned reward to be compared with the true one, with its overlap in [-1, 1].
  std::optional<Link> learned;
  double overlap = 1;
};

/// Best-of-n of the true reward, ties split evenly.
struct BestOfNPoint {
  double n = 1;            ///< draws, whole or not
  double kl = 0;           ///< KL(pi_n || N(0, I)), nats
  double mean_reward = 0;  ///< E f of the best
  double error = 0;        ///< estimated, of mean_reward
};

/// Relative errors of integrals above this are told: remarks, and marks in tables.
inline constexpr double kToldError = 1e-6;

/// One temperature.
struct TheoryRow {
  TiltedLaw law;
  TiltedSignal signal;  ///< orders 0..max_order
  std::optional<LearnedPolicy> learned;
  /// Best-of-n at the divergence of the tilted policy: what the same divergence buys by selection
  /// alone. Empty where it takes more than 1e15 draws, ties keep every n
  /// below, or the reward oscillates too fast for its labels to be told.
  std::optional<BestOfNPoint> best_of_n = {};
};

struct TheoryReport {
  TheoryOptions options;  ///< as used: betas filled in
  Exponents exponents;
  PredictedComplexities complexities;
  Finiteness finiteness;
  /// Empty where the signal is none (no generative exponent) or no temperature is finite.
  std::optional<std::array<FeatureTemperature, 3>> feature_temperatures;
  std::vector<TheoryRow> rows;
  /// Plain sentences about what could not be computed, and why.
  std::vector<std::string> remarks;

  /// Whether any of the policies differs from the reference: KL above 1e-12.
  bool tilts() const;
};

/// \throws UsageError where an option is outside its range, or a moment of the true or the learned
///         reward is infinite at one of options.betas.
/// Cost: for a built-in link some 100 ms, most of it for the search of dead temperatures; for one
/// that oscillates, seconds, which a CancellationScope may cut short (Interrupted).
TheoryReport analyse(const TheoryOptions& options);

}  // namespace esscher
