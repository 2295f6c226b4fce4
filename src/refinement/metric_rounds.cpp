#include "esscher/refinement/metric_rounds.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/readout/stacking.h"
#include "refinement/additive_rounds.h"
#include "refinement/few_rows.h"
#include "refinement/metric_path.h"

namespace esscher {
namespace {

using internal::FoldedSample;
using internal::MetricPath;

/// Of more rows half of them choose the way, so many at least and at most.
constexpr std::size_t kFewRows = 1024;
constexpr std::size_t kMostFewRows = 2048;
/// Of rounds that begin with a learned metric.
constexpr int kMostLaterRounds = 4;

void require(const MetricSample& sample) {
  const std::size_t n = sample.x.rows;
  const auto same = [&](std::size_t length) { return length == n; };
  if (!same(sample.labels.size()) || !same(sample.folds.size()) ||
      !(sample.weights.empty() || same(sample.weights.size())) ||
      !(sample.groups.empty() || same(sample.groups.size()))) {
    throw UsageError(rejection("sample", std::to_string(n) + " points",
                               "labels, weights, groups and folds must be as many"));
  }
  if (n == 0 || std::ranges::max(sample.folds) == 0) {
    throw UsageError(rejection("folds", "1", "must be at least 2"));
  }
}

int later_rounds(const MetricRoundsOptions& options) {
  return std::min(options.most_rounds, kMostLaterRounds);
}

/// Where rounds of the Laplace kernel alone end, in which directions that the others see late grow
/// at once; empty where its metric tells nothing, or where cancelled.
std::vector<KernelMetric> laplace_metrics(FoldedSample& rows, const MetricRoundsOptions& options) {
  MetricPath path(rows, options);
  path.learn(KernelFamily::laplace, {}, options.most_rounds);
  if (path.chosen() == 0 || options.callbacks.cancelled()) return {};
  return path.gradient_products();
}

struct Way {
  std::unique_ptr<MetricPath> path;
  bool behind_laplace = false;
};

/// Rounds of the sum of networks from the identity on, behind those of the Laplace kernel, or
/// behind those of functions of single columns: whichever predicts rows left out best.
Way best_way(FoldedSample& rows, const MetricRoundsOptions& options) {
  Way best{std::make_unique<MetricPath>(rows, options)};
  best.path->learn(KernelFamily::networks, {}, options.most_rounds);
  const auto behind = [&](std::vector<KernelMetric> begin, int most_rounds, bool laplace) {
    if (begin.empty() || options.callbacks.cancelled()) return;
    Way way{std::make_unique<MetricPath>(rows, options), laplace};
    way.path->learn(KernelFamily::networks, std::move(begin), most_rounds);
    if (way.path->error() < best.path->error()) best = std::move(way);
  };
  if (options.callbacks.cancelled() || options.most_rounds < 2) return best;
  behind(laplace_metrics(rows, options), later_rounds(options), true);
  if (options.callbacks.cancelled()) return best;
  // They know no directions that are not columns', and no columns that do nothing by themselves.
  const bool all_rows = rows.regressions.size() > rows.folds;
  behind(internal::additive_metrics(rows.sample, options, all_rows), options.most_rounds, false);
  return best;
}

std::unique_ptr<MetricPath> learned_path(FoldedSample& rows, const MetricRoundsOptions& options) {
  const std::size_t n = rows.sample.labels.size();
  if (n <= kFewRows) return best_way(rows, options).path;
  std::vector<KernelMetric> begin;
  bool behind_laplace = false;
  {  // its memory, before all rows take theirs
    const internal::FewRows few(rows.sample, std::clamp(n / 2, kFewRows, kMostFewRows));
    if (few.serve()) {
      const MetricSample sample = few.sample();
      FoldedSample some(sample, options.landmarks, false);
      const Way way = best_way(some, options);
      behind_laplace = way.behind_laplace;
      if (!behind_laplace) begin = way.path->gradient_products();
    }
  }
  if (behind_laplace) begin = laplace_metrics(rows, options);
  auto path = std::make_unique<MetricPath>(rows, options);
  if (options.callbacks.cancelled()) return path;
  const bool begun = !begin.empty();
  path->learn(KernelFamily::networks, std::move(begin),
              begun ? later_rounds(options) : options.most_rounds);
  if (!begun || path->chosen() > 0 || options.callbacks.cancelled()) return path;
  // What few rows told is worse than nothing.
  path = std::make_unique<MetricPath>(rows, options);
  path->learn(KernelFamily::networks, {}, options.most_rounds);
  return path;
}

/// Shares by what each predicts of rows left out.
void mix(const MetricPath& path, const MetricSample& sample, std::vector<StackedKernel>& kernels) {
  std::vector<double> log_weights(sample.labels.size());
  for (std::size_t i = 0; i < sample.weights.size(); ++i) {
    log_weights[i] = std::log(sample.weights[i]);
  }
  std::vector<double> shares =
      std::isfinite(kernels.front().error)
          ? stacking_shares(path.held_out(), sample.labels, log_weights, sample.groups)
          : std::vector<double>{1};
  shares.resize(kernels.size());
  double kept = 0;
  for (double& share : shares) {
    if (share < kLeastShare) share = 0;
    kept += share;
  }
  for (std::size_t k = 0; k < shares.size(); ++k) kernels[k].share = shares[k] / kept;
  std::erase_if(kernels, [](const StackedKernel& kernel) { return kernel.share == 0; });
}

}  // namespace

MetricRounds learn_metric(const MetricSample& sample, const MetricRoundsOptions& options) {
  require(sample);
  FoldedSample rows(sample, options.landmarks, sample.labels.size() <= kFewRows);
  const std::unique_ptr<MetricPath> path = learned_path(rows, options);
  if (!options.callbacks.cancelled()) path->add_quadratic();
  MetricRounds result;
  result.rounds = path->rounds();
  result.chosen = path->chosen();
  result.kernels = path->kernels();
  result.cancelled = options.callbacks.cancelled();
  if (!result.cancelled) {
    result.product = path->with_all(path->gradient_products()).back();
    mix(*path, sample, result.kernels);
  }
  return result;
}

}  // namespace esscher
