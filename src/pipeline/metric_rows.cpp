#include "pipeline/metric_rows.h"

#include <algorithm>
#include <numeric>
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
/// Rows of features made at once: products read the whole factor each time.
constexpr std::uint64_t kHeldChunkRows = 1024;
/// And their kernel values, which stay in the second-level cache. One room serves all of a chunk:
/// fresh pages for each take longer than they.
constexpr std::size_t kKernelRows = 64;
/// Columns of a product with a lower triangle, of which it reads the rows so far alone.
constexpr std::size_t kTriangleColumns = 256;
constexpr std::size_t kScaleLandmarks = 400;
/// What is added to the diagonal of (k(z_i, z_j)), as a share of its mean, at first.
constexpr double kLeastJitter = 1e-10;

/// Some of them, evenly spaced as those of the regressions that chose metric and penalty.
Matrix<double> scale_sample(const Matrix<double>& landmarks) {
  const std::size_t n = landmarks.rows();
  Matrix<double> some(std::min(n, kScaleLandmarks), landmarks.columns());
  for (std::size_t i = 0; i < some.rows(); ++i) {
    std::ranges::copy(landmarks.row(i * n / some.rows()), some.row(i).begin());
  }
  return some;
}

void round_to_single(MatrixView<const double> from, MatrixView<float> to) {
  for (std::size_t i = 0; i < from.rows; ++i) {
    std::ranges::transform(from.row(i), to.row(i).begin(),
                           [](double value) { return static_cast<float>(value); });
  }
}

/// out = k L', L lower triangular.
template <class T>
void by_lower(MatrixView<const T> k, MatrixView<const T> l, MatrixView<T> out) {
  for (std::size_t begin = 0; begin < l.rows; begin += kTriangleColumns) {
    const std::size_t count = std::min(kTriangleColumns, l.rows - begin);
    const std::size_t inner = begin + count;
    gemm(Operand::plain, {k.data, k.rows, inner, k.stride}, Operand::transposed,
         {l.data + begin * l.stride, count, inner, l.stride}, T{0},
         {out.data + begin, out.rows, count, out.stride});
  }
}

/// Positions first, first + 1, ...
std::vector<std::uint64_t> positions_from(std::uint64_t first, std::size_t count) {
  std::vector<std::uint64_t> positions(count);
  std::iota(positions.begin(), positions.end(), first);
  return positions;
}

/// L^{-1}, L L' the matrix plus as little on its diagonal as it needs.
Matrix<double> inverse_cholesky(Matrix<double> k) {
  const std::size_t m = k.rows();
  double trace = 0;
  for (std::size_t i = 0; i < m; ++i) trace += k(i, i);
  for (double jitter = kLeastJitter; jitter < 1; jitter *= 10) {
    Matrix<double> factor = k;
    for (std::size_t i = 0; i < m; ++i) factor(i, i) += jitter * trace / static_cast<double>(m);
    if (!cholesky(factor.view())) continue;
    Matrix<double> inverse = std::move(k);
    std::ranges::fill(inverse.values(), 0.0);
    for (std::size_t i = 0; i < m; ++i) inverse(i, i) = 1;
    solve_lower(factor.view(), inverse.view());
    return inverse;
  }
  throw InternalError("a kernel matrix of " + std::to_string(m) + " landmarks has no factor");
}

}  // namespace

std::shared_ptr<const Matrix<double>> distinct_rows(const TransformedRows& rows,
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
  auto out = std::make_shared<Matrix<double>>(kept.size(), rows.columns());
  for (std::size_t i = 0; i < kept.size(); ++i)
    std::ranges::copy(x.row(kept[i]), out->row(i).begin());
  return out;
}

std::uint64_t MetricRows::bytes(std::uint64_t rows, std::size_t columns, bool single) {
  return saturating_product(rows,
                            saturating_product(columns, single ? sizeof(float) : sizeof(double)));
}

bool MetricRows::single(std::uint64_t rows, std::size_t columns, KernelFamily family) {
  // Quadratic features have fewer dimensions than landmarks: whitening them wants all digits.
  if (rows > 2 * columns && family != KernelFamily::quadratic) return true;
  return bytes(rows, columns, false) > kDoubleBytes;
}

MetricRows::MetricRows(const TransformedRows& rows, const KernelMetric& metric, KernelFamily family,
                       std::span<const std::uint64_t> landmarks, int threads,
                       std::uint64_t most_held)
    : MetricRows(rows, metric, family, distinct_rows(rows, landmarks), threads, most_held) {}

MetricRows::MetricRows(const TransformedRows& rows, const KernelMetric& metric, KernelFamily family,
                       std::shared_ptr<const Matrix<double>> landmarks, int threads,
                       std::uint64_t most_held)
    : rows_(rows),
      threads_(threads),
      most_held_(most_held),
      landmarks_(std::move(landmarks)),
      kernel_(metric, scale_sample(*landmarks_).view(), family),
      single_(single(rows.rows(), columns(), family)),
      points_(kernel_.points(landmarks_->view())) {
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
  inverse_factor_ = inverse_cholesky(std::move(k));
  if (rows.rows() > 2 * columns() && family != KernelFamily::quadratic) {
    inverse_factor_single_ = Matrix<float>(columns(), columns());
    round_to_single(std::as_const(inverse_factor_).view(), inverse_factor_single_.view());
    inverse_factor_ = {};
  }
  use();
}

