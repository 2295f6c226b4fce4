#include "features/cooldown.h"

#include <algorithm>
#include <cmath>

namespace esscher::internal {

Cooldown::Cooldown(const FeatureOptions& options, std::uint64_t steps)
    : eta_(options.step_size),
      share_(options.cooldown),
      pairs_(options.schedule == Schedule::reuse),
      begin_(steps),
      end_(steps) {
  begin_ = between_batches(
      steps - static_cast<std::uint64_t>(std::floor(share_ * static_cast<double>(steps))));
}

void Cooldown::begin_at(std::uint64_t step) {
  const double length = static_cast<double>(step) * share_ / (1 - share_);
  const auto room = static_cast<double>(end_ - step);
  begin_ = between_batches(step);
  end_ = std::min(end_, between_batches(step + static_cast<std::uint64_t>(std::min(length, room))));
}

std::uint64_t Cooldown::between_batches(std::uint64_t step) const {
  return pairs_ ? std::min(step + step % 2, end_) : step;
}

std::uint64_t Cooldown::stage_start(std::uint64_t stage) const {
  const std::uint64_t length = end_ - begin_;
  // length * stage / kStages, without overflow.
  return between_batches(begin_ + length / kStages * stage + length % kStages * stage / kStages);
}

std::uint64_t Cooldown::stage_of(std::uint64_t step) const {
  std::uint64_t stage = 0;
  while (stage + 1 < kStages && stage_start(stage + 1) <= step) ++stage;
  return stage;
}

double Cooldown::step_size(std::uint64_t step) const {
  if (!has_begun(step)) return eta_;
  const auto stage = static_cast<double>(stage_of(step));
  return eta_ * (1 - (stage + 0.5) / static_cast<double>(kStages));
}

std::uint64_t Cooldown::next_change(std::uint64_t step) const {
  if (!has_begun(step)) return begin_;
  const std::uint64_t stage = stage_of(step);
  return stage + 1 < kStages ? stage_start(stage + 1) : end_;
}

}  // namespace esscher::internal
