#include "temperature/advised_points.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::internal {
namespace {

/// Gains that differ by so small a share are as good as each other.
constexpr double kAsGood = 1e-3;

/// A policy further from the reference is not mild, in nats: a temperature below 1.4 standard
/// deviations of a Gaussian reward, or the best of 3.
constexpr double kMildKl = 0.25;

/// Whether what was looked at begins with a strong policy which may gain.
bool begins_strong(std::span<const AdvisedPoint> points) {
  return points.front().kl > kMildKl && points.front().gain.value > 0;
}

std::string milder_text(std::span<const AdvisedPoint> points, const AdviceWords& words) {
  return "The mildest policy here is a strong one (KL " + number_text(points.front().kl, 3) +
         "), and a milder one would rest on more rows: look at " +
         (words.kl_counted ? "higher temperatures" : "smaller n") + ", too.";
}

/// Whether the gold value lies clearly below the best of points [first, i).
bool turned(std::span<const AdvisedPoint> points, std::size_t first, std::size_t i) {
  const auto falls = [](const Estimate& rise, const Estimate& above) {
    return rise.value + rise.standard_error < above.value;
  };
  const AdvisedPoint& here = points[i];
  // Either kind of rows against itself: they differ by the errors of both.
  return std::ranges::any_of(points.subspan(first, i - first), [&](const AdvisedPoint& above) {
    if (here.rise_told && above.rise_told && falls(here.rise, above.rise)) return true;
    return here.of_labelled && above.labelled_rise &&
           falls(*here.labelled_rise, *above.labelled_rise);
  });
}

bool is_told(const AdvisedPoint& point) { return point.told; }

/// Of those that can be told, that of the highest lower end; one that surely loses only where all
/// do.
const AdvisedPoint& nearest_to_gain(std::span<const AdvisedPoint> points) {
  const auto rank = [](const AdvisedPoint& point) {
    const bool open = point.told && point.interval.high >= 0;
    return std::tuple(open, point.told, point.interval.low);
  };
  return *std::ranges::max_element(points, {}, rank);
}

std::string loss_text(const AdviceWords& words) {
  return words.kl_counted ? "the policy costs more KL than it gains: the reward is too large for "
                            "what it knows"
                          : "the choice is worse than the reference: the reward misleads";
}

}  // namespace

void require_gains(std::size_t points, std::size_t gains) {
  if (points > 0 && gains == points) return;
  throw UsageError(rejection("points",
                             std::to_string(points) + " and " + std::to_string(gains) + " gains",
                             "there must be one at least, and a gain for each"));
}

bool may_speak(double coverage, double beyond, double ess) {
  return beyond <= 0.2 && (coverage - 1) * std::sqrt(ess) <= 2;
}

AdvisedPoint more_certain(const AdvisedPoint& told, const AdvisedPoint& of_labelled) {
  const bool labelled =
      of_labelled.gains() && !(told.gains() && told.cautious() >= of_labelled.cautious());
  AdvisedPoint more = labelled ? of_labelled : told;
  more.of_labelled = labelled;
  more.rise = told.rise;
  more.rise_told = told.told;
  more.labelled_rise = of_labelled.rise;
  return more;
}

std::optional<AdvisedRange> advised_range(std::span<const AdvisedPoint> points) {
  const auto best = std::ranges::max_element(points, {}, [](const AdvisedPoint& point) {
    return point.gains() ? point.cautious() : -std::numeric_limits<double>::infinity();
  });
  if (!best->gains()) return std::nullopt;
  // The mildest of those that are as good.
  const double enough = best->cautious() * (1 - kAsGood);
  const auto mildest = std::ranges::find_if(points, [&](const AdvisedPoint& point) {
    return point.gains() && point.cautious() >= enough;
  });
  AdvisedRange range;
  range.best = static_cast<std::size_t>(mildest - points.begin());
  range.first = range.best;
  while (range.first > 0 && points[range.first - 1].gains()) --range.first;
  for (range.stop = range.best + 1; range.stop < points.size(); ++range.stop) {
    if (!points[range.stop].told) {
      range.limit = AdviceLimit::unreliable;
    } else if (!points[range.stop].gains()) {
      range.limit = AdviceLimit::learning_cost;
    } else if (turned(points, range.first, range.stop)) {
      range.limit = AdviceLimit::gold_turned;
    } else {
      continue;
    }
    break;
  }
  return range;
}