void MetricRows::use() const {
  if (points_.size() == 0) points_ = kernel_.points(landmarks_->view());
  if (bytes() > most_held_ || !held_.empty() || !held_single_.empty()) return;
  const auto rows = static_cast<std::size_t>(rows_.rows());
  if (single_) {
    held_single_ = Matrix<float>::unset(rows, columns());
  } else {
    held_ = Matrix<double>::unset(rows, columns());
  }
  parallel_for_chunks(ChunkGrid(rows, kHeldChunkRows), {threads_, "", {}}, [&](const Chunk& chunk) {
    const auto begin = static_cast<std::size_t>(chunk.begin);
    const auto count = static_cast<std::size_t>(chunk.size());
    const std::vector<std::uint64_t> positions = positions_from(chunk.begin, count);
    if (single_) {
      make(positions, held_single_.view().rows_from(begin, count));
    } else {
      make(positions, held_.view().rows_from(begin, count));
    }
  });
}

void MetricRows::rest() const {
  points_ = {};
  held_ = {};
  held_single_ = {};
}

void MetricRows::fill(std::uint64_t first, MatrixView<double> out) const {
  if (!held_.empty()) {
    HeldRows(held_.view()).fill(first, out);
  } else if (!held_single_.empty()) {
    for (std::size_t i = 0; i < out.rows; ++i) {
      std::ranges::copy(held_single_.row(first + i), out.row(i).begin());
    }
  } else {
    make(positions_from(first, out.rows), out);
  }
}

void MetricRows::fill_wanted(std::uint64_t first, std::span<const std::uint8_t> wanted,
                             MatrixView<double> out) const {
  const auto count = static_cast<std::size_t>(std::ranges::count(wanted, std::uint8_t{1}));
  if (!held_.empty() || !held_single_.empty() || count == out.rows) return fill(first, out);
  if (count == 0) return;
  std::vector<std::uint64_t> positions;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == 1) positions.push_back(first + i);
  }
  auto made = Matrix<double>::unset(count, columns());
  make(positions, made.view());
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::copy(std::as_const(made).row(i), out.row(positions[i] - first).begin());
  }
}

template <class Take>
void MetricRows::for_kernel_rows(std::span<const std::uint64_t> positions, const Take& take) const {
  const std::size_t most = std::min(kKernelRows, positions.size());
  auto x = Matrix<float>::unset(most, rows_.columns());
  auto wide = Matrix<double>::unset(most, rows_.columns());
  auto k = Matrix<double>::unset(most, columns());
  for (std::size_t begin = 0; begin < positions.size(); begin += most) {
    const std::size_t some = std::min(most, positions.size() - begin);
    rows_.gather(positions.subspan(begin, some), x.view().rows_from(0, some));
    std::ranges::copy(x.values().first(some * x.columns()), wide.values().begin());
    kernel_.values(kernel_.points(std::as_const(wide).view().rows_from(0, some)), points_,
                   k.view().rows_from(0, some));
    take(begin, std::as_const(k).view().rows_from(0, some));
  }
}

void MetricRows::make(std::span<const std::uint64_t> positions, MatrixView<double> out) const {
  if (single_) {
    auto phi = Matrix<float>::unset(out.rows, columns());
    make(positions, phi.view());
    for (std::size_t i = 0; i < out.rows; ++i) std::ranges::copy(phi.row(i), out.row(i).begin());
    return;
  }
  for_kernel_rows(positions, [&](std::size_t begin, MatrixView<const double> k) {
    by_lower<double>(k, inverse_factor_.view(), out.rows_from(begin, k.rows));
  });
}

void MetricRows::make(std::span<const std::uint64_t> positions, MatrixView<float> out) const {
  if (inverse_factor_single_.empty()) {
    for_kernel_rows(positions, [&](std::size_t begin, MatrixView<const double> k) {
      auto phi = Matrix<double>::unset(k.rows, columns());
      by_lower<double>(k, inverse_factor_.view(), phi.view());
      round_to_single(std::as_const(phi).view(), out.rows_from(begin, k.rows));
    });
    return;
  }
  auto single = Matrix<float>::unset(out.rows, columns());
  for_kernel_rows(positions, [&](std::size_t begin, MatrixView<const double> k) {
    round_to_single(k, single.view().rows_from(begin, k.rows));
  });
  by_lower<float>(std::as_const(single).view(), std::as_const(inverse_factor_single_).view(), out);
}

std::vector<double> MetricRows::lift(std::span<const double> coefficients) const {
  std::vector<double> lifted(columns());
  const auto by = [&](const auto& inverse_factor) {
    for (std::size_t i = 0; i < columns(); ++i) {
      const auto row = inverse_factor.row(i);
      for (std::size_t j = 0; j <= i; ++j) lifted[j] += coefficients[i] * row[j];
    }
  };
  inverse_factor_.empty() ? by(inverse_factor_single_) : by(inverse_factor_);
  return lifted;
}

}  // namespace esscher::internal
