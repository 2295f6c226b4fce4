#include "data/feature_moments.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "data/far_values.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/gemm.h"

namespace esscher::internal {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Numbers in a chunk: it is read twice, and should stay in the second-level cache.
constexpr std::size_t kChunkNumbers = std::size_t{1} << 16;
// Numbers in a block of standardised rows (32 MiB), and the side of a tile of the Gram matrix.
constexpr std::size_t kBlockNumbers = std::size_t{1} << 22;
constexpr std::size_t kTileColumns = 128;

std::size_t chunk_rows(std::size_t columns) {
  return std::clamp<std::size_t>(kChunkNumbers / columns, 8, 1024);
}

/// Memory that a thread keeps, since fresh pages for each chunk would cost more than its sums.
MatrixView<double> scratch(std::size_t rows, std::size_t columns) {
  thread_local std::vector<double> memory;
  if (memory.size() < rows * columns) memory.resize(rows * columns);
  return {memory.data(), rows, columns, columns};
}

/// \p x is consumed.
ColumnMoments moments_of(MatrixView<double> x, std::span<const double> weights,
                         std::span<const double> origin) {
  const std::size_t d = x.columns;
  ColumnMoments moments{0,
                        0,
                        0,
                        std::vector<double>(d),
                        std::vector<double>(d),
                        std::vector<double>(d, kInfinity),
                        std::vector<double>(d, -kInfinity)};
  for (std::size_t i = 0; i < x.rows; ++i) {
    const double w = weights[i];
    if (w <= 0) continue;
    double* const row = x.row(i).data();
    ++moments.rows;
    moments.weight += w;
    moments.square_weight += w * w;
    for (std::size_t j = 0; j < d; ++j) {
      moments.least[j] = std::min(moments.least[j], row[j]);
      moments.greatest[j] = std::max(moments.greatest[j], row[j]);
      row[j] -= origin[j];
      moments.mean[j] += w * row[j];
    }
  }
  if (moments.rows == 0) return moments;
  for (double& mean : moments.mean) mean /= moments.weight;
  for (std::size_t i = 0; i < x.rows; ++i) {
    const double w = weights[i];
    if (w <= 0) continue;
    const double* const row = x.row(i).data();
    for (std::size_t j = 0; j < d; ++j) {
      const double deviation = row[j] - moments.mean[j];
      moments.scatter[j] += w * deviation * deviation;
    }
  }
  return moments;
}

void merge(ColumnMoments& into, ColumnMoments&& other) {
  if (other.rows == 0) return;
  if (into.rows == 0) {
    into = std::move(other);
    return;
  }
  const double weight = into.weight + other.weight;
  const double share = other.weight / weight;
  const double between = into.weight * share;
  for (std::size_t j = 0; j < into.mean.size(); ++j) {
    const double step = other.mean[j] - into.mean[j];
    into.mean[j] += step * share;
    into.scatter[j] += other.scatter[j] + step * step * between;
    into.least[j] = std::min(into.least[j], other.least[j]);
    into.greatest[j] = std::max(into.greatest[j], other.greatest[j]);
  }
  into.rows += other.rows;
  into.weight = weight;
  into.square_weight += other.square_weight;
}

/// Adds to tile number \p tile of the lower triangle; tiles are counted row by row.
void add_tile(std::uint64_t tile, MatrixView<const double> z, MatrixView<double> gram) {
  std::size_t i = 0;
  std::uint64_t first = 0;
  while (first + i + 1 <= tile) first += ++i;
  const auto j = static_cast<std::size_t>(tile - first);
  const auto columns_of = [&](std::size_t index) -> MatrixView<const double> {
    const std::size_t begin = index * kTileColumns;
    return {z.data + begin, z.rows, std::min(kTileColumns, z.columns - begin), z.stride};
  };
  const MatrixView<const double> left = columns_of(i);
  const MatrixView<const double> right = columns_of(j);
  const MatrixView<double> part{gram.data + i * kTileColumns * gram.stride + j * kTileColumns,
                                left.columns, right.columns, gram.stride};
  if (i == j) {
    add_weighted_gram(left, {}, part);
  } else {
    gemm(Operand::transposed, left, Operand::plain, right, 1.0, part);
  }
}

}  // namespace

void WeightedRows::gather(std::span<const std::uint64_t> numbers, MatrixView<double> out) const {
  features.gather(numbers, out);
  for (const FarColumn& column : far) {
    for (std::size_t i = 0; i < out.rows; ++i) {
      double& value = out.row(i)[column.column];
      value = std::clamp(value, column.least, column.greatest);
    }
  }
}

