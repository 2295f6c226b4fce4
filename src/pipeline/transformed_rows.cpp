#include "pipeline/transformed_rows.h"

#include <algorithm>
#include <numeric>

#include "esscher/base/memory.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/gemm.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kChunkRows = 512;

bool fits(std::uint64_t rows, std::uint64_t columns, std::uint64_t bytes) {
  return saturating_product(rows, saturating_product(columns, bytes)) <= kHeldBytes;
}

template <class T>
MatrixView<T> rows_of(Matrix<T>& matrix, const Chunk& chunk) {
  return matrix.view().rows_from(static_cast<std::size_t>(chunk.begin),
                                 static_cast<std::size_t>(chunk.size()));
}

}  // namespace

TransformedRows::TransformedRows(const FeatureRows& features, std::span<const std::uint64_t> rows,
                                 const FeatureTransform& transform, int threads)
    : features_(features),
      rows_(rows.begin(), rows.end()),
      transform_(transform),
      columns_(transform.outputs()) {
  if (!fits(rows_.size(), columns_, sizeof(float))) return;
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

void OrderedSamples::fill(std::uint64_t first, MatrixView<float> x, std::span<double> y) const {
  const std::span<const std::uint64_t> positions = std::span(order_).subspan(first, x.rows);
  rows_.gather(positions, x);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = labels_[positions[i]];
}

void LinearRows::fill(std::uint64_t first, MatrixView<double> out) const {
  Matrix<float> x(out.rows, out.columns);
  rows_.fill(first, x.view());
  for (std::size_t i = 0; i < out.rows; ++i) std::ranges::copy(x.row(i), out.row(i).begin());
}

HiddenRows::HiddenRows(const TransformedRows& rows, const FirstLayer& layer, int threads, bool hold)
    : rows_(rows),
      weights_(layer.weights.rows(), layer.weights.columns()),
      activation_(layer.activation, layer.biases, layer.mixture) {
  std::ranges::transform(layer.weights.values(), weights_.values().begin(),
                         [](double w) { return static_cast<float>(w); });
  if (!hold || !fits(rows.rows(), columns(), sizeof(double))) return;
  Matrix<double> made(static_cast<std::size_t>(rows.rows()), columns());
  parallel_for_chunks(ChunkGrid(rows.rows(), kChunkRows), {threads, "", {}},
                      [&](const Chunk& chunk) { make(chunk.begin, rows_of(made, chunk)); });
  held_ = std::move(made);
}

void HiddenRows::fill(std::uint64_t first, MatrixView<double> out) const {
  if (held_.empty()) {
    make(first, out);
  } else {
    HeldRows(held_.view()).fill(first, out);
  }
}

void HiddenRows::make(std::uint64_t first, MatrixView<double> out) const {
  Matrix<float> x(out.rows, rows_.columns());
  rows_.fill(first, x.view());
  Matrix<float> hidden(out.rows, out.columns);
  gemm(Operand::plain, std::as_const(x).view(), Operand::transposed, weights_.view(), 0.0F,
       hidden.view());
  activation_.values(hidden.view());
  for (std::size_t i = 0; i < out.rows; ++i) std::ranges::copy(hidden.row(i), out.row(i).begin());
}

}  // namespace esscher::internal
