#include "pipeline/table_features.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ranges>
#include <utility>

#include "esscher/data/folds.h"
#include "esscher/linalg/factor.h"
#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

/// Within groups only the order of rewards counts: the share of its group that each row beats, less
/// a half.
std::vector<double> orders(std::span<const double> rewards, std::span<const std::uint32_t> groups) {
  std::vector<std::size_t> rows(rewards.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::ranges::sort(rows, {}, [&](std::size_t i) { return std::pair(groups[i], rewards[i]); });
  std::vector<double> result(rewards.size());
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin;
    while (end < rows.size() && groups[rows[end]] == groups[rows[begin]]) ++end;
    for (std::size_t first = begin; first < end;) {
      std::size_t last = first;
      while (last < end && rewards[rows[last]] == rewards[rows[first]]) ++last;
      const double beaten = static_cast<double>(first + last) / 2 - static_cast<double>(begin);
      for (std::size_t i = first; i < last; ++i) {
        result[rows[i]] = beaten / static_cast<double>(end - begin) - 0.5;
      }
      first = last;
    }
    begin = end;
  }
  double square = 0;
  for (const double value : result) square += value * value;
  const double sd = std::sqrt(square / static_cast<double>(result.size()));
  for (double& value : result) value /= sd > 0 ? sd : 1;
  return result;
}

std::vector<double> candidate_penalties(double first, std::size_t rows,
                                        const TrainingOptions& options) {
  if (options.ridge.rule == PenaltyRule::fixed) return {options.ridge.penalty};
  if (options.loss == ReadoutLoss::preferences) return {};
  if (rows <= kLandmarkRows) return {first};
  std::vector<double> path;
  for (const double factor : {3.162, 1.0, 0.3162, 0.1, 0.03162}) path.push_back(factor * first);
  return path;
}

Matrix<double> widened(const TransformedRows& x, std::span<const std::uint64_t> rows) {
  Matrix<float> single(rows.size(), x.columns());
  x.gather(rows, single.view());
  Matrix<double> points(rows.size(), x.columns());
  std::ranges::copy(single.values(), points.values().begin());
  return points;
}

}  // namespace

