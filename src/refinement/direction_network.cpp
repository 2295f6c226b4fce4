#include "refinement/direction_network.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "esscher/readout/ridge.h"

namespace esscher::internal {
namespace {

constexpr double kBiasRange = 3;

/// Columns of a mixture for \p neurons neurons, in turn from the start, if there is one.
Matrix<double> repeated_mixture(const Matrix<double>& mixture, std::size_t neurons) {
  if (mixture.empty()) return {};
  Matrix<double> repeated(mixture.rows(), neurons);
  for (std::size_t i = 0; i < repeated.rows(); ++i) {
    for (std::size_t j = 0; j < neurons; ++j) repeated(i, j) = mixture(i, j % mixture.columns());
  }
  return repeated;
}

}  // namespace

DirectionNetwork::DirectionNetwork(const FirstLayer& like, std::size_t neurons,
                                   std::size_t directions, std::uint64_t seed)
    : normals_(neurons, directions), rows_(neurons, directions), biases_(neurons) {
  like_.activation = like.activation;
  like_.mixture = repeated_mixture(like.mixture, neurons);
  RandomStream(seed, "refine/rows").fill_normal(0, normals_.values());
  RandomStream(seed, "refine/bias").fill_uniform(0, biases_);
  for (double& bias : biases_) bias = kBiasRange * (2 * bias - 1);
  activation_.emplace(like_.activation, biases_, like_.mixture);
}

void DirectionNetwork::redraw(MatrixView<const double> metric, double floor) {
  const SymmetricEigen eigen = symmetric_eigen(metric);
  const std::size_t k = directions();
  const double largest = std::max(eigen.values.back(), 0.0);
  Matrix<double> spread = eigen.vectors;  // metric^{1/2} = U spread'
  for (std::size_t j = 0; j < k; ++j) {
    const double share = largest > 0 ? std::max(eigen.values[j] / largest, floor) : 1.0;
    for (std::size_t i = 0; i < k; ++i) spread(i, j) *= std::sqrt(share);
  }
  Matrix<double> root(k, k);
  gemm(Operand::plain, spread.view(), Operand::transposed, eigen.vectors.view(), 0, root.view());
  gemm(Operand::plain, normals_.view(), Operand::plain, root.view(), 0, rows_.view());
  for (std::size_t j = 0; j < rows_.rows(); ++j) {
    double squares = 0;
    for (const double value : rows_.row(j)) squares += value * value;
    const double scale = 1 / std::sqrt(squares);
    for (double& value : rows_.row(j)) value *= scale;
  }
}

void DirectionNetwork::fit(MatrixView<const double> v, std::span<const double> y, int threads) {
  Matrix<double> features(v.rows, rows_.rows());
  constexpr std::uint64_t kChunk = 256;
  parallel_for_chunks(ChunkGrid(v.rows, kChunk), {threads, {}, {}}, [&](const Chunk& chunk) {
    const MatrixView<double> block = features.view().rows_from(chunk.begin, chunk.size());
    gemm(Operand::plain, v.rows_from(chunk.begin, chunk.size()), Operand::transposed, rows_.view(),
         0, block);
    activation_->values(block);
  });
  RidgeOptions options;
  options.threads = threads;
  const RidgeFit fit =
      fit_ridge(HeldRows(features.view()), y, std::vector<double>(y.size()), options);
  readout_ = fit.coefficients;
  intercept_ = fit.intercept;
}

void DirectionNetwork::predict(MatrixView<const double> v, std::span<double> out) const {
  Matrix<double> features(v.rows, rows_.rows());
  gemm(Operand::plain, v, Operand::transposed, rows_.view(), 0, features.view());
  activation_->values(features.view());
  std::fill(out.begin(), out.end(), intercept_);
  gemm(Operand::plain, features.view(), Operand::plain, {readout_.data(), readout_.size(), 1, 1}, 1,
       {out.data(), out.size(), 1, 1});
}

void DirectionNetwork::linearise(MatrixView<const double> v, std::span<double> y,
                                 MatrixView<double> gradients) const {
  const std::size_t m = rows_.rows();
  Matrix<double> values(v.rows, m);
  gemm(Operand::plain, v, Operand::transposed, rows_.view(), 0, values.view());
  Matrix<double> slopes = values;
  activation_->values(values.view());
  activation_->slopes(slopes.view());
  for (std::size_t i = 0; i < v.rows; ++i) {
    const double* const value = values.row(i).data();
    double* const slope = slopes.row(i).data();
    double reward = intercept_;
    for (std::size_t j = 0; j < m; ++j) {
      reward += readout_[j] * value[j];
      slope[j] *= readout_[j];
    }
    y[i] -= reward;
  }
  gemm(Operand::plain, slopes.view(), Operand::plain, rows_.view(), 0, gradients);
}

}  // namespace esscher::internal
