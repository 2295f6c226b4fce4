#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "esscher/base/parallel.h"
#include "esscher/linalg/gemm.h"
#include "refinement/directions.h"

namespace esscher::internal {
namespace {

/// Samples of a chunk: a chunk holds a gradient of its own.
constexpr std::uint64_t kDirectChunk = 2048;

Matrix<float> single_precision(MatrixView<const double> from) {
  Matrix<float> to(from.rows, from.columns);
  for (std::size_t i = 0; i < from.rows; ++i) {
    for (std::size_t j = 0; j < from.columns; ++j) to(i, j) = static_cast<float>(from(i, j));
  }
  return to;
}

void widen(MatrixView<const float> from, MatrixView<double> to) {
  for (std::size_t i = 0; i < from.rows; ++i) {
    for (std::size_t j = 0; j < from.columns; ++j) to(i, j) = static_cast<double>(from(i, j));
  }
}

class DirectDirections final : public Directions {
 public:
  DirectDirections(const SampleSource& source, const FirstLayer& layer, int threads,
                   const Callbacks& callbacks)
      : source_(source), layer_(layer), parallel_{threads, {}, {}} {
    parallel_.callbacks.cancellation = callbacks.cancellation;
    // 4 MiB of x at a time.
    block_ = std::clamp<std::uint64_t>((std::uint64_t{1} << 20) / source.dim(), 16, 512);
  }

  void project(std::uint64_t first, MatrixView<double> u, std::span<double> y) const override {
    see(single_precision(layer_.weights.view()), first, u, y);
  }

  void start(MatrixView<const double> combinations) override {
    directions_ = Matrix<double>(combinations.rows, layer_.weights.columns());
    gemm(Operand::plain, combinations, Operand::plain, layer_.weights.view(), 0,
         directions_.view());
    orthonormalise(directions_);
    leading_ = single_precision(directions_.view());
  }

  void draw(std::uint64_t first, MatrixView<double> v, std::span<double> y) const override {
    see(leading_, first, v, y);
  }

  BatchSums accumulate(std::uint64_t first, std::uint64_t count,
                       const DirectionNetwork& network) override {
    const std::size_t k = directions_.rows();
    const std::size_t d = directions_.columns();
    gradient_ = Matrix<double>(k, d);
    auto sums = parallel_reduce_chunks(
        ChunkGrid(count, kDirectChunk), parallel_, BatchSums(k),
        [&](const Chunk& chunk) { return go_through(first, chunk, network); },
        [&](BatchSums& total, std::pair<BatchSums, Matrix<float>>&& part) {
          total += part.first;
          for (std::size_t i = 0; i < gradient_.values().size(); ++i) {
            gradient_.values()[i] += static_cast<double>(part.second.values()[i]);
          }
        });
    if (sums.status == LoopStatus::cancelled) return BatchSums(k);
    // What lies within V turns g, not V: the second layer's business.
    Matrix<double> within(k, k);
    gemm(Operand::plain, gradient_.view(), Operand::transposed, directions_.view(), 0,
         within.view());
    for (double& value : within.values()) value = -value;
    gemm(Operand::plain, within.view(), Operand::plain, directions_.view(), 1, gradient_.view());
    for (double& value : gradient_.values()) value /= static_cast<double>(count);
    return std::move(sums.value);
  }

  void move(MatrixView<const double> p) override {
    gemm(Operand::plain, p, Operand::plain, gradient_.view(), 1, directions_.view());
    orthonormalise(directions_);
    leading_ = single_precision(directions_.view());
  }

  Matrix<double> overlaps() const override {
    Matrix<double> overlaps(directions_.rows(), layer_.hidden);
    for (std::size_t i = 0; i < overlaps.rows(); ++i) {
      std::copy_n(directions_.row(i).begin(), layer_.hidden, overlaps.row(i).begin());
    }
    return overlaps;
  }

  Matrix<double> rows(MatrixView<const double> c) const override {
    Matrix<double> rows(c.rows, directions_.columns());
    gemm(Operand::plain, c, Operand::plain, directions_.view(), 0, rows.view());
    return rows;
  }

 private:
  /// out = X rows' and labels, by blocks.
  void see(const Matrix<float>& rows, std::uint64_t first, MatrixView<double> out,
           std::span<double> y) const {
    parallel_for_chunks(
        ChunkGrid(out.rows, block_), {parallel_.threads, {}, {}}, [&](const Chunk& chunk) {
          const std::size_t count = chunk.size();
          Matrix<float> x(count, source_.dim());
          Matrix<float> u(count, rows.rows());
          source_.fill(first + chunk.begin, x.view(), y.subspan(chunk.begin, count));
          gemm(Operand::plain, x.view(), Operand::transposed, rows.view(), 0, u.view());
          widen(u.view(), out.rows_from(chunk.begin, count));
        });
  }

  std::pair<BatchSums, Matrix<float>> go_through(std::uint64_t first, const Chunk& chunk,
                                                 const DirectionNetwork& network) const {
    const std::size_t k = directions_.rows();
    std::pair<BatchSums, Matrix<float>> part{BatchSums(k), Matrix<float>(k, directions_.columns())};
    DirectionNetwork::Workspace workspace(network, block_);
    for (std::uint64_t begin = chunk.begin; begin < chunk.end; begin += block_) {
      const std::size_t count = std::min(block_, chunk.end - begin);
      Matrix<float> x(count, directions_.columns());
      Matrix<float> u(count, k);
      std::vector<double> e(count);
      source_.fill(first + begin, x.view(), e);
      gemm(Operand::plain, x.view(), Operand::transposed, leading_.view(), 0, u.view());
      Matrix<double> v(count, k);
      widen(u.view(), v.view());
      Matrix<double> gradients(count, k);
      network.linearise(v.view(), e, gradients.view(), workspace);
      part.first.add(e, gradients.view());
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < k; ++j) u(i, j) = static_cast<float>(e[i] * gradients(i, j));
      }
      gemm(Operand::transposed, u.view(), Operand::plain, x.view(), 1, part.second.view());
    }
    return part;
  }

  const SampleSource& source_;
  const FirstLayer& layer_;
  ParallelOptions parallel_;
  std::uint64_t block_ = 0;
  Matrix<double> directions_;  ///< V, k x d
  Matrix<float> leading_;      ///< V as products read it
  Matrix<double> gradient_;    ///< D, k x d
};

}  // namespace

std::unique_ptr<Directions> make_direct_directions(const SampleSource& source,
                                                   const FirstLayer& layer, int threads,
                                                   const Callbacks& callbacks) {
  return std::make_unique<DirectDirections>(source, layer, threads, callbacks);
}

}  // namespace esscher::internal