std::optional<ColumnMoments> column_moments(const WeightedRows& table) {
  const std::size_t d = table.features.columns();
  // Sums about a row that occurs carry the digits of deviations, not those of the values.
  std::vector<double> origin(d);
  table.gather(table.rows.first(1), {origin.data(), 1, d, d});
  const ParallelOptions parallel{table.threads, "feature moments", table.callbacks};
  auto reduction = parallel_reduce_chunks(
      ChunkGrid(table.rows.size(), chunk_rows(d)), parallel, ColumnMoments{},
      [&](const Chunk& chunk) {
        const auto begin = static_cast<std::size_t>(chunk.begin);
        const auto count = static_cast<std::size_t>(chunk.size());
        const MatrixView<double> x = scratch(count, d);
        table.gather(table.rows.subspan(begin, count), x);
        return moments_of(x, table.weights.subspan(begin, count), origin);
      },
      merge);
  if (reduction.status == LoopStatus::cancelled) return std::nullopt;
  for (std::size_t j = 0; j < reduction.value.mean.size(); ++j) {
    reduction.value.mean[j] += origin[j];
  }
  return std::move(reduction.value);
}

void standardise_rows(MatrixView<const double> x, std::span<const double> mean,
                      std::span<const double> scale, std::span<const std::size_t> kept,
                      MatrixView<double> z) {
  for (std::size_t i = 0; i < x.rows; ++i) {
    const double* const from = x.row(i).data();
    double* const to = z.row(i).data();
    if (kept.size() == x.columns) {
      // Without indirection the compiler makes vectors of it.
      for (std::size_t j = 0; j < x.columns; ++j) to[j] = (from[j] - mean[j]) / scale[j];
      continue;
    }
    for (std::size_t k = 0; k < kept.size(); ++k) {
      const std::size_t j = kept[k];
      to[k] = (from[j] - mean[j]) / scale[j];
    }
  }
}

std::optional<Matrix<double>> column_correlations(const WeightedRows& table,
                                                  const ColumnMoments& moments,
                                                  std::span<const double> scale,
                                                  std::span<const std::size_t> kept) {
  using Clock = std::chrono::steady_clock;
  const std::size_t d = table.features.columns();
  const std::size_t n = table.rows.size();
  const std::size_t p = kept.size();
  const std::size_t block_rows = std::min(n, std::clamp<std::size_t>(kBlockNumbers / d, 256, 8192));
  const std::size_t tiles_across = (p + kTileColumns - 1) / kTileColumns;
  const ChunkGrid tiles(tiles_across * (tiles_across + 1) / 2, 1);
  Matrix<double> block(block_rows, d);
  Matrix<double> gram(p, p);

  // The stage is many short loops: they listen to cancellation, and progress is told here.
  ParallelOptions parallel{table.threads, {}, {}};
  parallel.callbacks.cancellation = table.callbacks.cancellation;
  auto due = Clock::time_point::min();
  const auto tell = [&](std::size_t done) {
    if (!table.callbacks.progress || (done < n && Clock::now() < due)) return;
    table.callbacks.progress({"feature correlations", done, n});
    due = Clock::now() + table.callbacks.progress_interval;
  };
  tell(0);
  for (std::size_t begin = 0; begin < n; begin += block_rows) {
    const std::size_t count = std::min(block_rows, n - begin);
    const LoopStatus read =
        parallel_for_chunks(ChunkGrid(count, chunk_rows(d)), parallel, [&](const Chunk& chunk) {
          const auto first = static_cast<std::size_t>(chunk.begin);
          const auto size = static_cast<std::size_t>(chunk.size());
          const MatrixView<double> x = block.view().rows_from(first, size);
          table.gather(table.rows.subspan(begin + first, size), x);
          standardise_rows(x, moments.mean, scale, kept, x);
          for (std::size_t i = 0; i < size; ++i) {
            const double root = std::sqrt(table.weights[begin + first + i] / moments.weight);
            const std::span<double> z = x.row(i).first(p);
            // A row without weight may lie so far out that it is infinite here.
            if (root == 0) std::ranges::fill(z, 0.0);
            for (double& value : z) value *= root;
          }
        });
    if (read == LoopStatus::cancelled) return std::nullopt;
    const MatrixView<const double> z{block.data(), count, p, d};
    const LoopStatus added = parallel_for_chunks(
        tiles, parallel, [&](const Chunk& chunk) { add_tile(chunk.index, z, gram.view()); });
    if (added == LoopStatus::cancelled) return std::nullopt;
    tell(begin + count);
  }
  symmetrise_from_lower(gram.view());
  return gram;
}

}  // namespace esscher::internal
