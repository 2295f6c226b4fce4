#include "pipeline/metric_rows.h"

#include <algorithm>
#include <set>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kMetricChunkRows = 256;
constexpr std::size_t kScaleLandmarks = 400;
/// What is added to the diagonal of (k(z_i, z_j)), as a share of its mean, at first.
constexpr double kLeastJitter = 1e-10;

Matrix<double> distinct_rows(const TransformedRows& rows,
                             std::span<const std::uint64_t> positions) {
  Matrix<float> x(positions.size(), rows.columns());
  rows.gather(positions, x.view());
  const auto before = [&](std::size_t a, std::size_t b) {
    return std::ranges::lexicographical_compare(std::as_const(x).row(a), std::as_const(x).row(b));
  };
  std::set<std::size_t, decltype(before)> seen(before);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (seen.insert(i).second) kept.push_back(i);
  }
  Matrix<double> out(kept.size(), rows.columns());
  for (std::size_t i = 0; i < kept.size(); ++i)
    std::ranges::copy(x.row(kept[i]), out.row(i).begin());
  return out;
}

/// Some of them, evenly spaced as those of the regressions that chose metric and penalty.
Matrix<double> scale_sample(const Matrix<double>& landmarks) {
  const std::size_t n = landmarks.rows();
  Matrix<double> some(std::min(n, kScaleLandmarks), landmarks.columns());
  for (std::size_t i = 0; i < some.rows(); ++i) {
    std::ranges::copy(landmarks.row(i * n / some.rows()), some.row(i).begin());
  }
  return some;
}

/// L^{-1}, L L' the matrix plus as little on its diagonal as it needs.
Matrix<double> inverse_cholesky(const Matrix<double>& k) {
  const std::size_t m = k.rows();
  double trace = 0;
  for (std::size_t i = 0; i < m; ++i) trace += k(i, i);
  for (double jitter = kLeastJitter; jitter < 1; jitter *= 10) {
    Matrix<double> factor = k;
    for (std::size_t i = 0; i < m; ++i) factor(i, i) += jitter * trace / static_cast<double>(m);
    if (!cholesky(factor.view())) continue;
    Matrix<double> inverse(m, m);
    for (std::size_t i = 0; i < m; ++i) inverse(i, i) = 1;
    solve_lower(factor.view(), inverse.view());
    return inverse;
  }
  throw InternalError("a kernel matrix of " + std::to_string(m) + " landmarks has no factor");
}

}  // namespace

MetricRows::MetricRows(const TransformedRows& rows, const KernelMetric& metric, KernelFamily family,
                       std::span<const std::uint64_t> landmarks, int threads,
                       std::uint64_t most_held)
    : rows_(rows),
      landmarks_(distinct_rows(rows, landmarks)),
      kernel_(metric, scale_sample(landmarks_).view(), family),
      points_(kernel_.points(landmarks_.view())) {
  Matrix<double> k(columns(), columns());
  parallel_for_chunks(ChunkGrid(columns(), kMetricChunkRows), {threads, "", {}},
                      [&](const Chunk& chunk) {
                        const auto begin = static_cast<std::size_t>(chunk.begin);
                        const auto count = static_cast<std::size_t>(chunk.size());
                        // Factors read the lower triangle alone.
                        const std::size_t end = begin + count;
                        kernel_.values(points_.part(begin, count), points_.part(0, end),
                                       {k.row(begin).data(), count, end, k.columns()});
                      });
  inverse_factor_ = inverse_cholesky(k);
  // Quadratic features have fewer dimensions than landmarks: whitening them wants all digits.
  if (rows.rows() > 2 * columns() && family != KernelFamily::quadratic) {
    inverse_factor_single_ = Matrix<float>(columns(), columns());
    std::ranges::transform(inverse_factor_.values(), inverse_factor_single_.values().begin(),
                           [](double value) { return static_cast<float>(value); });
  }
  const std::uint64_t bytes =
      saturating_product(rows.rows(), saturating_product(columns(), sizeof(double)));
  if (bytes / 2 > most_held) return;
  const bool single = bytes > most_held;
  Matrix<double> held(single ? 0 : static_cast<std::size_t>(rows.rows()), columns());
  Matrix<float> held_single(single ? static_cast<std::size_t>(rows.rows()) : 0, columns());
  parallel_for_chunks(
      ChunkGrid(rows.rows(), kMetricChunkRows), {threads, "", {}}, [&](const Chunk& chunk) {
        const auto begin = static_cast<std::size_t>(chunk.begin);
        const auto count = static_cast<std::size_t>(chunk.size());
        if (!single) return make(chunk.begin, held.view().rows_from(begin, count));
        Matrix<double> made(count, columns());
        make(chunk.begin, made.view());
        for (std::size_t i = 0; i < count; ++i) {
          std::ranges::transform(made.row(i), held_single.row(begin + i).begin(),
                                 [](double value) { return static_cast<float>(value); });
        }
      });
  held_ = std::move(held);
  held_single_ = std::move(held_single);
}

void MetricRows::fill(std::uint64_t first, MatrixView<double> out) const {
  if (!held_.empty()) {
    HeldRows(held_.view()).fill(first, out);
  } else if (!held_single_.empty()) {
    for (std::size_t i = 0; i < out.rows; ++i) {
      std::ranges::copy(held_single_.row(first + i), out.row(i).begin());
    }
  } else {
    make(first, out);
  }
}

void MetricRows::make(std::uint64_t first, MatrixView<double> out) const {
  Matrix<float> x(out.rows, rows_.columns());
  rows_.fill(first, x.view());
  Matrix<double> wide(out.rows, rows_.columns());
  std::ranges::copy(x.values(), wide.values().begin());
  Matrix<double> k(out.rows, columns());
  kernel_.values(kernel_.points(wide.view()), points_, k.view());
  if (!inverse_factor_single_.empty()) {
    Matrix<float> single(out.rows, columns());
    std::ranges::transform(k.values(), single.values().begin(),
                           [](double value) { return static_cast<float>(value); });
    Matrix<float> phi(out.rows, columns());
    gemm(Operand::plain, std::as_const(single).view(), Operand::transposed,
         std::as_const(inverse_factor_single_).view(), 0.0F, phi.view());
    for (std::size_t i = 0; i < out.rows; ++i) std::ranges::copy(phi.row(i), out.row(i).begin());
    return;
  }
  gemm(Operand::plain, k.view(), Operand::transposed, inverse_factor_.view(), 0.0, out);
}

std::vector<double> MetricRows::lift(std::span<const double> coefficients) const {
  std::vector<double> lifted(columns());
  for (std::size_t i = 0; i < columns(); ++i) {
    const std::span<const double> row = inverse_factor_.row(i);
    for (std::size_t j = 0; j <= i; ++j) lifted[j] += coefficients[i] * row[j];
  }
  return lifted;
}

}  // namespace esscher::internal
