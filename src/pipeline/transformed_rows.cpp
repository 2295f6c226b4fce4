#include "pipeline/transformed_rows.h"

#include <algorithm>
#include <utility>

#include "esscher/base/memory.h"
#include "esscher/base/parallel.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kChunkRows = 512;

std::uint64_t float_bytes(std::uint64_t rows, std::uint64_t columns) {
  return saturating_product(rows, saturating_product(columns, sizeof(float)));
}

template <class T>
MatrixView<T> rows_of(Matrix<T>& matrix, const Chunk& chunk) {
  return matrix.view().rows_from(static_cast<std::size_t>(chunk.begin),
                                 static_cast<std::size_t>(chunk.size()));
}

}  // namespace

TransformedRows::TransformedRows(const FeatureRows& features, std::span<const std::uint64_t> rows,
                                 const FeatureTransform& transform, int threads,
                                 std::uint64_t most_held)
    : features_(features),
      rows_(rows.begin(), rows.end()),
      transform_(transform),
      columns_(transform.outputs()) {
  if (float_bytes(rows_.size(), columns_) > most_held) return;
  Matrix<float> made(rows_.size(), columns_);
  parallel_for_chunks(
      ChunkGrid(rows_.size(), kChunkRows), {threads, "", {}}, [&](const Chunk& chunk) {
        read(std::span(rows_).subspan(chunk.begin, chunk.size()), rows_of(made, chunk));
      });
  held_ = std::move(made);
}

void TransformedRows::read(std::span<const std::uint64_t> numbers, MatrixView<float> out) const {
  Matrix<double> x(numbers.size(), features_.columns());
  features_.gather(numbers, x.view());
  transform_.apply(std::as_const(x).view(), out);
}

void TransformedRows::fill(std::uint64_t first, MatrixView<float> out) const {
  if (held_.empty()) {
    read(std::span(rows_).subspan(first, out.rows), out);
    return;
  }
  for (std::size_t i = 0; i < out.rows; ++i) {
    std::ranges::copy(held_.row(first + i), out.row(i).begin());
  }
}

void TransformedRows::gather(std::span<const std::uint64_t> positions,
                             MatrixView<float> out) const {
  if (held_.empty()) {
    std::vector<std::uint64_t> numbers(positions.size());
    std::ranges::transform(positions, numbers.begin(),
                           [&](std::uint64_t position) { return rows_[position]; });
    read(numbers, out);
    return;
  }
  for (std::size_t i = 0; i < out.rows; ++i) {
    std::ranges::copy(held_.row(positions[i]), out.row(i).begin());
  }
}

void LinearRows::fill(std::uint64_t first, MatrixView<double> out) const {
  Matrix<float> x(out.rows, out.columns);
  rows_.fill(first, x.view());
  for (std::size_t i = 0; i < out.rows; ++i) std::ranges::copy(x.row(i), out.row(i).begin());
}

}  // namespace esscher::internal
