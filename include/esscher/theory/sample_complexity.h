#pragma once

/// \file
/// How many samples stage 1 needs, as a power of the dimension.

#include <optional>
#include <string>

#include "esscher/theory/exponents.h"

namespace esscher {

/// n ~ d^exponent, times log d where log_factor is set.
struct SampleComplexity {
  double exponent = 1;
  bool log_factor = false;

  /// "d", "d log d", "d^1.5".
  std::string text() const;
};

/// One-pass SGD on a signal of the given exponent k: d^{max(1, k-1)}, d log d at k = 2
/// (Ben Arous, Gheissari, Jagannath 2021). \throws UsageError where exponent < 1.
SampleComplexity one_pass_complexity(int exponent);

/// The best known efficient algorithms: d^{max(1, GE/2)} (Damian et al. 2024, arXiv 2403.05529).
/// \throws UsageError where generative_exponent < 1.
SampleComplexity efficient_complexity(int generative_exponent);

struct PredictedComplexities {
  std::optional<SampleComplexity> unweighted;  ///< one pass on the label: information exponent
  std::optional<SampleComplexity> weighted;    ///< one pass on the weighted label, at a live beta1
  std::optional<SampleComplexity> efficient;   ///< what no known efficient algorithm beats
};

/// Empty where the exponent was not found up to the order that was looked at.
PredictedComplexities predicted_complexities(const Exponents& exponents);

}  // namespace esscher
