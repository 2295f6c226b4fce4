#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "esscher/base/callbacks.h"

namespace esscher::internal {

/// Tells a caller how far a stage has come that is not one parallel loop, by the rules of
/// Callbacks.
class StageProgress {
 public:
  /// \param total  at least 1, in the units of at()
  StageProgress(const Callbacks& callbacks, std::string_view stage, std::uint64_t total)
      : callbacks_(callbacks), stage_(stage), total_(std::max<std::uint64_t>(total, 1)) {
    call(0);
  }

  void at(std::uint64_t done) {
    if (done > reported_ && done < total_ && Clock::now() >= due_) call(done);
  }
  void finish() { call(total_); }

 private:
  using Clock = std::chrono::steady_clock;

  void call(std::uint64_t done) {
    if (!callbacks_.progress) return;
    reported_ = done;
    callbacks_.progress({stage_, done, total_});
    due_ = Clock::now() + callbacks_.progress_interval;
  }

  const Callbacks& callbacks_;
  std::string_view stage_;
  std::uint64_t total_;
  std::uint64_t reported_ = 0;
  Clock::time_point due_;
};

}  // namespace esscher::internal