std::string stop_sentence(const AdvisedRange& range, std::span<const AdvisedPoint> points,
                          const AdviceWords& words) {
  const AdvisedPoint& at = points[std::min(range.stop, points.size() - 1)];
  const std::string where = "It stops before " + number_text(at.at, 3) + ": ";
  switch (range.limit) {
    case AdviceLimit::grid_end:
      return "Stronger policies were not looked at: the end of the grid is not a limit.";
    case AdviceLimit::learning_cost:
      if (at.interval.high < 0) return where + "there " + loss_text(words) + ".";
      return where + "there the gain can no longer be told from zero, the reward's errors eat it.";
    case AdviceLimit::unreliable:
      return where + at.untold + ".";
    case AdviceLimit::gold_turned:
      return where +
             "there the true reward falls while the one that is optimised still rises "
             "(over-optimisation).";
    case AdviceLimit::not_learnable:
      break;
  }
  throw InternalError("no such limit");
}

std::string start_sentence(const AdvisedRange& range, std::span<const AdvisedPoint> points,
                           const AdviceWords& words) {
  if (range.first == 0) return "";
  const AdvisedPoint& before = points[range.first - 1];
  return std::string(words.kl_counted ? " Higher temperatures are" : " Smaller n are") +
         " no safer: at " + number_text(before.at, 3) + " " +
         (!before.told               ? before.untold
          : before.interval.high < 0 ? loss_text(words)
                                     : "no gain can be told from zero") +
         ".";
}

AdviceLimit no_gain_limit(std::span<const AdvisedPoint> points, const AdviceWords& words) {
  if (std::ranges::none_of(points, is_told) || begins_strong(points)) {
    return AdviceLimit::unreliable;
  }
  if (!words.reward.tells) return AdviceLimit::not_learnable;
  return words.kl_counted && nearest_to_gain(points).gain.value < 0 ? AdviceLimit::learning_cost
                                                                    : AdviceLimit::unreliable;
}

std::string no_gain_sentence(std::span<const AdvisedPoint> points, const AdviceWords& words) {
  if (std::ranges::none_of(points, is_told)) {
    return "At " + number_text(points.front().at, 3) + ", the mildest policy, " +
           points.front().untold + "." +
           (points.front().few_rows && begins_strong(points) ? " " + milder_text(points, words)
                                                             : "");
  }
  if (std::ranges::all_of(points, [](const AdvisedPoint& point) {
        return !point.told || point.interval.high < 0;
      })) {
    return (std::ranges::all_of(points, is_told) ? "At each of them "
                                                 : "At each of them that can be told ") +
           loss_text(words) + ".";
  }
  const AdvisedPoint& nearest = nearest_to_gain(points);
  const std::string found = "No gain can be told from zero (nearest to it at " +
                            number_text(nearest.at, 3) + ": " + number_text(nearest.gain.value, 3) +
                            " [" + number_text(nearest.interval.low, 3) + ", " +
                            number_text(nearest.interval.high, 3) + "])";
  if (begins_strong(points)) return found + ". " + milder_text(points, words);
  if (words.reward.tells) {
    return found + ", although the reward tells the gold reward: " +
           (words.kl_counted && nearest.gain.value < 0
                ? "by the estimates its policies cost more KL than they gain."
                : "the intervals are too wide; more rows, or labels of less noise, would tell.");
  }
  return found + (words.reward.origin == RewardOrigin::learned
                      ? ": the reward is not learnable from these features, or not from so few "
                        "rows."
                      : ": the reward does not tell the gold reward, or not from so few gold "
                        "labels.");
}

std::string gain_text(const AdvisedPoint& point, const AdviceWords& words) {
  return "a gain of at least " + number_text(point.interval.low, 3) + " over the reference" +
         (words.kl_counted ? ", KL counted" : "") + " (estimate " +
         number_text(point.gain.value, 3) + ", at most " + number_text(point.interval.high, 3) +
         (point.of_labelled ? "; told by the labelled rows alone" : "") +
         (point.frail ? "; few rows carry it, " + number_text(*point.frail, 3) +
                            " effective ones, for which these ends allow)"
                      : ")");
}

}  // namespace esscher::internal
