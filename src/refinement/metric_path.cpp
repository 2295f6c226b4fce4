#include "refinement/metric_path.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "features/learn_features_progress.h"

namespace esscher::internal {
namespace {

constexpr int kPenalties = 10;
/// Gradients of the first rewards know the loudest directions alone. Metrics of so many rounds are
/// the roots of their products, which leave the others more room.
constexpr int kSoftRounds = 2;

bool has_learned(const KernelMetric& metric) {
  double trace = 0;
  for (std::size_t k = 0; k < metric.full.rows(); ++k) trace += metric.full(k, k);
  for (const double value : metric.diagonal) trace += value;
  return trace > 0;
}

KernelMetric root(const KernelMetric& metric) {
  KernelMetric result = metric;
  for (double& value : result.diagonal) value = std::sqrt(value);
  if (metric.full.empty()) return result;
  const SymmetricEigen eigen = symmetric_eigen(metric.full.view());
  Matrix<double> scaled = eigen.vectors;
  for (std::size_t i = 0; i < scaled.rows(); ++i) {
    for (std::size_t j = 0; j < scaled.columns(); ++j) {
      scaled(i, j) *= std::sqrt(std::max(0.0, eigen.values[j]));
    }
  }
  gemm(Operand::plain, std::as_const(scaled).view(), Operand::transposed, eigen.vectors.view(), 0.0,
       result.full.view());
  symmetrise_from_lower(result.full.view());
  return result;
}

KernelMetric mean(std::span<const KernelMetric> metrics) {
  KernelMetric result = metrics.front();
  for (const KernelMetric& metric : metrics.subspan(1)) {
    const auto plus = [](std::span<double> a, std::span<const double> b) {
      std::ranges::transform(a, b, a.begin(), std::plus{});
    };
    plus(result.full.values(), metric.full.values());
    plus(result.diagonal, metric.diagonal);
  }
  const auto count = static_cast<double>(metrics.size());
  for (double& value : result.full.values()) value /= count;
  for (double& value : result.diagonal) value /= count;
  return result;
}

}  // namespace

double penalty_number(int index) { return std::pow(10.0, index - 8); }

FoldedSample::FoldedSample(const MetricSample& of, std::size_t landmarks, bool all_rows)
    : sample(of),
      folds(std::ranges::max(of.folds) + 1),
      weight(of.weights.empty() ? static_cast<double>(of.labels.size())
                                : std::accumulate(of.weights.begin(), of.weights.end(), 0.0)) {
  // The number behind the last fold's leaves no row out.
  for (std::uint32_t fold = 0; fold < folds + (all_rows ? 1 : 0); ++fold) {
    regressions.emplace_back(sample, fold, landmarks);
  }
}

const KernelRegression::Fit& FoldedRegressions::fit(double penalty, std::size_t at) {
  KernelRegression::Fit& fit = entry(penalty).fits[at];
  if (fit.alpha.empty()) fit = rows_.regressions[at].fit(penalty);
  return fit;
}

std::vector<double> FoldedRegressions::held_out(double penalty, std::size_t rows) {
  const Entry& each = entry(penalty);
  std::vector<double> values(rows);
  for (std::size_t f = 0; f < rows_.folds; ++f) {
    const std::vector<std::size_t>& left_out = rows_.regressions[f].left_out();
    for (std::size_t i = 0; i < left_out.size(); ++i) {
      values[left_out[i]] = each.fits[f].held_out[i];
    }
  }
  return values;
}

int FoldedRegressions::search(int start, std::span<const int> sides) {
  const auto better = [&](int next, int than) {
    return next >= 0 && next < kPenalties &&
           error(penalty_number(next)) < error(penalty_number(than));
  };
  int best = start;
  for (const int side : sides) {
    while (better(best + side, best)) best += side;
    if (best != start) break;
  }
  return best;
}

FoldedRegressions::Entry& FoldedRegressions::entry(double penalty) {
  const auto found = entries_.find(penalty);
  if (found != entries_.end()) return found->second;
  Entry made;
  made.fits.resize(rows_.regressions.size());
  const LoopStatus status =
      parallel_for_chunks(ChunkGrid(rows_.folds, 1), parallel_, [&](const Chunk& chunk) {
        made.fits[chunk.index] = rows_.regressions[chunk.index].fit(penalty);
      });
  if (status == LoopStatus::completed) {
    made.error = 0;
    for (const KernelRegression::Fit& fit : made.fits)
      made.error += fit.held_out_error / rows_.weight;
    // All rows' has no part in the error, but its metric is what is deployed.
    if (!std::ranges::all_of(rows_.regressions, &KernelRegression::resolved)) {
      made.error = std::numeric_limits<double>::infinity();
    }
  }
  return entries_[penalty] = std::move(made);
}

std::vector<KernelMetric> MetricPath::with_all(std::vector<KernelMetric> metrics) const {
  if (metrics.size() == rows_.folds) metrics.push_back(mean(metrics));
  return metrics;
}

std::vector<KernelMetric> MetricPath::identities() const {
  return {rows_.regressions.size(),
          KernelMetric{{}, std::vector<double>(rows_.sample.x.columns, 1.0)}};
}

/// Fits of all folds with a kernel, and the best penalty; none where cancelled.
std::optional<FoldedRegressions> MetricPath::fit(const std::string& stage,
                                                 const std::vector<KernelMetric>& metrics,
                                                 KernelFamily family, double& penalty) {
  const ParallelOptions parallel{options_.threads, stage, options_.callbacks};
  // The last may have most rows, and comes first.
  const std::size_t last = rows_.regressions.size() - 1;
  parallel_for_chunks(ChunkGrid(rows_.regressions.size(), 1), parallel, [&](const Chunk& chunk) {
    rows_.regressions[last - chunk.index].set_kernel(metrics[last - chunk.index], family);
  });
  if (options_.callbacks.cancelled()) return std::nullopt;
  FoldedRegressions round(rows_, parallel);
  penalty = options_.penalty;
  if (!(penalty > 0)) {
    // From round to round it moves little: behind the first each looks to one side, by turns.
    const bool one_side = searched_ && std::isfinite(round.error(penalty_number(start_)));
    start_ = round.search(start_, std::span(sides_).first(one_side ? 1 : 2));
    std::swap(sides_[0], sides_[1]);
    searched_ = true;
    penalty = penalty_number(start_);
  }
  return round;
}

std::vector<KernelMetric> MetricPath::products(FoldedRegressions& round, double penalty,
                                               const std::string& stage) {
  std::vector<KernelMetric> next(rows_.regressions.size());
  const std::size_t last = next.size() - 1;
  parallel_for_chunks(ChunkGrid(next.size(), 1), {options_.threads, stage, options_.callbacks},
                      [&](const Chunk& chunk) {
                        const std::size_t at = last - chunk.index;  // the largest first
                        next[at] = rows_.regressions[at].gradient_product(round.fit(penalty, at),
                                                                          options_.temperature);
                      });
  return next;
}

void MetricPath::keep(FoldedRegressions& round, double penalty, KernelFamily family, bool learned,
                      const std::vector<KernelMetric>& metrics) {
  kernels_.push_back({family, learned, with_all(metrics), penalty, round.error(penalty)});
  held_out_.push_back(round.held_out(penalty, rows_.sample.labels.size()));
}

bool MetricPath::begin_behind(const FoldedSample::Round& identity) {
  rounds_ = {identity.round};
  kernels_ = {identity.kernel};
  held_out_ = {identity.held_out};
  least_ = identity.round.error;
  start_ = identity.penalty;
  std::swap(sides_[0], sides_[1]);
  searched_ = true;
  return std::isfinite(least_);
}

void MetricPath::learn(KernelFamily family, std::vector<KernelMetric> begin, int most_rounds) {
  std::vector<KernelMetric> metrics = identities();
  const bool soft = begin.empty();
  int first = 0;
  if (!soft && family == KernelFamily::networks && rows_.identity) {
    next_ = begin;
    if (!begin_behind(*rows_.identity) || !std::ranges::all_of(begin, has_learned)) return;
    metrics = std::exchange(begin, {});
    first = 1;
  }
  StageProgress progress(options_.callbacks, "features",
                         static_cast<std::uint64_t>(most_rounds) + 1);
  for (int number = first; number <= most_rounds; ++number) {
    progress.at(static_cast<std::uint64_t>(number));
    const std::string stage = "features: round " + std::to_string(number);
    double penalty = 0;
    std::optional<FoldedRegressions> round = fit(stage, metrics, family, penalty);
    if (!round || options_.callbacks.cancelled()) return;
    const double error = round->error(penalty);
    rounds_.push_back({penalty, error});
    // The identity stands even where no penalty has an error, and beside what is learned.
    if (number > 0 && !(error < least_)) break;
    const bool goes_on = error < (1 - kLeastGain) * least_;
    std::vector<KernelMetric> next =
        number == 0 && !begin.empty() ? std::exchange(begin, {}) : products(*round, penalty, stage);
    if (options_.callbacks.cancelled()) return;
    least_ = error;
    chosen_ = rounds_.size() - 1;
    if (number > 1) {  // the last round's is surpassed
      kernels_.pop_back();
      held_out_.pop_back();
    }
    keep(*round, penalty, family, number > 0, metrics);
    if (number == 0 && family == KernelFamily::networks && !rows_.identity) {
      rows_.identity = {rounds_.back(), kernels_.back(), held_out_.back(), start_};
    }
    next_ = next;
    if (!goes_on || !std::ranges::all_of(next, has_learned)) break;
    metrics = std::move(next);
    if (soft && number < kSoftRounds) std::ranges::transform(metrics, metrics.begin(), root);
  }
  progress.finish();
  // That of the chosen round first.
  std::ranges::reverse(kernels_);
  std::ranges::reverse(held_out_);
}

void MetricPath::add_quadratic() {
  double penalty = 0;
  start_ = kFirstPenalty;
  searched_ = false;
  const std::vector<KernelMetric> metrics = identities();
  std::optional<FoldedRegressions> round =
      fit("features: quadratic", metrics, KernelFamily::quadratic, penalty);
  if (round && !options_.callbacks.cancelled() && std::isfinite(round->error(penalty))) {
    keep(*round, penalty, KernelFamily::quadratic, false, metrics);
  }
}

}  // namespace esscher::internal
