#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "features/order_parameter_frame.h"
#include "refinement/directions.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kFrameChunk = 4096;
constexpr std::size_t kFrameBlock = 64;

/// What one chunk of a batch adds to the gradient, relative to V and theta.
struct FrameSums {
  FrameSums(std::size_t k, std::size_t hidden) : batch(k), along(k, hidden), spread(k, k) {}
  FrameSums& operator+=(const FrameSums& other) {
    batch += other.batch;
    for (std::size_t i = 0; i < along.values().size(); ++i) {
      along.values()[i] += other.along.values()[i];
    }
    for (std::size_t i = 0; i < spread.values().size(); ++i) {
      spread.values()[i] += other.spread.values()[i];
    }
    return *this;
  }

  BatchSums batch;
  Matrix<double> along;   ///< sum of e g zeta', zeta the coordinates along what V lacks of theta
  Matrix<double> spread;  ///< sum of e^2 g g', the lower triangle
};

/// V is known by its overlaps O = V theta' alone. A sample's coordinates are v = V x, standard
/// normal, and zeta, standard normal too, in the frame F of what V lacks of the hidden directions:
/// theta = O'V + R F with R = (I - O'O)^{1/2}, so that z = O'v + R zeta. All else of x is
/// independent of the label; a batch's gradient has there the Gram matrix
/// A Wishart_k(d - k - q) A' with A A' the sum of its squared coefficients.
class OrderParameterDirections final : public Directions {
 public:
  OrderParameterDirections(const MultiIndexModel& model, const FirstLayer& layer,
                           std::uint64_t seed, int threads, const Callbacks& callbacks)
      : model_(model),
        layer_(reduced(layer)),
        hidden_(layer.hidden),
        seed_(seed),
        pilot_(seed, "refine/pilot"),
        pilot_noise_(seed, "refine/pilot_noise"),
        within_(seed, "refine/within"),
        across_(seed, "refine/across"),
        noise_(seed, "refine/noise"),
        parallel_{threads, {}, {}} {
    parallel_.callbacks.cancellation = callbacks.cancellation;
  }

