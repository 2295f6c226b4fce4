#include "esscher/refinement/metric_rounds.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
#include "refinement/kernel_regression.h"

namespace esscher {
namespace {

using internal::KernelRegression;

/// Penalties: decades from 1e-8 to 10; errors are flat between.
constexpr int kPenalties = 10;
constexpr int kFirstPenalty = 5;  // 1e-3
/// A round that does not save so much of the error ends them.
constexpr double kLeastGain = 0.01;

double penalty_number(int index) { return std::pow(10.0, index - 8); }

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

/// One round of all folds: fits by the index of their penalty.
class Round {
 public:
  Round(std::span<KernelRegression> regressions, double weight, const ParallelOptions& parallel)
      : regressions_(regressions), weight_(weight), parallel_(parallel) {}

  /// Mean squared error of the rows left out; infinity where cancelled.
  double error(double penalty) { return entry(penalty).error; }
  const std::vector<KernelRegression::Fit>& fits(double penalty) { return entry(penalty).fits; }

  /// The number of the penalty of the least error, from \p start downhill.
  int search(int start) {
    const auto better = [&](int next, int than) {
      return next >= 0 && next < kPenalties &&
             error(penalty_number(next)) < error(penalty_number(than));
    };
    int best = start;
    while (better(best - 1, best)) --best;
    if (best == start) {
      while (better(best + 1, best)) ++best;
    }
    return best;
  }

 private:
  struct Entry {
    double error = std::numeric_limits<double>::infinity();
    std::vector<KernelRegression::Fit> fits;
  };

  const Entry& entry(double penalty) {
    const auto found = entries_.find(penalty);
    if (found != entries_.end()) return found->second;
    Entry made;
    made.fits.resize(regressions_.size());
    const LoopStatus status =
        parallel_for_chunks(ChunkGrid(made.fits.size(), 1), parallel_, [&](const Chunk& chunk) {
          made.fits[chunk.index] = regressions_[chunk.index].fit(penalty);
        });
    if (status == LoopStatus::completed) {
      made.error = 0;
      for (const KernelRegression::Fit& fit : made.fits) made.error += fit.held_out_error / weight_;
    }
    return entries_[penalty] = std::move(made);
  }

  std::span<KernelRegression> regressions_;
  double weight_;
  ParallelOptions parallel_;
  std::map<double, Entry> entries_;
};

}  // namespace

MetricRounds learn_metric(const MetricSample& sample, const MetricRoundsOptions& options) {
  require(sample);
  const std::uint32_t folds = std::ranges::max(sample.folds) + 1;
  // The last leaves no row out.
  std::vector<KernelRegression> regressions;
  for (std::uint32_t fold = 0; fold <= folds; ++fold) regressions.emplace_back(sample, fold);
  double weight = static_cast<double>(sample.labels.size());
  if (!sample.weights.empty()) {
    weight = 0;
    for (const double w : sample.weights) weight += w;
  }
  const auto parallel = [&](const std::string& stage) {
    return ParallelOptions{options.threads, stage, options.callbacks};
  };

  MetricRounds result;
  std::vector<KernelMetric> metrics(regressions.size(),
                                    KernelMetric{{}, std::vector<double>(sample.x.columns, 1.0)});
  double least = std::numeric_limits<double>::infinity();
  int start = kFirstPenalty;
  for (int number = 0; number <= options.most_rounds; ++number) {
    const std::string name = "features: round " + std::to_string(number);
    parallel_for_chunks(ChunkGrid(regressions.size(), 1), parallel(name), [&](const Chunk& chunk) {
      regressions[chunk.index].set_metric(metrics[chunk.index]);
    });
    if (options.callbacks.cancelled()) break;
    Round round(regressions, weight, parallel(name));
    double penalty = options.penalty;
    if (!(penalty > 0)) {
      start = round.search(start);
      penalty = penalty_number(start);
    }
    const double error = round.error(penalty);
    const std::vector<KernelRegression::Fit>& fits = round.fits(penalty);
    std::vector<KernelMetric> next(regressions.size());
    parallel_for_chunks(ChunkGrid(regressions.size(), 1), parallel(name), [&](const Chunk& chunk) {
      next[chunk.index] =
          regressions[chunk.index].gradient_product(fits[chunk.index], options.temperature);
    });
    if (options.callbacks.cancelled()) break;
    result.rounds.push_back({penalty, error});
    // The identity stands even where no penalty has an error.
    const bool gained = number == 0 || error < least;
    const bool goes_on = error < (1 - kLeastGain) * least;
    if (gained) {
      least = error;
      result.chosen = result.rounds.size() - 1;
      result.metrics = metrics;
      result.product = next.back();
    }
    const auto learned = [](const KernelMetric& metric) {
      double trace = 0;
      for (std::size_t k = 0; k < metric.full.rows(); ++k) trace += metric.full(k, k);
      for (const double value : metric.diagonal) trace += value;
      return trace > 0;
    };
    if (!goes_on || !std::ranges::all_of(next, learned)) break;
    metrics = std::move(next);
  }
  result.cancelled = options.callbacks.cancelled();
  return result;
}

}  // namespace esscher
