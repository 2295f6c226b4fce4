#include "esscher/data/reward_transform.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "data/relative_weights.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/linalg/compensated_sum.h"

namespace esscher {
namespace {

// No rank is off by more than this where knots are left out: far below the noise of any reward, and
// a model file stays below a megabyte.
constexpr double kRankTolerance = 1.0 / 32768;

constexpr std::array<std::pair<RewardTransformKind, std::string_view>, 4> kRewardTransformNames{{
    {RewardTransformKind::none, "none"},
    {RewardTransformKind::log1p, "log1p"},
    {RewardTransformKind::rank, "rank"},
    {RewardTransformKind::clip, "clip"},
}};

std::string_view name_of(RewardTransformKind kind) {
  for (const auto& [known, name] : kRewardTransformNames) {
    if (known == kind) return name;
  }
  throw InternalError("reward transform without a name");
}

/// Rewards in ascending order with their weights, none of them 0.
struct Ordered {
  std::vector<double> values;
  std::vector<double> weights;
};

Ordered ordered(std::span<const double> y, const std::vector<double>& weights) {
  std::vector<std::size_t> order;
  order.reserve(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (weights[i] > 0) order.push_back(i);
  }
  // Equal rewards keep the table's order, so that sums of weights have the same bits everywhere.
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return y[i]; });
  Ordered result;
  result.values.reserve(order.size());
  result.weights.reserve(order.size());
  for (const std::size_t i : order) {
    result.values.push_back(y[i]);
    result.weights.push_back(weights[i]);
  }
  return result;
}

/// The quantile at \p level: reward i stands at the weight below it and half its own, scaled so
/// that the first stands at 0 and the last at 1.
double quantile(const Ordered& rewards, double level) {
  CompensatedSum total;
  for (const double weight : rewards.weights) total.add(weight);
  const double first = rewards.weights.front() / 2;
  const double span = total.value() - first - rewards.weights.back() / 2;
  const double target = level * span;
  CompensatedSum below;
  double at = 0;
  for (std::size_t i = 1; i < rewards.values.size(); ++i) {
    below.add(rewards.weights[i - 1]);
    const double next = below.value() + rewards.weights[i] / 2 - first;
    if (next >= target) {
      const double share = next > at ? std::clamp((target - at) / (next - at), 0.0, 1.0) : 1.0;
      return std::lerp(rewards.values[i - 1], rewards.values[i], share);
    }
    at = next;
  }
  return rewards.values.back();
}

/// Distinct rewards with their ranks.
void fill_ranks(const Ordered& rewards, RewardTransform& transform) {
  std::vector<double> values;
  std::vector<double> ranks;
  CompensatedSum total;
  for (const double weight : rewards.weights) total.add(weight);
  CompensatedSum below;
  for (std::size_t begin = 0; begin < rewards.values.size();) {
    CompensatedSum own;
    std::size_t end = begin;
    for (; end < rewards.values.size() && rewards.values[end] == rewards.values[begin]; ++end) {
      own.add(rewards.weights[end]);
    }
    values.push_back(rewards.values[begin]);
    const double rank = (below.value() + own.value() / 2) / total.value();
    // Rounding must not turn the order around.
    ranks.push_back(ranks.empty() ? rank : std::max(rank, ranks.back()));
    below.add(own.value());
    begin = end;
  }
  // A knot is kept where the next would lie too far from the last one kept: what is left out lies
  // within the tolerance of both its neighbours.
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool end = i == 0 || i + 1 == values.size();
    if (end || ranks[i + 1] - transform.ranks.back() > kRankTolerance) {
      transform.knots.push_back(values[i]);
      transform.ranks.push_back(ranks[i]);
    }
  }
}

double rank_of(const RewardTransform& transform, double y) {
  const std::vector<double>& knots = transform.knots;
  const std::vector<double>& ranks = transform.ranks;
  if (knots.empty() || ranks.size() != knots.size()) {
    throw InternalError("ranks of rewards without knots");
  }
  const auto above = static_cast<std::size_t>(std::ranges::upper_bound(knots, y) - knots.begin());
  if (above == 0) return ranks.front();
  if (above == knots.size()) return ranks.back();
  // Halves, since the difference of two rewards can exceed doubles.
  const double step = knots[above] / 2 - knots[above - 1] / 2;
  const double share = step > 0 ? (y / 2 - knots[above - 1] / 2) / step : 0;
  return std::lerp(ranks[above - 1], ranks[above], std::clamp(share, 0.0, 1.0));
}

[[noreturn]] void refuse_log1p(const std::string& who, double y) {
  throw DataError(rejection(who, y, "log1p needs rewards above -1",
                            "add a constant to the rewards, or take --reward-transform rank"));
}

}  // namespace

