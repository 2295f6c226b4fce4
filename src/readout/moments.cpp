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

/// The moments of each fold's rows of one chunk. \param x  the chunk's (phi, y)
std::vector<Moments> chunk_moments(const Matrix<double>& x, const Chunk& chunk,
                                   const RowWeights& given, std::span<const double> origin,
                                   const FoldPlan& folds) {
  // The chunk's rows fold by fold, each fold's in their order.
  Matrix<double> sorted(x.rows(), x.columns());
  std::vector<double> sorted_weights(x.rows(), 1.0);
  std::vector<Moments> moments;
  std::size_t end = 0;
  for (std::size_t fold = 0; fold < folds.count; ++fold) {
    const std::size_t begin = end;
    double lost = 0;
    for (std::size_t i = 0; i < x.rows(); ++i) {
      const std::uint64_t row = chunk.begin + i;
      if (folds.fold(row) != fold) continue;
      const std::span<const double> from = given.groups ? given.groups->of_row(row) : origin;
      if (given.groups) lost += given.groups->lost(row);
      for (std::size_t j = 0; j < x.columns(); ++j) sorted(end, j) = x(i, j) - from[j];
      if (!given.weights.empty()) sorted_weights[end] = given.weights[row];
      ++end;
    }
    moments.push_back(end == begin
                          ? no_moments(x.columns())
                          : moments_of(sorted.view().rows_from(begin, end - begin),
                                       std::span(sorted_weights).subspan(begin, end - begin)));
    moments.back().lost = lost;
  }
  return moments;
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

std::optional<std::vector<FoldMoments>> fold_moments(const DesignRows& rows,
                                                     std::span<const double> targets,
                                                     std::span<const RowWeights> each,
                                                     const FoldPlan& folds, int threads,
                                                     const Callbacks& callbacks) {
  const std::size_t columns = rows.columns() + 1;
  std::vector<FoldMoments> results;
  for (const RowWeights& weights : each) {
    results.push_back(
        {weights.groups ? weights.groups->overall() : heaviest_row(rows, targets, weights.weights),
         {}});
  }
  const auto map = [&](const Chunk& chunk) {
    Matrix<double> x(static_cast<std::size_t>(chunk.size()), columns);
    rows.fill(chunk.begin, {x.data(), x.rows(), columns - 1, columns});
    for (std::size_t i = 0; i < x.rows(); ++i) x(i, columns - 1) = targets[chunk.begin + i];
    std::vector<std::vector<Moments>> partial;
    for (std::size_t k = 0; k < each.size(); ++k) {
      partial.push_back(chunk_moments(x, chunk, each[k], results[k].origin, folds));
    }
    return partial;
  };
  const auto combine = [](std::vector<std::vector<Moments>>& total,
                          std::vector<std::vector<Moments>>&& partial) {
    for (std::size_t k = 0; k < total.size(); ++k) {
      for (std::size_t fold = 0; fold < total[k].size(); ++fold) {
        merge(total[k][fold], partial[k][fold]);
      }
    }
  };
  auto reduction = parallel_reduce_chunks(
      ChunkGrid(rows.rows(), kMomentChunkRows),
      ParallelOptions{threads, "readout: moments", callbacks},
      std::vector(each.size(), std::vector<Moments>(folds.count, no_moments(columns))), map,
      combine);
  if (reduction.status == LoopStatus::cancelled) return std::nullopt;
  for (std::size_t k = 0; k < results.size(); ++k) {
    require_finite(reduction.value[k]);
    results[k].folds = std::move(reduction.value[k]);
  }
  return results;
}

}  // namespace esscher::internal
