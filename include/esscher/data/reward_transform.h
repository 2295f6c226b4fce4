#pragma once

/// \file
/// Monotone transforms of rewards, for tails that least squares cannot bear. Learned from the
/// training rewards alone.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace esscher {

enum class RewardTransformKind {
  none,
  log1p,  ///< log(1 + y), for y > -1
  rank,   ///< the share of training rewards below y, in (0, 1)
  clip,   ///< y brought into the range between two quantiles
};

/// What a user asks for: "none", "log1p", "rank" or "clip:LO,HI" with 0 <= LO < HI <= 1.
struct RewardTransformRequest {
  RewardTransformKind kind = RewardTransformKind::none;
  double low_quantile = 0;   ///< `clip` only
  double high_quantile = 1;  ///< `clip` only

  /// Reads back to the same request.
  std::string text() const;
  friend bool operator==(const RewardTransformRequest&, const RewardTransformRequest&) = default;
};
/// \throws UsageError naming \p field, with the nearest name or what is wrong with the quantiles
RewardTransformRequest parse_reward_transform(std::string_view text,
                                              std::string_view field = "--reward-transform");

/// A request with what the training rewards settled. Plain fields, all that a model file needs.
struct RewardTransform {
  RewardTransformRequest request;
  /// `clip` only: the quantiles, in the unit of y.
  double low = 0;
  double high = 0;
  /// `rank` only: distinct training rewards, ascending, and the rank of each: with total weight 1,
  /// the weight below it and half its own, which for n equal weights is (average rank - 1/2) / n.
  /// Between them ranks are interpolated, beyond them they stay at the first or last. Of more than
  /// 32768 rewards so many are kept that no rank is off by more than 1/32768.
  std::vector<double> knots;
  std::vector<double> ranks;

  /// Never decreasing in y. \throws DataError where y is not finite, or y <= -1 for `log1p`
  double operator()(double y) const;
  /// The reward that becomes \p g: e^g - 1 for `log1p`; for `rank` between the knots, and the first
  /// or last one beyond them; \p g itself for `none` and `clip`, which keep the unit.
  double inverse(double g) const;
  /// "none", "log1p", "rank", "clip:0.01,0.99 (-1.5 to 3.25)".
  std::string text() const;
};

/// Learns from the rewards \p y; log weights belong to them one by one (empty: equal), and rewards
/// of weight 0 do not count. Quantiles interpolate between order statistics, as NumPy does for
/// equal weights: 0 is the least reward and 1 the greatest. \p rows, where given, is what messages
/// call the rewards' rows; else they count from 1. O(n log n).
/// \throws DataError naming the row where a reward is not finite or, for `log1p`, at most -1; where
///         there are none; where quantiles to clip at coincide; where weights are wrong
RewardTransform fit_reward_transform(const RewardTransformRequest& request,
                                     std::span<const double> y,
                                     std::span<const double> log_weights = {},
                                     std::span<const std::uint64_t> rows = {});

}  // namespace esscher
