#include "esscher/temperature/best_of_n_advice.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "policy/table_cells.h"
#include "temperature/advised_points.h"

namespace esscher {
namespace {

internal::AdvisedPoint candidates_point(const BestOfNValue& best, const Interval& gain) {
  internal::AdvisedPoint point{
      .at = best.n, .kl = best.kl.value, .gain = best.gain, .interval = gain, .rise = best.gain};
  if (best.groups == 0 && !best.reliable && best.ess < internal::kLeastEffectiveRows) {
    point.frail = best.ess;
  }
  if (best.groups > 0 || !internal::known_where_it_goes(best.coverage, best.beyond)) {
    point.told = best.reliable;
    point.untold = best.remark;
  } else if (best.gain.standard_error > 0 && best.ess < internal::kLeastRows) {
    point.told = false;
    point.few_rows = true;
    point.untold = "the choice rests on " + number_text(best.ess, 3) +
                   (best.clusters > 0 ? " effective clusters; " : " effective rows; ") +
                   number_text(internal::kLeastRows) + " are needed to tell an error";
  }
  return point;
}

}  // namespace

BestOfNAdvice advise_best_of_n(std::span<const BestOfNValue> points,
                               std::span<const Interval> gains, const RewardFacts& reward,
                               const ToldGains<BestOfNValue>& of_labelled) {
  internal::require_gains(points.size(), gains.size());
  const bool twice = !of_labelled.points.empty();
  if (twice) internal::require_gains(of_labelled.points.size(), of_labelled.gains.size());
  std::vector<internal::AdvisedPoint> ascending;
  double last = 1;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!(points[i].n > last)) {
      throw UsageError(rejection("n", points[i].n, "must be above 1 and ascending"));
    }
    last = points[i].n;
    internal::AdvisedPoint point = candidates_point(points[i], gains[i]);
    if (twice && internal::may_speak(points[i].coverage, points[i].beyond, points[i].ess)) {
      point = internal::more_certain(point,
                                     candidates_point(of_labelled.points[i], of_labelled.gains[i]));
    }
    ascending.push_back(std::move(point));
  }
  const internal::AdviceWords words{.kl_counted = false, .reward = reward};
  BestOfNAdvice advice;
  const std::optional<internal::AdvisedRange> range = internal::advised_range(ascending);
  if (!range) {
    advice.limit = internal::no_gain_limit(ascending, words);
    advice.verdict = "No safe n: choosing the best of n by this reward is not supported. " +
                     internal::no_gain_sentence(ascending, words);
    return advice;
  }
  advice.limit = range->limit;
  advice.largest = ascending[range->stop - 1].at;
  if (range->stop < ascending.size()) advice.largest_excluded = ascending[range->stop].at;
  const internal::AdvisedPoint& best = ascending[range->best];
  advice.recommended = best.at;
  advice.gain = TableEstimate{best.gain, best.interval};
  advice.of_labelled = best.of_labelled;
  advice.verdict = "Best-of-n is safe up to n = " + number_text(*advice.largest, 4) +
                   ". Recommended: " + number_text(*advice.recommended, 4) + ", with " +
                   internal::gain_text(best, words) + ". " +
                   internal::stop_sentence(*range, ascending, words) +
                   internal::start_sentence(*range, ascending, words);
  return advice;
}

}  // namespace esscher
