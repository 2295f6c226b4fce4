#include "features/recovery.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace esscher::internal {
namespace {

// What has to stand still: quartiles, and both shares.
using Signature = std::array<double, 5>;

Signature signature(const Checkpoint& checkpoint) {
  static_assert(kOverlapLevels[2] == 0.25 && kOverlapLevels[3] == 0.5 && kOverlapLevels[4] == 0.75);
  return {checkpoint.quantiles[2], checkpoint.quantiles[3], checkpoint.quantiles[4],
          checkpoint.weak, checkpoint.strong};
}

Signature mean_signature(std::span<const Checkpoint> checkpoints) {
  Signature mean{};
  for (const Checkpoint& checkpoint : checkpoints) {
    const Signature one = signature(checkpoint);
    for (std::size_t k = 0; k < mean.size(); ++k) {
      mean[k] += one[k] / static_cast<double>(checkpoints.size());
    }
  }
  return mean;
}

}  // namespace

double quantile(std::span<const double> ascending, double level) {
  const double place = level * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  const double part = place - static_cast<double>(below);
  return ascending[below] + part * (ascending[above] - ascending[below]);
}

Checkpoint make_checkpoint(std::uint64_t samples, std::span<const double> overlaps, double weak,
                           double strong) {
  std::vector<double> sizes(overlaps.size());
  std::transform(overlaps.begin(), overlaps.end(), sizes.begin(),
                 [](double overlap) { return std::abs(overlap); });
  std::sort(sizes.begin(), sizes.end());
  Checkpoint checkpoint;
  checkpoint.samples = samples;
  for (std::size_t k = 0; k < kOverlapLevels.size(); ++k) {
    checkpoint.quantiles[k] = quantile(sizes, kOverlapLevels[k]);
  }
  const auto share_above = [&](double threshold) {
    const auto first = std::upper_bound(sizes.begin(), sizes.end(), threshold);
    return static_cast<double>(sizes.end() - first) / static_cast<double>(sizes.size());
  };
  checkpoint.weak = share_above(weak);
  checkpoint.strong = share_above(strong);
  return checkpoint;
}

void RecoveryClock::observe(std::uint64_t samples, std::span<const double> overlaps) {
  for (std::size_t j = 0; j < times_.size(); ++j) {
    if (!times_[j] && std::abs(overlaps[j]) > threshold_) times_[j] = static_cast<double>(samples);
  }
}

RecoveryTimes RecoveryClock::times() const {
  RecoveryTimes result{times_, {}, {}, {}};
  std::vector<double> known;
  for (const std::optional<double>& time : times_) {
    if (time) known.push_back(*time);
  }
  if (known.empty()) return result;
  std::sort(known.begin(), known.end());
  result.lower_quartile = quantile(known, 0.25);
  result.median = quantile(known, 0.5);
  result.upper_quartile = quantile(known, 0.75);
  return result;
}

bool has_settled(std::span<const Checkpoint> trajectory, std::span<const std::uint64_t> steps) {
  constexpr std::ptrdiff_t kLeastCheckpoints = 3;
  constexpr double kTolerance = 0.01;
  if (trajectory.back().weak <= trajectory.front().weak) return false;
  const auto now = static_cast<double>(steps.back());
  const auto later_than = [&](double bound) {
    return std::upper_bound(
               steps.begin(), steps.end(), bound,
               [](double value, std::uint64_t step) { return value < static_cast<double>(step); }) -
           steps.begin();
  };
  const std::ptrdiff_t early = later_than(now / 2);
  const std::ptrdiff_t late = later_than(now / std::sqrt(2.0));
  const auto end = static_cast<std::ptrdiff_t>(steps.size());
  if (late - early < kLeastCheckpoints || end - late < kLeastCheckpoints) return false;
  const Signature before = mean_signature(trajectory.subspan(early, late - early));
  const Signature after = mean_signature(trajectory.subspan(late));
  for (std::size_t k = 0; k < before.size(); ++k) {
    if (std::abs(after[k] - before[k]) > kTolerance) return false;
  }
  return true;
}

}  // namespace esscher::internal
