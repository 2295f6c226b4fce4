#pragma once

/// \file
/// The step size over a run: constant, then falling to 0 over the last share of the steps, so that
/// overlaps end beyond the noise of a constant step.

#include <cstdint>

#include "esscher/features/feature_options.h"

namespace esscher::internal {

/// eta falls linearly, in kStages equal stages: an engine is only told a new eta now and then, and
/// the result does not depend on how its steps are cut.
class Cooldown {
 public:
  Cooldown(const FeatureOptions& options, std::uint64_t steps);

  /// Starts it at \p step already: it then takes the same share of the steps, which end sooner.
  void begin_at(std::uint64_t step);

  bool has_begun(std::uint64_t step) const { return step >= begin_; }
  std::uint64_t end() const { return end_; }
  /// Of the steps from \p step on, up to next_change().
  double step_size(std::uint64_t step) const;
  /// The first step behind \p step that may have another step size; end() or less.
  std::uint64_t next_change(std::uint64_t step) const;

 private:
  static constexpr std::uint64_t kStages = 32;

  std::uint64_t between_batches(std::uint64_t step) const;
  std::uint64_t stage_start(std::uint64_t stage) const;
  std::uint64_t stage_of(std::uint64_t step) const;

  double eta_;
  double share_;
  bool pairs_;  ///< steps come in pairs that share a batch
  std::uint64_t begin_;
  std::uint64_t end_;
};

}  // namespace esscher::internal
