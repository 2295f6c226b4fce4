#include "readout/moments.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/gemm.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kMomentChunkRows = 1024;

Moments no_moments(std::size_t columns) {
  return {0, 0, 0, std::vector<double>(columns), Matrix<double>(columns, columns)};
}

/// \p x becomes x - mean.
Moments moments_of(MatrixView<double> x, std::span<const double> weights) {
  Moments moments = no_moments(x.columns);
  std::vector<double>& mean = moments.mean;
  for (std::size_t i = 0; i < x.rows; ++i) {
    const double w = weights[i];
    const double* row = x.row(i).data();
    moments.weight += w;
    moments.square_weight += w * w;
    for (std::size_t j = 0; j < x.columns; ++j) mean[j] += w * row[j];
  }
  if (moments.weight == 0) return moments;
  for (double& value : mean) value /= moments.weight;
  for (std::size_t i = 0; i < x.rows; ++i) {
    double* row = x.row(i).data();
    for (std::size_t j = 0; j < x.columns; ++j) row[j] -= mean[j];
  }
  add_weighted_gram(x, weights, moments.scatter.view());
  return moments;
}

/// (phi, y) of the heaviest row.
std::vector<double> heaviest_row(const DesignRows& rows, std::span<const double> targets,
                                 std::span<const double> weights) {
  const auto at =
      static_cast<std::size_t>(std::max_element(weights.begin(), weights.end()) - weights.begin());
  std::vector<double> row(rows.columns() + 1);
  rows.fill(at, {row.data(), 1, rows.columns(), row.size()});
  row.back() = targets[at];
  return row;
}

/// \throws DataError where a sum has overflowed or met what is no number.
void require_finite(const std::vector<Moments>& folds) {
  for (const Moments& moments : folds) {
    for (std::size_t j = 0; j < moments.mean.size(); ++j) {
      if (std::isfinite(moments.mean[j]) && std::isfinite(moments.scatter(j, j))) continue;
      throw DataError(rejection("features and targets", moments.scatter(j, j),
                                "must be finite, and their squares within the range of doubles"));
    }
  }
}

}  // namespace

double Moments::mean_eigenvalue() const {
  double trace = 0;
  for (std::size_t j = 0; j < features(); ++j) trace += scatter(j, j);
  return features() == 0 ? 0 : trace / weight / static_cast<double>(features());
}

void merge(Moments& into, const Moments& other) {
  if (other.weight == 0) return;
  if (into.weight == 0) {
    into = other;
    return;
  }
  const double weight = into.weight + other.weight;
  const double share = other.weight / weight;
  const double between = into.weight * share;
  const std::size_t columns = into.mean.size();
  std::vector<double> step(columns);
  for (std::size_t j = 0; j < columns; ++j) step[j] = other.mean[j] - into.mean[j];
  for (std::size_t i = 0; i < columns; ++i) {
    double* row = into.scatter.row(i).data();
    const double* added = other.scatter.row(i).data();
    const double scaled = between * step[i];
    for (std::size_t j = 0; j <= i; ++j) row[j] += added[j] + scaled * step[j];
  }
  for (std::size_t j = 0; j < columns; ++j) into.mean[j] += share * step[j];
  into.weight = weight;
  into.square_weight += other.square_weight;
  into.lost += other.lost;
}

Moments merged(std::span<const Moments* const> parts) {
  Moments all = *parts.front();
  for (const Moments* part : parts.subspan(1)) merge(all, *part);
  return all;
}

double FoldMoments::intercept(std::span<const double> coefficients, double of_differences) const {
  double value = of_differences + origin.back();
  for (std::size_t j = 0; j < coefficients.size(); ++j) value -= coefficients[j] * origin[j];
  return value;
}

std::optional<FoldMoments> fold_moments(const DesignRows& rows, std::span<const double> targets,
                                        std::span<const double> weights, const FoldPlan& folds,
                                        const GroupMeans* groups, int threads,
                                        const Callbacks& callbacks) {
  const std::size_t features = rows.columns();
  const std::size_t columns = features + 1;
  const ChunkGrid grid(rows.rows(), kMomentChunkRows);
  FoldMoments result{groups ? groups->overall() : heaviest_row(rows, targets, weights), {}};
  const auto map = [&](const Chunk& chunk) {
    const auto count = static_cast<std::size_t>(chunk.size());
    Matrix<double> x(count, columns);
    rows.fill(chunk.begin, {x.data(), count, features, columns});
    // The chunk's rows fold by fold, each fold's in their order.
    Matrix<double> sorted(count, columns);
    std::vector<double> sorted_weights(count, 1.0);
    std::vector<Moments> partial;
    std::size_t end = 0;
    for (std::size_t fold = 0; fold < folds.count; ++fold) {
      const std::size_t begin = end;
      double lost = 0;
      for (std::size_t i = 0; i < count; ++i) {
        if (folds.fold(chunk.begin + i) != fold) continue;
        const std::span<const double> origin =
            groups ? groups->of_row(chunk.begin + i) : std::span<const double>(result.origin);
        if (groups) lost += groups->lost(chunk.begin + i);
        for (std::size_t j = 0; j < features; ++j) sorted(end, j) = x(i, j) - origin[j];
        sorted(end, features) = targets[chunk.begin + i] - origin[features];
        if (!weights.empty()) sorted_weights[end] = weights[chunk.begin + i];
        ++end;
      }
      partial.push_back(end == begin
                            ? no_moments(columns)
                            : moments_of(sorted.view().rows_from(begin, end - begin),
                                         std::span(sorted_weights).subspan(begin, end - begin)));
      partial.back().lost = lost;
    }
    return partial;
  };
  const auto combine = [](std::vector<Moments>& total, std::vector<Moments>&& partial) {
    for (std::size_t fold = 0; fold < total.size(); ++fold) merge(total[fold], partial[fold]);
  };
  auto reduction =
      parallel_reduce_chunks(grid, ParallelOptions{threads, "readout: moments", callbacks},
                             std::vector<Moments>(folds.count, no_moments(columns)), map, combine);
  if (reduction.status == LoopStatus::cancelled) return std::nullopt;
  require_finite(reduction.value);
  result.folds = std::move(reduction.value);
  return result;
}

}  // namespace esscher::internal
