#include "esscher/refinement/metric_rounds.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
#include "esscher/readout/stacking.h"
#include "features/learn_features_progress.h"
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
  /// The last, of all rows, may be empty.
  const std::vector<KernelRegression::Fit>& fits(double penalty) { return entry(penalty).fits; }
  /// That of all rows has no part in the error, and is made when it is asked for: by one thread.
  const KernelRegression::Fit& fit(double penalty, std::size_t at) {
    KernelRegression::Fit& fit = entry(penalty).fits[at];
    if (fit.alpha.empty()) fit = regressions_[at].fit(penalty);
    return fit;
  }

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

  Entry& entry(double penalty) {
    const auto found = entries_.find(penalty);
    if (found != entries_.end()) return found->second;
    Entry made;
    made.fits.resize(regressions_.size());
    const LoopStatus status =
        parallel_for_chunks(ChunkGrid(made.fits.size() - 1, 1), parallel_, [&](const Chunk& chunk) {
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

/// What the fits of all folds predict of the rows that each leaves out.
std::vector<double> held_out(std::span<const KernelRegression> regressions,
                             const std::vector<KernelRegression::Fit>& fits, std::size_t rows) {
  std::vector<double> values(rows);
  for (std::size_t f = 0; f < fits.size(); ++f) {
    const std::vector<std::size_t>& left_out = regressions[f].left_out();
    for (std::size_t i = 0; i < left_out.size(); ++i) values[left_out[i]] = fits[f].held_out[i];
  }
  return values;
}

bool has_learned(const KernelMetric& metric) {
  double trace = 0;
  for (std::size_t k = 0; k < metric.full.rows(); ++k) trace += metric.full(k, k);
  for (const double value : metric.diagonal) trace += value;
  return trace > 0;
}

/// The rounds of one sample, step by step.
class Rounds {
 public:
  Rounds(const MetricSample& sample, const MetricRoundsOptions& options)
      : sample_(sample), options_(options) {
    const std::uint32_t folds = std::ranges::max(sample.folds) + 1;
    // The last leaves no row out.
    for (std::uint32_t fold = 0; fold <= folds; ++fold) {
      regressions_.emplace_back(sample, fold, options.landmarks);
    }
    weight_ = static_cast<double>(sample.labels.size());
    if (!sample.weights.empty()) {
      weight_ = std::accumulate(sample.weights.begin(), sample.weights.end(), 0.0);
    }
  }

  MetricRounds run() {
    learn();
    if (!options_.callbacks.cancelled()) add_quadratic();
    if (!options_.callbacks.cancelled()) mix();
    result_.cancelled = options_.callbacks.cancelled();
    return std::move(result_);
  }

 private:
  std::vector<KernelMetric> identities() const {
    return {regressions_.size(), KernelMetric{{}, std::vector<double>(sample_.x.columns, 1.0)}};
  }

  /// Fits of all folds with a kernel, and the best penalty; none where cancelled.
  std::optional<Round> fit(const std::string& stage, const std::vector<KernelMetric>& metrics,
                           KernelFamily family, double& penalty) {
    const ParallelOptions parallel{options_.threads, stage, options_.callbacks};
    // The last has most rows, and comes first.
    const std::size_t last = regressions_.size() - 1;
    parallel_for_chunks(ChunkGrid(regressions_.size(), 1), parallel, [&](const Chunk& chunk) {
      regressions_[last - chunk.index].set_kernel(metrics[last - chunk.index], family);
    });
    if (options_.callbacks.cancelled()) return std::nullopt;
    Round round(regressions_, weight_, parallel);
    penalty = options_.penalty;
    if (!(penalty > 0)) {
      start_ = round.search(start_);
      penalty = penalty_number(start_);
    }
    return round;
  }

  /// A kernel for the mean, with what it predicts.
  void keep(Round& round, double penalty, KernelFamily family, bool learned,
            const std::vector<KernelMetric>& metrics) {
    result_.kernels.push_back({family, learned, metrics, penalty, round.error(penalty)});
    held_out_.push_back(held_out(regressions_, round.fits(penalty), sample_.labels.size()));
  }

  void learn() {
    std::vector<KernelMetric> metrics = identities();
    double least = std::numeric_limits<double>::infinity();
    internal::StageProgress progress(options_.callbacks, "features",
                                     static_cast<std::uint64_t>(options_.most_rounds) + 1);
    for (int number = 0; number <= options_.most_rounds; ++number) {
      progress.at(static_cast<std::uint64_t>(number));
      const std::string stage = "features: round " + std::to_string(number);
      double penalty = 0;
      std::optional<Round> round = fit(stage, metrics, KernelFamily::networks, penalty);
      if (!round || options_.callbacks.cancelled()) return;
      const double error = round->error(penalty);
      result_.rounds.push_back({penalty, error});
      // The identity stands even where no penalty has an error, and beside what is learned.
      const bool gained = number == 0 || error < least;
      if (!gained) break;
      const bool goes_on = error < (1 - kLeastGain) * least;
      std::vector<KernelMetric> next(regressions_.size());
      const ParallelOptions parallel{options_.threads, stage, options_.callbacks};
      const std::size_t last = next.size() - 1;
      parallel_for_chunks(ChunkGrid(next.size(), 1), parallel, [&](const Chunk& chunk) {
        const std::size_t at = last - chunk.index;  // the largest first
        next[at] = regressions_[at].gradient_product(round->fit(penalty, at), options_.temperature);
      });
      if (options_.callbacks.cancelled()) return;
      least = error;
      result_.chosen = result_.rounds.size() - 1;
      result_.product = next.back();
      if (number > 1) {  // the last round's is surpassed
        result_.kernels.pop_back();
        held_out_.pop_back();
      }
      keep(*round, penalty, KernelFamily::networks, number > 0, metrics);
      if (!goes_on || !std::ranges::all_of(next, has_learned)) break;
      metrics = std::move(next);
    }
    progress.finish();
    // That of the chosen round first.
    std::ranges::reverse(result_.kernels);
    std::ranges::reverse(held_out_);
  }

  void add_quadratic() {
    double penalty = 0;
    start_ = kFirstPenalty;
    const std::vector<KernelMetric> metrics = identities();
    std::optional<Round> round =
        fit("features: quadratic", metrics, KernelFamily::quadratic, penalty);
    if (round && !options_.callbacks.cancelled() && std::isfinite(round->error(penalty))) {
      keep(*round, penalty, KernelFamily::quadratic, false, metrics);
    }
  }

  void mix() {
    std::vector<double> log_weights(sample_.labels.size());
    for (std::size_t i = 0; i < sample_.weights.size(); ++i) {
      log_weights[i] = std::log(sample_.weights[i]);
    }
    std::vector<double> shares =
        std::isfinite(result_.kernels.front().error)
            ? stacking_shares(held_out_, sample_.labels, log_weights, sample_.groups)
            : std::vector<double>{1};
    shares.resize(result_.kernels.size());
    double kept = 0;
    for (double& share : shares) {
      if (share < kLeastShare) share = 0;
      kept += share;
    }
    for (std::size_t k = 0; k < shares.size(); ++k) result_.kernels[k].share = shares[k] / kept;
    std::erase_if(result_.kernels, [](const StackedKernel& kernel) { return kernel.share == 0; });
  }

  const MetricSample& sample_;
  const MetricRoundsOptions& options_;
  std::vector<KernelRegression> regressions_;
  double weight_ = 0;
  int start_ = kFirstPenalty;
  std::vector<std::vector<double>> held_out_;  ///< of the kernels
  MetricRounds result_;
};

}  // namespace

MetricRounds learn_metric(const MetricSample& sample, const MetricRoundsOptions& options) {
  require(sample);
  return Rounds(sample, options).run();
}

}  // namespace esscher