std::string RewardTransformRequest::text() const {
  std::string result(name_of(kind));
  if (kind == RewardTransformKind::clip) {
    result += ":" + number_text(low_quantile) + "," + number_text(high_quantile);
  }
  return result;
}

RewardTransformRequest parse_reward_transform(std::string_view text, std::string_view field) {
  const std::string_view word = text.substr(0, text.find(':'));
  std::vector<std::string> names;
  for (const auto& [kind, name] : kRewardTransformNames) {
    names.emplace_back(name);
    const bool clip = kind == RewardTransformKind::clip;
    if (word != name || (!clip && text != name)) continue;
    RewardTransformRequest request;
    request.kind = kind;
    if (!clip) return request;
    const std::string_view rest = text.size() > word.size() ? text.substr(word.size() + 1) : "";
    const std::size_t comma = rest.find(',');
    if (comma == std::string_view::npos) {
      throw UsageError(rejection(field, text, "clip needs two quantiles", "write clip:0.01,0.99"));
    }
    request.low_quantile = parse_number(rest.substr(0, comma), field);
    request.high_quantile = parse_number(rest.substr(comma + 1), field);
    if (!(request.low_quantile >= 0 && request.low_quantile < request.high_quantile &&
          request.high_quantile <= 1)) {
      throw UsageError(rejection(field, text, "quantiles must ascend and lie in [0, 1]",
                                 "write clip:0.01,0.99"));
    }
    return request;
  }
  const std::string nearest = nearest_name(word, names);
  throw UsageError(rejection(field, text, "must be none, log1p, rank or clip:LO,HI",
                             nearest.empty() ? "" : "did you mean " + nearest + "?"));
}

double RewardTransform::operator()(double y) const {
  if (!std::isfinite(y)) throw DataError(rejection("reward", y, "must be finite"));
  switch (request.kind) {
    case RewardTransformKind::none:
      return y;
    case RewardTransformKind::log1p:
      if (y <= -1) refuse_log1p("reward", y);
      return std::log1p(y);
    case RewardTransformKind::rank:
      return rank_of(*this, y);
    case RewardTransformKind::clip:
      return std::clamp(y, low, high);
  }
  throw InternalError("reward transform of no kind");
}

double RewardTransform::inverse(double g) const {
  if (request.kind == RewardTransformKind::log1p) return std::expm1(g);
  if (request.kind != RewardTransformKind::rank) return g;
  const auto above = static_cast<std::size_t>(std::ranges::upper_bound(ranks, g) - ranks.begin());
  if (above == 0) return knots.front();
  if (above == ranks.size()) return knots.back();
  return std::lerp(knots[above - 1], knots[above],
                   (g - ranks[above - 1]) / (ranks[above] - ranks[above - 1]));
}

std::string RewardTransform::text() const {
  if (request.kind != RewardTransformKind::clip) return request.text();
  return request.text() + " (" + number_text(low, 6) + " to " + number_text(high, 6) + ")";
}

RewardTransform fit_reward_transform(const RewardTransformRequest& request,
                                     std::span<const double> y, std::span<const double> log_weights,
                                     std::span<const std::uint64_t> rows) {
  if (!rows.empty() && rows.size() != y.size()) {
    throw InternalError(std::to_string(rows.size()) + " row numbers for " +
                        std::to_string(y.size()) + " rewards");
  }
  if (y.empty()) throw DataError("rewards: there are none to learn from");
  for (std::size_t i = 0; i < y.size(); ++i) {
    const bool log1p = request.kind == RewardTransformKind::log1p;
    if (std::isfinite(y[i]) && (!log1p || y[i] > -1)) continue;
    const std::string who = "reward in row " + std::to_string(rows.empty() ? i + 1 : rows[i]);
    if (!std::isfinite(y[i])) throw DataError(rejection(who, y[i], "must be finite"));
    refuse_log1p(who, y[i]);
  }
  const std::vector<double> weights = internal::relative_weights(log_weights, y.size());
  RewardTransform transform;
  transform.request = request;
  if (request.kind == RewardTransformKind::rank) fill_ranks(ordered(y, weights), transform);
  if (request.kind == RewardTransformKind::clip) {
    const Ordered rewards = ordered(y, weights);
    transform.low = quantile(rewards, request.low_quantile);
    transform.high = quantile(rewards, request.high_quantile);
    if (transform.low >= transform.high) {
      throw DataError("rewards: quantiles " + number_text(request.low_quantile) + " and " +
                      number_text(request.high_quantile) + " are both " +
                      number_text(transform.low) +
                      ", so that clipping leaves a constant; clip less, or take "
                      "--reward-transform rank");
    }
  }
  return transform;
}

}  // namespace esscher
