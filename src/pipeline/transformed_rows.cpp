#include "pipeline/transformed_rows.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "esscher/base/memory.h"
#include "esscher/base/parallel.h"
#include "esscher/data/row_order.h"
#include "esscher/linalg/gemm.h"

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

void TransformedRows::fill_centred(std::uint64_t first, MatrixView<double> out) const {
  features_.gather(std::span(rows_).subspan(first, out.rows), out);
  for (std::size_t i = 0; i < out.rows; ++i) {
    double* const row = out.row(i).data();
    for (std::size_t j = 0; j < out.columns; ++j) row[j] -= transform_.mean[j];
  }
}

Matrix<double> TransformedRows::raw_weights(const Matrix<double>& weights) const {
  Matrix<double> raw(weights.rows(), raw_columns());
  if (transform_.kind == TransformKind::whiten) {
    gemm(Operand::plain, weights.view(), Operand::transposed, transform_.directions.view(), 0.0,
         raw.view());
  }
  for (std::size_t i = 0; i < raw.rows(); ++i) {
    std::size_t output = 0;
    for (std::size_t j = 0; j < raw.columns(); ++j) {
      const double scale = transform_.scale[j];
      if (scale == 0) continue;  // a dropped column: its weight stays 0
      if (transform_.kind != TransformKind::whiten) raw(i, j) = weights(i, output++);
      raw(i, j) /= scale;
    }
  }
  return raw;
}

OrderedSamples::OrderedSamples(const TransformedRows& rows, std::vector<std::uint64_t> order,
                               std::span<const double> labels, std::uint64_t batch, int threads)
    : rows_(rows), order_(std::move(order)), labels_(labels), threads_(threads) {
  if (rows.held() || batch > kSmallBatch) return;
  constexpr std::size_t kWindowNumbers = std::size_t{1} << 22;  // 16 MiB
  const std::size_t count =
      std::clamp<std::size_t>(kWindowNumbers / rows.columns(), 1, kOrderRun * kOrderWindow);
  window_ = Matrix<float>(count, rows.columns());
}

void OrderedSamples::fill(std::uint64_t first, MatrixView<float> x, std::span<double> y) const {
  const std::span<const std::uint64_t> positions = std::span(order_).subspan(first, x.rows);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = labels_[positions[i]];
  if (window_.empty()) return rows_.gather(positions, x);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < x.rows; ++i) {
    const std::uint64_t at = (first + i) % window_.rows();
    if (window_begin_ != first + i - at) make_window(first + i - at);
    std::ranges::copy(std::as_const(window_).row(at), x.row(i).begin());
  }
}

void OrderedSamples::make_window(std::uint64_t begin) const {
  constexpr std::uint64_t kPiece = 256;
  window_begin_ = kNone;
  const std::span<const std::uint64_t> positions =
      std::span(order_).subspan(begin, std::min(window_.rows(), order_.size() - begin));
  std::vector<std::size_t> ascending(positions.size());
  std::iota(ascending.begin(), ascending.end(), std::size_t{0});
  std::ranges::sort(ascending, {}, [&](std::size_t i) { return std::pair(positions[i], i); });
  parallel_for_chunks(
      ChunkGrid(positions.size(), kPiece), {threads_, "", {}}, [&](const Chunk& chunk) {
        const auto places = std::span(ascending).subspan(chunk.begin, chunk.size());
        std::vector<std::uint64_t> wanted(places.size());
        std::ranges::transform(places, wanted.begin(), [&](std::size_t i) { return positions[i]; });
        Matrix<float> made(places.size(), window_.columns());
        rows_.gather(wanted, made.view());
        for (std::size_t i = 0; i < places.size(); ++i) {
          std::ranges::copy(made.row(i), window_.row(places[i]).begin());
        }
      });
  window_begin_ = begin;
}

void LinearRows::fill(std::uint64_t first, MatrixView<double> out) const {
  Matrix<float> x(out.rows, out.columns);
  rows_.fill(first, x.view());
  for (std::size_t i = 0; i < out.rows; ++i) std::ranges::copy(x.row(i), out.row(i).begin());
}

HiddenRows::HiddenRows(const TransformedRows& rows, const FirstLayer& layer, int threads,
                       std::uint64_t most_held)
    : rows_(rows),
      weights_(layer.weights.rows(), layer.weights.columns()),
      activation_(layer.activation, layer.biases, layer.mixture) {
  std::ranges::transform(layer.weights.values(), weights_.values().begin(),
                         [](double w) { return static_cast<float>(w); });
  if (!rows.held()) raw_weights_ = rows.raw_weights(layer.weights);
  if (float_bytes(rows.rows(), columns()) > most_held) return;
  Matrix<float> made(static_cast<std::size_t>(rows.rows()), columns());
  parallel_for_chunks(ChunkGrid(rows.rows(), kChunkRows), {threads, "", {}},
                      [&](const Chunk& chunk) { make(chunk.begin, rows_of(made, chunk)); });
  held_ = std::move(made);
}

void HiddenRows::fill(std::uint64_t first, MatrixView<double> out) const {
  Matrix<float> made;
  if (held_.empty()) {
    made = Matrix<float>(out.rows, out.columns);
    make(first, made.view());
  }
  for (std::size_t i = 0; i < out.rows; ++i) {
    std::ranges::copy(held_.empty() ? made.row(i) : held_.row(first + i), out.row(i).begin());
  }
}

void HiddenRows::make(std::uint64_t first, MatrixView<float> hidden) const {
  if (raw_weights_.empty()) {
    Matrix<float> x(hidden.rows, rows_.columns());
    rows_.fill(first, x.view());
    gemm(Operand::plain, std::as_const(x).view(), Operand::transposed, weights_.view(), 0.0F,
         hidden);
  } else {
    Matrix<double> x(hidden.rows, rows_.raw_columns());
    rows_.fill_centred(first, x.view());
    Matrix<double> u(hidden.rows, hidden.columns);
    gemm(Operand::plain, std::as_const(x).view(), Operand::transposed, raw_weights_.view(), 0.0,
         u.view());
    for (std::size_t i = 0; i < u.rows(); ++i) {
      std::ranges::transform(u.row(i), hidden.row(i).begin(),
                             [](double value) { return static_cast<float>(value); });
    }
  }
  activation_.values(hidden);
}

}  // namespace esscher::internal