MetricRounds learn_metrics(const TransformedRows& x, const TrainingLabels& targets,
                           std::span<const std::uint32_t> folds, double temperature,
                           const TrainingOptions& options) {
  std::vector<std::uint64_t> rows(targets.values().size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  if (rows.size() > kMetricRows) rows = random_subset(rows, kMetricRows, options.seed);
  const Matrix<double> points = widened(x, rows);
  const auto some = [&](auto&& values) {
    std::vector<std::ranges::range_value_t<decltype(values)>> taken;
    for (const std::uint64_t row : rows) taken.push_back(values[row]);
    return taken;
  };
  const std::vector<double> labels =
      some(options.loss == ReadoutLoss::preferences && targets.sure_win() == 0
               ? orders(targets.values(), targets.groups())
               : std::vector<double>(targets.values().begin(), targets.values().end()));
  std::vector<double> weights = some(targets.even_log_weights());
  normalise_log_weights(weights);
  for (double& w : weights) w = std::exp(w);
  std::vector<std::uint32_t> groups;
  if (!targets.groups().empty()) groups = some(targets.groups());
  const std::vector<std::uint32_t> fold = some(folds);
  MetricRoundsOptions rounds{.most_rounds = options.most_rounds, .temperature = temperature};
  if (options.ridge.rule == PenaltyRule::fixed && options.loss == ReadoutLoss::squared) {
    rounds.penalty = options.ridge.penalty;
  }
  rounds.threads = options.threads;
  rounds.callbacks = options.callbacks;
  MetricRounds result = learn_metric({points.view(), labels, weights, groups, fold}, rounds);
  if (options.loss == ReadoutLoss::preferences && !result.cancelled) {
    // Bradley-Terry fits of several kernels do not add up to one.
    const auto best = std::ranges::max_element(result.kernels, {}, &StackedKernel::share);
    result.kernels = {*best};
    result.kernels[0].share = 1;
  }
  return result;
}

std::vector<KernelFeatures> folded_features(const TransformedRows& x, const MetricRounds& metrics,
                                            std::span<const std::uint32_t> folds,
                                            const TrainingOptions& options,
                                            std::uint64_t most_held) {
  std::size_t most = options.landmarks;
  if (most == 0) most = options.loss == ReadoutLoss::preferences ? 512 : kLandmarkRows;
  const std::size_t folds_and_all = metrics.kernels[0].metrics.size();
  // Of all rows the kernels share them.
  using Landmarks = std::shared_ptr<const Matrix<double>>;
  const auto known =
      std::make_shared<std::vector<std::weak_ptr<const Matrix<double>>>>(folds_and_all);
  const auto landmarks = [=, &x, &options](std::size_t fold) -> Landmarks {
    if (Landmarks found = (*known)[fold].lock()) return found;
    std::vector<std::uint64_t> rows;
    for (std::uint64_t i = 0; i < folds.size(); ++i) {
      if (folds[i] != fold) rows.push_back(i);
    }
    if (rows.size() > most) rows = random_subset(rows, most, options.seed);
    Landmarks made = distinct_rows(x, rows);
    (*known)[fold] = made;
    return made;
  };
  std::vector<KernelFeatures> features;
  std::uint64_t bytes = 0;
  for (const StackedKernel& kernel : metrics.kernels) {
    // One that has seen no label serves all folds: landmarks are rows without their labels.
    const std::size_t first = kernel.learned ? 0 : folds_and_all - 1;
    KernelFeatures& made = features.emplace_back();
    made.penalties = candidate_penalties(kernel.penalty, folds.size(), options);
    made.rows.resize(folds_and_all - first);
    made.make = [&x, &kernel, &options, landmarks, first, most_held](std::size_t at) {
      return std::make_unique<const MetricRows>(x, kernel.metrics[first + at], kernel.family,
                                                landmarks(first + at), options.threads, most_held);
    };
    const std::size_t columns = std::min<std::size_t>(most, folds.size());
    bytes +=
        made.rows.size() *
        MetricRows::bytes(x.rows(), columns, MetricRows::single(x.rows(), columns, kernel.family));
  }
  // Bradley-Terry fits take all at once.
  if (bytes > most_held && options.loss == ReadoutLoss::squared) return features;
  for (KernelFeatures& kernel : features) {
    for (std::size_t at = 0; at < kernel.rows.size(); ++at) kernel.rows[at] = kernel.make(at);
    kernel.make = nullptr;
  }
  return features;
}

FeatureImportance feature_importance(const KernelMetric& product,
                                     const FeatureTransform& transform) {
  FeatureImportance result;
  result.columns.assign(transform.inputs(), 0.0);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < transform.inputs(); ++i) {
    if (transform.scale[i] == 0) continue;
    if (transform.kind == TransformKind::whiten) {
      // Standardised columns times the directions are the coordinates.
      const std::span<const double> row = transform.directions.row(i);
      for (std::size_t a = 0; a < row.size(); ++a) {
        if (product.full.empty()) {
          result.columns[i] += row[a] * row[a] * product.diagonal[a];
          continue;
        }
        for (std::size_t b = 0; b < row.size(); ++b) {
          result.columns[i] += row[a] * product.full(a, b) * row[b];
        }
      }
    } else {
      result.columns[i] = product.full.empty() ? product.diagonal[kept] : product.full(kept, kept);
      ++kept;
    }
  }
  double sum = 0;
  for (const double share : result.columns) sum += share;
  for (double& share : result.columns) share = sum > 0 ? std::max(0.0, share / sum) : 0;
  if (product.full.empty()) return result;
  const SymmetricEigen eigen = symmetric_eigen(product.full.view());
  double trace = 0;
  for (const double value : eigen.values) trace += std::max(0.0, value);
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(kShown, eigen.values.size()) && trace > 0; ++i) {
    const double value = eigen.values[eigen.values.size() - 1 - i] / trace;
    if (value > 1e-12) result.directions.push_back(value);
  }
  return result;
}

}  // namespace esscher::internal
