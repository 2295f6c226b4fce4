#include "refinement/additive_rounds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "refinement/additive_kernel.h"
#include "refinement/metric_path.h"

namespace esscher::internal {
namespace {

constexpr int kMostAdditiveRounds = 5;
/// Of points, for variances of functions.
constexpr std::size_t kVariancePoints = 400;
/// A column's least share of the mean variance: what it does with others may show later.
constexpr double kLeastVariance = 0.1;

/// One fold's.
struct AdditiveFold {
  std::optional<AdditiveKernel> rows;
  std::optional<AdditiveKernel> left_out;
  std::optional<AdditiveKernel> some;  ///< of rows, spread
  std::vector<double> some_weights;
  std::vector<std::uint32_t> some_groups;
  std::vector<double> weights;  ///< of columns, of sum 1
};

/// Of sum 1; none where all are 0.
std::vector<double> normalised(std::vector<double> variances) {
  const double sum = std::accumulate(variances.begin(), variances.end(), 0.0);
  if (!(sum > 0) || !std::isfinite(sum)) return {};
  for (double& value : variances) value /= sum;
  return variances;
}

}  // namespace

std::vector<KernelMetric> additive_metrics(const MetricSample& sample,
                                           const MetricRoundsOptions& options, bool all_rows) {
  const std::size_t columns = sample.x.columns;
  const std::vector<AdditiveKernel::Column> scaled = AdditiveKernel::columns_of(sample.x);
  FoldedSample folded(sample, sample.labels.size(), all_rows);
  std::vector<KernelRegression>& regressions = folded.regressions;
  std::vector<AdditiveFold> each(regressions.size());
  const ParallelOptions parallel{options.threads, "features: columns", options.callbacks};
  const ChunkGrid grid(regressions.size(), 1);
  parallel_for_chunks(grid, parallel, [&](const Chunk& chunk) {
    AdditiveFold& fold = each[chunk.index];
    const KernelRegression& regression = regressions[chunk.index];
    const std::vector<std::size_t>& rows = regression.rows();
    fold.rows.emplace(gathered(sample.x, rows).view(), scaled);
    fold.left_out.emplace(gathered(sample.x, regression.left_out()).view(), scaled);
    std::vector<std::size_t> some(std::min(rows.size(), kVariancePoints));
    for (std::size_t i = 0; i < some.size(); ++i) {
      const std::size_t at = i * rows.size() / some.size();
      some[i] = rows[at];
      fold.some_weights.push_back(regression.weights()[at]);
      if (!sample.groups.empty()) fold.some_groups.push_back(sample.groups[rows[at]]);
    }
    fold.some.emplace(gathered(sample.x, some).view(), scaled);
    fold.weights.assign(columns, 1 / static_cast<double>(columns));
  });

  double least = std::numeric_limits<double>::infinity();
  int start = kFirstPenalty;
  std::vector<std::vector<double>> variances;
  for (int round = 0; round < kMostAdditiveRounds; ++round) {
    parallel_for_chunks(grid, parallel, [&](const Chunk& chunk) {
      const AdditiveFold& fold = each[chunk.index];
      regressions[chunk.index].set_kernel_values(
          [&](MatrixView<double> k) {
            AdditiveKernel::values(*fold.rows, *fold.rows, fold.weights, k);
          },
          [&](MatrixView<double> k) {
            AdditiveKernel::values(*fold.left_out, *fold.rows, fold.weights, k);
          });
    });
    FoldedRegressions fits(folded, parallel);
    constexpr std::array kSides{-1, 1};
    double penalty = options.penalty;
    if (!(penalty > 0)) {
      start = fits.search(start, kSides);
      penalty = penalty_number(start);
    }
    const double error = fits.error(penalty);
    if (options.callbacks.cancelled()) return {};
    if (!(error < (1 - kLeastGain) * least)) break;
    least = error;
    std::vector<std::vector<double>> next(each.size());
    parallel_for_chunks(grid, parallel, [&](const Chunk& chunk) {
      const AdditiveFold& fold = each[chunk.index];
      next[chunk.index] = normalised(
          AdditiveKernel::variances(*fold.some, fold.some_weights, fold.some_groups, *fold.rows,
                                    fits.fit(penalty, chunk.index).alpha, fold.weights));
    });
    if (options.callbacks.cancelled()) return {};
    if (std::ranges::any_of(next, [](const auto& values) { return values.empty(); })) break;
    variances = std::move(next);
    for (std::size_t f = 0; f < each.size(); ++f) each[f].weights = variances[f];
  }
  std::vector<KernelMetric> metrics;
  for (const std::vector<double>& values : variances) {
    KernelMetric metric;
    metric.diagonal.resize(columns);
    for (std::size_t k = 0; k < columns; ++k) {
      const double floor = kLeastVariance / static_cast<double>(columns);
      // Roots, as of all first metrics.
      const double square =
          std::max(scaled[k].scale * scaled[k].scale, std::numeric_limits<double>::min());
      metric.diagonal[k] = std::sqrt(std::max(values[k], floor)) / square;
    }
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

}  // namespace esscher::internal