  void project(std::uint64_t first, MatrixView<double> u, std::span<double> y) const override {
    const std::size_t columns = layer_.weights.columns();
    parallel_for_chunks(
        ChunkGrid(u.rows, kFrameBlock), {parallel_.threads, {}, {}}, [&](const Chunk& chunk) {
          const std::size_t count = chunk.size();
          Matrix<double> x(count, columns);
          pilot_.fill_normal((first + chunk.begin) * columns, x.values());
          gemm(Operand::plain, x.view(), Operand::transposed, layer_.weights.view(), 0,
               u.rows_from(chunk.begin, count));
          Matrix<double> z(count, hidden_);
          for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t h = 0; h < hidden_; ++h) z(i, h) = x(i, h);
          }
          label(z, pilot_noise_, first + chunk.begin, y.subspan(chunk.begin, count));
        });
  }

  void start(MatrixView<const double> combinations) override {
    Matrix<double> directions(combinations.rows, layer_.weights.columns());
    gemm(Operand::plain, combinations, Operand::plain, layer_.weights.view(), 0, directions.view());
    orthonormalise(directions);
    overlaps_ = Matrix<double>(directions.rows(), hidden_);
    for (std::size_t i = 0; i < directions.rows(); ++i) {
      for (std::size_t h = 0; h < hidden_; ++h) overlaps_(i, h) = directions(i, h);
    }
    find_remainder();
  }

  void draw(std::uint64_t first, MatrixView<double> v, std::span<double> y) const override {
    parallel_for_chunks(ChunkGrid(v.rows, kFrameChunk), {parallel_.threads, {}, {}},
                        [&](const Chunk& chunk) {
                          Matrix<double> zeta(chunk.size(), hidden_);
                          see(first + chunk.begin, v.rows_from(chunk.begin, chunk.size()), zeta,
                              y.subspan(chunk.begin, chunk.size()));
                        });
  }

  BatchSums accumulate(std::uint64_t first, std::uint64_t count,
                       const DirectionNetwork& network) override {
    auto sums = parallel_reduce_chunks(
        ChunkGrid(count, kFrameChunk), parallel_, FrameSums(overlaps_.rows(), hidden_),
        [&](const Chunk& chunk) { return go_through(first, chunk, network); },
        [](FrameSums& total, FrameSums&& part) { total += part; });
    if (sums.status == LoopStatus::cancelled) return BatchSums(overlaps_.rows());
    along_ = std::move(sums.value.along);
    for (double& value : along_.values()) value /= static_cast<double>(count);
    const auto squared = static_cast<double>(count) * static_cast<double>(count);
    spread_ = std::move(sums.value.spread);
    for (double& value : spread_.values()) value /= squared;
    return std::move(sums.value.batch);
  }

  void move(MatrixView<const double> p) override {
    const std::size_t k = overlaps_.rows();
    // The gradient's part outside of V and theta, in a frame of k coordinates of its own.
    Matrix<double> bartlett(k, k);
    std::vector<double> scratch;
    fill_bartlett(RandomStream(seed_, "refine/geometry", moves_++), 0, layer_.dim - k - hidden_,
                  bartlett.view(), scratch);
    const Matrix<double> root = symmetric_power(spread_.view(), 0.5);
    const Matrix<double> rest = product(p, product(root.view(), bartlett.view()).view());
    const Matrix<double> along = product(p, along_.view());

    // V + P D in the frame [V, F, rest]: [I, along, rest].
    Matrix<double> gram(k, k);
    for (std::size_t i = 0; i < k; ++i) gram(i, i) = 1;
    gemm(Operand::plain, along.view(), Operand::transposed, along.view(), 1, gram.view());
    gemm(Operand::plain, rest.view(), Operand::transposed, rest.view(), 1, gram.view());
    Matrix<double> moved = overlaps_;
    gemm(Operand::plain, along.view(), Operand::plain, remainder_.view(), 1, moved.view());
    overlaps_ = product(symmetric_power(gram.view(), -0.5).view(), moved.view());
    find_remainder();
  }

  Matrix<double> overlaps() const override { return overlaps_; }

  Matrix<double> rows(MatrixView<const double> c) const override {
    // V = [O, (I - O O')^{1/2}] in coordinates whose first are theta.
    const std::size_t k = overlaps_.rows();
    Matrix<double> left(k, k);
    for (std::size_t i = 0; i < k; ++i) left(i, i) = 1;
    Matrix<double> minus = overlaps_;
    for (double& value : minus.values()) value = -value;
    gemm(Operand::plain, minus.view(), Operand::transposed, overlaps_.view(), 1, left.view());
    const Matrix<double> root = symmetric_power(left.view(), 0.5);
    Matrix<double> directions(k, hidden_ + k);
    for (std::size_t i = 0; i < k; ++i) {
      std::copy_n(overlaps_.row(i).begin(), hidden_, directions.row(i).begin());
      std::copy_n(root.row(i).begin(), k, directions.row(i).begin() + hidden_);
    }
    return product(c, directions.view());
  }

 private:
  static Matrix<double> product(MatrixView<const double> a, MatrixView<const double> b) {
    Matrix<double> c(a.rows, b.columns);
    gemm(Operand::plain, a, Operand::plain, b, 0, c.view());
    return c;
  }

  /// R = (I - O'O)^{1/2}
  void find_remainder() {
    Matrix<double> left(hidden_, hidden_);
    for (std::size_t h = 0; h < hidden_; ++h) left(h, h) = 1;
    Matrix<double> minus = overlaps_;
    for (double& value : minus.values()) value = -value;
    gemm(Operand::transposed, minus.view(), Operand::plain, overlaps_.view(), 1, left.view());
    remainder_ = symmetric_power(left.view(), 0.5);
  }

  void label(const Matrix<double>& z, const RandomStream& noise, std::uint64_t first,
             std::span<double> y) const {
    model_.link.evaluate(z.view(), y);
    add_noise(model_.noise, noise, first, y);
  }

  void see(std::uint64_t first, MatrixView<double> v, Matrix<double>& zeta,
           std::span<double> y) const {
    within_.fill_normal(first * v.columns, {v.data, v.rows * v.columns});
    across_.fill_normal(first * hidden_, zeta.values());
    Matrix<double> z(v.rows, hidden_);
    gemm(Operand::plain, v, Operand::plain, overlaps_.view(), 0, z.view());
    gemm(Operand::plain, zeta.view(), Operand::plain, remainder_.view(), 1, z.view());
    label(z, noise_, first, y);
  }

  FrameSums go_through(std::uint64_t first, const Chunk& chunk,
                       const DirectionNetwork& network) const {
    const std::size_t k = overlaps_.rows();
    FrameSums sums(k, hidden_);
    DirectionNetwork::Workspace workspace(network, kFrameBlock);
    for (std::uint64_t begin = chunk.begin; begin < chunk.end; begin += kFrameBlock) {
      const std::size_t count = std::min<std::uint64_t>(kFrameBlock, chunk.end - begin);
      Matrix<double> v(count, k);
      Matrix<double> zeta(count, hidden_);
      std::vector<double> e(count);
      see(first + begin, v.view(), zeta, e);
      Matrix<double> gradients(count, k);
      network.linearise(v.view(), e, gradients.view(), workspace);
      sums.batch.add(e, gradients.view());
      for (std::size_t i = 0; i < count; ++i) {
        for (double& g : gradients.row(i)) g *= e[i];
      }
      gemm(Operand::transposed, gradients.view(), Operand::plain, zeta.view(), 1,
           sums.along.view());
      add_weighted_gram(gradients.view(), {}, sums.spread.view());
    }
    return sums;
  }

  MultiIndexModel model_;
  FirstLayer layer_;
  std::size_t hidden_;  ///< q
  std::uint64_t seed_;
  RandomStream pilot_;
  RandomStream pilot_noise_;
  RandomStream within_;
  RandomStream across_;
  RandomStream noise_;
  ParallelOptions parallel_;
  std::uint64_t moves_ = 0;
  Matrix<double> overlaps_;   ///< O, k x q
  Matrix<double> remainder_;  ///< R, q x q
  Matrix<double> along_;      ///< mean of e g zeta', k x q
  Matrix<double> spread_;     ///< sum of e^2 g g' / B^2, k x k
};

}  // namespace

std::unique_ptr<Directions> make_order_parameter_directions(const MultiIndexModel& model,
                                                            const FirstLayer& layer,
                                                            std::uint64_t seed, int threads,
                                                            const Callbacks& callbacks) {
  return std::make_unique<OrderParameterDirections>(model, layer, seed, threads, callbacks);
}

}  // namespace esscher::internal
