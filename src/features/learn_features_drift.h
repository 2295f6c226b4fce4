#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/features/learn_features.h"

namespace esscher::internal {

/// Follows the overlaps from checkpoint to checkpoint beside what theory predicts: see
/// DriftComparison.
class DriftFollower {
 public:
  /// Cost: some tenths of a millisecond a neuron, for at most kDriftNeurons of them.
  DriftFollower(const FeatureOptions& options, std::span<const double> overlaps);

  /// The overlaps \p steps steps after the last call.
  void observe(std::uint64_t steps, std::span<const double> overlaps);
  std::optional<DriftComparison> comparison() const;

 private:
  /// Expected change of neuron j's overlap in one step.
  double expected_change(std::size_t j, double overlap) const;
  /// s_j sum_k k C_k c_jk m^{k-1}
  double slope(std::size_t j, double overlap) const;

  FeatureOptions options_;
  Matrix<double> slopes_;       ///< neurons x order: s_j k C_k c_jk
  std::vector<double> spread_;  ///< (d - 1) E T^2 E phi'(Z + b_j)^2
  std::vector<double> last_;    ///< overlaps at the last checkpoint
  double most_steps_ = 0;       ///< length of the stretch, at most
  std::uint64_t steps_ = 0;
  std::uint64_t intervals_ = 0;
  double predicted_ = 0;  ///< sums over the stretch
  double observed_ = 0;
  double squares_ = 0;
  bool over_ = false;
};

}  // namespace esscher::internal
