#include "refinement/direction_network.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "esscher/readout/ridge.h"
#include "features/order_parameter_kernel.h"
#include "refinement/direction_kernel.h"

namespace esscher::internal {
namespace {

constexpr double kBiasRange = 3;
/// A metric's eigenvalue of a smaller share of the largest is a zero that went through rounding.
constexpr double kRounding = 1e-13;

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
    : normals_(neurons, directions),
      rows_(neurons, directions),
      columns_(directions, neurons),
      biases_(neurons) {
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
    double share = largest > 0 ? std::max(eigen.values[j] / largest, floor) : 1.0;
    if (share < kRounding) share = 0;
    for (std::size_t i = 0; i < k; ++i) spread(i, j) *= std::sqrt(share);
  }
  Matrix<double> root(k, k);
  gemm(Operand::plain, spread.view(), Operand::transposed, eigen.vectors.view(), 0, root.view());
  gemm(Operand::plain, normals_.view(), Operand::plain, root.view(), 0, rows_.view());
  for (std::size_t j = 0; j < rows_.rows(); ++j) {
    double squares = 0;
    for (const double value : rows_.row(j)) squares += value * value;
    const double scale = 1 / std::sqrt(squares);
    for (std::size_t h = 0; h < k; ++h) {
      rows_(j, h) *= scale;
      columns_(h, j) = rows_(j, h);
    }
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
  slope_table_ = columns_;
  for (std::size_t h = 0; h < directions(); ++h) {
    for (std::size_t j = 0; j < readout_.size(); ++j) slope_table_(h, j) *= readout_[j];
  }
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
                                 MatrixView<double> gradients, Workspace& workspace) const {
  const MatrixView<double> values = workspace.values.view().rows_from(0, v.rows);
  const MatrixView<double> slopes = workspace.slopes.view().rows_from(0, v.rows);
  for (std::size_t i = 0; i < v.rows; ++i) combine_rows(v.row(i), columns_.view(), values.row(i));
  std::copy_n(values.data, values.rows * values.columns, slopes.data);
  activation_->values(values);
  activation_->slopes(slopes);
  contract_rows(values, {readout_.data(), 1, readout_.size(), readout_.size()},
                workspace.rewards.view());
  for (std::size_t i = 0; i < v.rows; ++i) y[i] -= intercept_ + workspace.rewards(i, 0);
  contract_rows(slopes, slope_table_.view(), gradients);
}

}  // namespace esscher::internal
