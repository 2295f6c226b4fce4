#include "esscher/features/metric_kernel.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "features/kernel_coordinates.h"
#include "features/kernel_scales.h"
#include "features/metric_kernel_rows.h"

namespace esscher {
namespace {

using internal::stretched;
using internal::take_back;

/// Eigenvalues of M below this share of the largest are rounding.
constexpr double kLeastEigenvalue = 1e-12;
/// A kernel whose variance over the sample is this share of its size does not vary but for
/// rounding.
constexpr double kLeastVariance = 1e-12;
/// Rows of gradients that are taken at once, against all points.
constexpr std::size_t kGradientRows = 64;
/// Points of values that are, on both sides: their room and their coordinates stay in the
/// second-level cache, and products pack them once for many.
constexpr std::size_t kBlock = 256;
/// Rows of a symmetric matrix that are computed up to the diagonal, and mirrored.
constexpr std::size_t kMirrored = 256;

void require_metric(const KernelMetric& metric, std::size_t columns) {
  const bool full = !metric.full.empty();
  const std::size_t size = full ? metric.full.rows() : metric.diagonal.size();
  if (size != columns || (full && metric.full.columns() != columns)) {
    throw UsageError(rejection("metric", std::to_string(size) + " columns",
                               "the sample has " + std::to_string(columns)));
  }
  double trace = 0;
  for (std::size_t k = 0; k < columns; ++k) {
    const double value = full ? metric.full(k, k) : metric.diagonal[k];
    if (!(value >= 0)) throw UsageError(rejection("metric", value, "is not positive"));
    trace += value;
  }
  if (!(trace > 0 && std::isfinite(trace))) {
    throw UsageError(rejection("metric", trace, "must have a finite trace above 0"));
  }
}

/// What a point's own place has in its gradient, of differences to others with \p slopes.
void own_part(std::span<const double> x, std::span<const double> slopes, std::span<double> out) {
  double sum = 0;
  for (const double slope : slopes) sum += slope;
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = -sum * x[k];
}

void divide(std::span<double> values, double by) {
  for (double& value : values) value /= by;
}

/// Of a kernel over n points by its sums over the diagonal and over all pairs.
double mean_variance(double diagonal, double sum, std::size_t points) {
  const auto n = static_cast<double>(points);
  const double variance = diagonal / n - sum / (n * n);
  // What does not vary over the sample keeps its own unit.
  return variance > kLeastVariance * diagonal / n ? variance : 1;
}

/// Points of a against points of b that are taken at once.
struct Block {
  std::size_t rows = 0;
  std::size_t columns = 0;
};

/// Calls body(i, first, row) with what the kernels need of point i of a against points first, ...
/// of b, block by block.
template <class Body>
void for_each_row(const KernelPoints& a, const KernelPoints& b, const MetricKernel::State& state,
                  const Block& block, Body&& body) {
  // One room for all blocks: fresh pages for each take longer than its products.
  const std::size_t most = std::min(block.rows, a.size());
  const std::size_t widest = std::min(block.columns, b.size());
  auto arc = Matrix<double>::unset(most, widest);
  auto laplace = Matrix<double>::unset(most, widest);
  auto distances = Matrix<double>::unset(most, widest);
  for (std::size_t first = 0; first < a.size(); first += most) {
    const std::size_t count = std::min(most, a.size() - first);
    for (std::size_t other = 0; other < b.size(); other += widest) {
      const std::size_t width = std::min(widest, b.size() - other);
      const auto part = [&](Matrix<double>& of) {
        return MatrixView<double>{of.data(), count, width, widest};
      };
      std::ranges::fill(arc.values(), 1.0);
      gemm(Operand::plain, a.arc.view().rows_from(first, count), Operand::transposed,
           b.arc.view().rows_from(other, width), 1.0, part(arc));
      gemm(Operand::plain, a.laplace.view().rows_from(first, count), Operand::transposed,
           b.laplace.view().rows_from(other, width), 0.0, part(laplace));
      internal::absolute_distances(a.product.view().rows_from(first, count),
                                   b.product.view().rows_from(other, width), part(distances));
      for (std::size_t r = 0; r < count; ++r) {
        const std::size_t i = first + r;
        body(i, other,
             internal::KernelRow{part(arc).row(r), std::span(b.arc_length).subspan(other, width),
                                 a.arc_length[i], part(laplace).row(r),
                                 std::span(b.laplace_square).subspan(other, width),
                                 a.laplace_square[i], part(distances).row(r),
                                 std::span<const double, 3>(state.shares.data(), 3)});
      }
    }
  }
}

}  // namespace

MetricKernel::MetricKernel(State state) : state_(std::move(state)) {}

MetricKernel::MetricKernel(const KernelMetric& metric, MatrixView<const double> sample,
                           KernelFamily family) {
  const std::size_t columns = sample.columns;
  require_metric(metric, columns);
  state_.product.resize(columns);
  if (metric.full.empty()) {
    for (const double value : metric.diagonal) {
      state_.diagonal_arc.push_back(std::pow(value, 0.25));
      state_.diagonal_laplace.push_back(std::sqrt(value));
    }
    state_.product = state_.diagonal_laplace;
  } else {
    const SymmetricEigen eigen = symmetric_eigen(metric.full.view());
    const double least = kLeastEigenvalue * eigen.values.back();
    const auto first = static_cast<std::size_t>(std::ranges::upper_bound(eigen.values, least) -
                                                eigen.values.begin());
    const std::size_t rank = columns - first;
    state_.arc = Matrix<double>(columns, rank);
    state_.laplace = Matrix<double>(columns, rank);
    for (std::size_t k = 0; k < columns; ++k) {
      state_.product[k] = std::sqrt(metric.full(k, k));
      for (std::size_t j = 0; j < rank; ++j) {
        const double value = eigen.values[first + j];
        state_.arc(k, j) = eigen.vectors(k, first + j) * std::pow(value, 0.25);
        state_.laplace(k, j) = eigen.vectors(k, first + j) * std::sqrt(value);
      }
    }
  }
  switch (family) {
    case KernelFamily::networks:
      set_networks(sample);
      break;
    case KernelFamily::laplace:
      set_laplace(sample);
      break;
    case KernelFamily::quadratic:
      set_quadratic(sample);
      break;
  }
}

void MetricKernel::set_networks(MatrixView<const double> sample) {
  const double arc = internal::median_distance(stretched(sample, state_.arc, state_.diagonal_arc));
  divide(state_.arc.values(), arc);
  divide(state_.diagonal_arc, arc);
  const double laplace =
      internal::median_distance(stretched(sample, state_.laplace, state_.diagonal_laplace));
  divide(state_.laplace.values(), laplace);
  divide(state_.diagonal_laplace, laplace);
  divide(state_.product, internal::median_absolute_distance(stretched(sample, {}, state_.product)));

  state_.shares = {1, 1, 1, 0};  // of the family of networks, whose points have all coordinates
  const std::array<double, 3> variances = network_variances(sample);
  std::ranges::transform(variances, state_.shares.begin(), [&](double variance) {
    return 1 / variance / static_cast<double>(variances.size());
  });
}

void MetricKernel::set_laplace(MatrixView<const double> sample) {
  state_.arc = {};
  state_.diagonal_arc.clear();
  state_.product.assign(state_.product.size(), 0.0);
  const double scale =
      internal::median_distance(stretched(sample, state_.laplace, state_.diagonal_laplace));
  divide(state_.laplace.values(), scale);
  divide(state_.diagonal_laplace, scale);
  state_.shares = {0, 1, 0, 0};
  state_.shares[1] = 1 / variance(sample);
}

void MetricKernel::set_quadratic(MatrixView<const double> sample) {
  // M itself is the inner product.
  state_.arc = std::exchange(state_.laplace, {});
  state_.diagonal_arc = std::exchange(state_.diagonal_laplace, {});
  state_.product.assign(state_.product.size(), 0.0);
  const Matrix<double> points = stretched(sample, state_.arc, state_.diagonal_arc);
  double square = 0;
  for (const double value : points.values()) square += value * value;
  square /= static_cast<double>(points.values().size());
  const double scale = square > 0 ? 1 / std::sqrt(square) : 1;
  for (double& value : state_.arc.values()) value *= scale;
  for (double& value : state_.diagonal_arc) value *= scale;
  state_.shares = {0, 0, 0, 1};
  state_.shares[3] = 1 / variance(sample);
}

double MetricKernel::variance(MatrixView<const double> sample) const {
  const KernelPoints all = points(sample);
  auto k = Matrix<double>::unset(sample.rows, sample.rows);
  values(all, k.view());
  double diagonal = 0;
  double sum = 0;
  for (std::size_t i = 0; i < k.rows(); ++i) {
    diagonal += k(i, i);
    for (const double value : k.row(i)) sum += value;
  }
  return mean_variance(diagonal, sum, k.rows());
}

std::array<double, 3> MetricKernel::network_variances(MatrixView<const double> sample) const {
  const KernelPoints all = points(sample);
  const std::size_t n = sample.rows;
  std::array<double, 3> sums{};
  for (std::size_t first = 0; first < n; first += kMirrored) {
    const std::size_t count = std::min(kMirrored, n - first);
    const KernelPoints some = all.part(first, count);
    const auto add = [&](const KernelPoints& others, double times) {
      for_each_row(some, others, state_, {kBlock, kBlock},
                   [&](std::size_t, std::size_t, const internal::KernelRow& row) {
                     const std::array<double, 3> of_row = internal::kernel_row_sums(row);
                     for (std::size_t part = 0; part < 3; ++part)
                       sums[part] += times * of_row[part];
                   });
    };
    add(all.part(0, first), 2);
    add(some, 1);
  }
  double squares = 0;
  for (const double length : all.arc_length) squares += length * length;
  const auto ones = static_cast<double>(n);
  return {mean_variance(squares, sums[0], n), mean_variance(ones, sums[1], n),
          mean_variance(ones, sums[2], n)};
}

KernelPoints MetricKernel::points(MatrixView<const double> x) const {
  if (x.columns != columns()) {
    throw InternalError("points of " + std::to_string(x.columns) + " columns for a kernel of " +
                        std::to_string(columns()));
  }
  KernelPoints points;
  const KernelFamily kind = family();
  if (kind != KernelFamily::quadratic) {
    points.laplace = stretched(x, state_.laplace, state_.diagonal_laplace);
    points.laplace_square = internal::squares(points.laplace, 0);
  }
  if (kind == KernelFamily::laplace) return points;
  points.arc = stretched(x, state_.arc, state_.diagonal_arc);
  points.arc_length = internal::squares(points.arc, 1);
  for (double& value : points.arc_length) value = std::sqrt(value);
  if (kind == KernelFamily::quadratic) return points;
  points.product = stretched(x, {}, state_.product);
  return points;
}

KernelPoints KernelPoints::part(std::size_t first, std::size_t count) const {
  const auto rows = [&](const Matrix<double>& all) {
    Matrix<double> some(all.rows() == 0 ? 0 : count, all.columns());
    std::copy_n(all.data() + first * all.columns(), some.values().size(), some.data());
    return some;
  };
  const auto numbers = [&](const std::vector<double>& all) {
    return all.empty() ? std::vector<double>{}
                       : std::vector<double>(all.data() + first, all.data() + first + count);
  };
  return {rows(arc), numbers(arc_length), rows(laplace), numbers(laplace_square), rows(product)};
}

void MetricKernel::values(const KernelPoints& a, const KernelPoints& b,
                          MatrixView<double> out) const {
  if (family() == KernelFamily::quadratic) {
    for (std::size_t i = 0; i < out.rows; ++i) std::ranges::fill(out.row(i), 1.0);
    gemm(Operand::plain, a.arc.view(), Operand::transposed, b.arc.view(), 1.0, out);
    for (std::size_t i = 0; i < out.rows; ++i) {
      for (double& value : out.row(i)) value *= state_.shares[3] * value;
    }
    return;
  }
  if (family() == KernelFamily::laplace) {
    gemm(Operand::plain, a.laplace.view(), Operand::transposed, b.laplace.view(), 0.0, out);
    for (std::size_t i = 0; i < out.rows; ++i) {
      internal::laplace_row({out.row(i), b.laplace_square, a.laplace_square[i], state_.shares[1]},
                            out.row(i));
    }
    return;
  }
  for_each_row(a, b, state_, {kBlock, kBlock},
               [&](std::size_t i, std::size_t first, const internal::KernelRow& row) {
                 internal::kernel_row(row, out.row(i).subspan(first, row.distances.size()));
               });
}

void MetricKernel::values(const KernelPoints& x, MatrixView<double> out) const {
  for (std::size_t first = 0; first < x.size(); first += kMirrored) {
    const std::size_t count = std::min(kMirrored, x.size() - first);
    const std::size_t last = first + count;
    values(x.part(first, count), x.part(0, last),
           {out.data + first * out.stride, count, last, out.stride});
    for (std::size_t column = 0; column < last; column += kMirrored) {
      for (std::size_t j = column; j < std::min(column + kMirrored, last); ++j) {
        for (std::size_t i = std::max(first, j + 1); i < last; ++i) out(j, i) = out(i, j);
      }
    }
  }
}

void MetricKernel::gradients(const KernelPoints& x, const KernelPoints& z,
                             std::span<const double> alpha, MatrixView<double> out) const {
  const std::size_t n = x.size();
  const std::size_t m = z.size();
  if (m == 0) {
    for (std::size_t i = 0; i < out.rows; ++i) std::ranges::fill(out.row(i), 0.0);
    return;
  }
  if (family() == KernelFamily::quadratic) {
    Matrix<double> slopes(n, m, 1.0);
    gemm(Operand::plain, x.arc.view(), Operand::transposed, z.arc.view(), 1.0, slopes.view());
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < m; ++j) slopes(i, j) *= 2 * state_.shares[3] * alpha[j];
    }
    Matrix<double> by_arc(n, x.arc.columns());
    gemm(Operand::plain, slopes.view(), Operand::plain, z.arc.view(), 0.0, by_arc.view());
    take_back(by_arc, state_.arc, state_.diagonal_arc, 0, out);
    return;
  }
  if (family() == KernelFamily::laplace) {
    Matrix<double> slopes(n, m);
    Matrix<double> by_laplace(n, x.laplace.columns());
    gemm(Operand::plain, x.laplace.view(), Operand::transposed, z.laplace.view(), 0.0,
         slopes.view());
    for (std::size_t i = 0; i < n; ++i) {
      internal::laplace_row_slopes(
          {slopes.row(i), z.laplace_square, x.laplace_square[i], state_.shares[1]}, alpha,
          slopes.row(i));
      own_part(x.laplace.row(i), std::as_const(slopes).row(i), by_laplace.row(i));
    }
    gemm(Operand::plain, std::as_const(slopes).view(), Operand::plain, z.laplace.view(), 1.0,
         by_laplace.view());
    take_back(by_laplace, state_.laplace, state_.diagonal_laplace, 0, out);
    return;
  }
  const Matrix<double> z_columns = internal::transposed(z.product);
  auto arc = Matrix<double>::unset(n, m);
  auto laplace = Matrix<double>::unset(n, m);
  std::vector<double> arc_own(m);
  std::vector<double> product(m);
  // By the coordinates of each kernel.
  Matrix<double> by_arc(n, x.arc.columns());
  Matrix<double> by_laplace(n, x.laplace.columns());
  const auto take = [&](std::size_t i, std::size_t, const internal::KernelRow& row) {
    internal::kernel_row_slopes(row, alpha, {arc.row(i), arc_own, laplace.row(i), product});
    double own = 0;
    for (const double value : arc_own) own += value;
    own /= x.arc_length[i];
    for (std::size_t k = 0; k < by_arc.columns(); ++k) by_arc(i, k) = own * x.arc(i, k);
    own_part(x.laplace.row(i), std::as_const(laplace).row(i), by_laplace.row(i));
    internal::sign_sums(x.product.row(i), z_columns.view(), product, out.row(i));
    for (std::size_t k = 0; k < columns(); ++k) out(i, k) *= -state_.product[k];
  };
  for_each_row(x, z, state_, {kGradientRows, m}, take);
  gemm(Operand::plain, arc.view(), Operand::plain, z.arc.view(), 1.0, by_arc.view());
  gemm(Operand::plain, laplace.view(), Operand::plain, z.laplace.view(), 1.0, by_laplace.view());
  take_back(by_arc, state_.arc, state_.diagonal_arc, 1, out);
  take_back(by_laplace, state_.laplace, state_.diagonal_laplace, 1, out);
}

}  // namespace esscher
