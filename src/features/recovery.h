#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "esscher/features/learn_features.h"

namespace esscher::internal {

/// The value below which the share \p level of \p ascending lies, interpolated between neighbours.
double quantile(std::span<const double> ascending, double level);

/// Quantiles and shares of |overlap|.
Checkpoint make_checkpoint(std::uint64_t samples, std::span<const double> overlaps, double weak,
                           double strong);

/// Notes when each neuron first passes a threshold.
class RecoveryClock {
 public:
  RecoveryClock(std::size_t width, double threshold) : times_(width), threshold_(threshold) {}

  void observe(std::uint64_t samples, std::span<const double> overlaps);
  /// With the quartiles over those that did.
  RecoveryTimes times() const;

 private:
  std::vector<std::optional<double>> times_;
  double threshold_;
};

/// learn_features.h says what settled means. steps[i] is the number of steps at trajectory[i].
bool has_settled(std::span<const Checkpoint> trajectory, std::span<const std::uint64_t> steps);

}  // namespace esscher::internal
