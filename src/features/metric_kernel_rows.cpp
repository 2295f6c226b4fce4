#include "features/metric_kernel_rows.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "features/metric_kernel_rows.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>
// Behind it.
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr double kRowPi = 3.14159265358979323846;
/// Squared distances below this share of the squares are rounding of equal points.
constexpr double kSamePoint = 1e-14;

template <class D, class V>
V cosine(D d, V product, V length, V other) {
  const V cosine = hn::Div(product, hn::Mul(length, other));
  return hn::Min(hn::Max(cosine, hn::Set(d, -1.0)), hn::Set(d, 1.0));
}

template <class D, class V>
V squared_distance(D d, V square, V other, V product) {
  const V sum = hn::Add(square, other);
  const V distance = hn::Sub(sum, hn::Add(product, product));
  return hn::IfThenElseZero(hn::Gt(distance, hn::Mul(hn::Set(d, kSamePoint), sum)), distance);
}

/// Calls body(j, other, c, sine, distance) for points j, j + 1, ... of a vector: the length of the
/// other, cosine and sine of the angle to it, and the Laplace kernel's distance.
template <class D, class Body>
void for_each_angle(D d, const KernelRow& row, std::size_t begin, std::size_t end, Body&& body) {
  const auto length = hn::Set(d, row.arc_length);
  const auto square = hn::Set(d, row.laplace_square);
  const auto one = hn::Set(d, 1.0);
  for (std::size_t j = begin; j < end; j += hn::Lanes(d)) {
    const auto other = hn::LoadU(d, row.arc_lengths.data() + j);
    const auto c = cosine(d, hn::LoadU(d, row.arc_products.data() + j), length, other);
    const auto sine = hn::Sqrt(hn::Max(hn::Zero(d), hn::NegMulAdd(c, c, one)));
    const auto distance =
        hn::Sqrt(squared_distance(d, square, hn::LoadU(d, row.laplace_squares.data() + j),
                                  hn::LoadU(d, row.laplace_products.data() + j)));
    body(j, other, c, sine, distance);
  }
}

template <class D>
void kernel_row_in(D d, const KernelRow& row, std::size_t begin, std::size_t end, double* out) {
  const auto arc_share = hn::Set(d, row.shares[0] / kRowPi * row.arc_length);
  const auto laplace_share = hn::Set(d, row.shares[1]);
  const auto product_share = hn::Set(d, row.shares[2]);
  const auto pi = hn::Set(d, kRowPi);
  for_each_angle(
      d, row, begin, end,
      [&](std::size_t j, auto other, auto c, auto sine, auto distance) HWY_ATTR {
        const auto arc = hn::Mul(other, hn::MulAdd(hn::Sub(pi, hn::CallAcos(d, c)), c, sine));
        auto sum = hn::Mul(arc_share, arc);
        sum = hn::MulAdd(laplace_share, hn::CallExp(d, hn::Neg(distance)), sum);
        sum = hn::MulAdd(product_share,
                         hn::CallExp(d, hn::Neg(hn::LoadU(d, row.distances.data() + j))), sum);
        hn::StoreU(sum, d, out + j);
      });
}

void kernel_row_kernel(const KernelRow& row, double* out, std::size_t size) {
  const hn::ScalableTag<double> d;
  const std::size_t whole = size / hn::Lanes(d) * hn::Lanes(d);
  kernel_row_in(d, row, 0, whole, out);
  kernel_row_in(hn::CappedTag<double, 1>(), row, whole, size, out);
}

template <class D>
void slopes_in(D d, const KernelRow& row, const double* alpha, std::size_t begin, std::size_t end,
               const KernelRowSlopes& out) {
  const auto arc_share = hn::Set(d, row.shares[0] / kRowPi);
  const auto laplace_share = hn::Set(d, row.shares[1]);
  const auto product_share = hn::Set(d, row.shares[2]);
  const auto pi = hn::Set(d, kRowPi);
  const auto one = hn::Set(d, 1.0);
  for_each_angle(
      d, row, begin, end,
      [&](std::size_t j, auto other, auto c, auto sine, auto distance) HWY_ATTR {
        const auto a = hn::LoadU(d, alpha + j);
        const auto arc = hn::Mul(a, arc_share);
        hn::StoreU(hn::Mul(arc, hn::Sub(pi, hn::CallAcos(d, c))), d, out.arc.data() + j);
        hn::StoreU(hn::Mul(arc, hn::Mul(other, sine)), d, out.arc_own.data() + j);
        const auto apart = hn::Gt(distance, hn::Zero(d));
        const auto rough =
            hn::Div(hn::Mul(hn::Mul(a, laplace_share), hn::CallExp(d, hn::Neg(distance))),
                    hn::IfThenElse(apart, distance, one));
        hn::StoreU(hn::IfThenElseZero(apart, rough), d, out.laplace.data() + j);
        hn::StoreU(hn::Mul(hn::Mul(a, product_share),
                           hn::CallExp(d, hn::Neg(hn::LoadU(d, row.distances.data() + j)))),
                   d, out.product.data() + j);
      });
}

void slopes_kernel(const KernelRow& row, const double* alpha, std::size_t size,
                   const KernelRowSlopes& out) {
  const hn::ScalableTag<double> d;
  const std::size_t whole = size / hn::Lanes(d) * hn::Lanes(d);
  slopes_in(d, row, alpha, 0, whole, out);
  slopes_in(hn::CappedTag<double, 1>(), row, alpha, whole, size, out);
}

/// Calls body(d, j, distance) for vectors of points, then for those that are left over.
template <class Body>
void for_each_laplace(const LaplaceRow& row, std::size_t size, Body&& body) {
  const auto some = [&](auto d, std::size_t begin, std::size_t end) HWY_ATTR {
    const auto square = hn::Set(d, row.square);
    for (std::size_t j = begin; j < end; j += hn::Lanes(d)) {
      body(d, j,
           hn::Sqrt(squared_distance(d, square, hn::LoadU(d, row.squares.data() + j),
                                     hn::LoadU(d, row.products.data() + j))));
    }
  };
  const hn::ScalableTag<double> d;
  const std::size_t whole = size / hn::Lanes(d) * hn::Lanes(d);
  some(d, 0, whole);
  some(hn::CappedTag<double, 1>(), whole, size);
}

void laplace_kernel(const LaplaceRow& row, double* out, std::size_t size) {
  for_each_laplace(row, size, [&](auto d, std::size_t j, auto distance) HWY_ATTR {
    hn::StoreU(hn::Mul(hn::Set(d, row.share), hn::CallExp(d, hn::Neg(distance))), d, out + j);
  });
}

void laplace_slopes_kernel(const LaplaceRow& row, const double* alpha, double* out,
                           std::size_t size) {
  for_each_laplace(row, size, [&](auto d, std::size_t j, auto distance) HWY_ATTR {
    const auto apart = hn::Gt(distance, hn::Zero(d));
    const auto value = hn::Mul(hn::Mul(hn::LoadU(d, alpha + j), hn::Set(d, row.share)),
                               hn::CallExp(d, hn::Neg(distance)));
    hn::StoreU(
        hn::IfThenElseZero(apart, hn::Div(value, hn::IfThenElse(apart, distance, hn::Set(d, 1.0)))),
        d, out + j);
  });
}

/// Sums of |p_r - q_j| over the columns for rows r ... r + kRows of p and j ... j + 2 vectors: each
/// other point is loaded once for all rows.
template <std::size_t kRows, class D>
void distances_tile(D d, MatrixView<const double> p, std::size_t r, MatrixView<const double> others,
                    std::size_t j, MatrixView<double> out) {
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<D> first[kRows];
  hn::Vec<D> second[kRows];
  for (std::size_t i = 0; i < kRows; ++i) first[i] = second[i] = hn::Zero(d);
  const double* own[kRows];
  for (std::size_t i = 0; i < kRows; ++i) own[i] = p.data + (r + i) * p.stride;
  for (std::size_t k = 0; k < others.rows; ++k) {
    const double* q = others.data + k * others.stride + j;
    const auto left = hn::LoadU(d, q);
    const auto right = hn::LoadU(d, q + lanes);
    for (std::size_t i = 0; i < kRows; ++i) {
      const auto point = hn::Set(d, own[i][k]);
      first[i] = hn::Add(first[i], hn::Abs(hn::Sub(point, left)));
      second[i] = hn::Add(second[i], hn::Abs(hn::Sub(point, right)));
    }
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    double* const row = out.data + (r + i) * out.stride + j;
    hn::StoreU(first[i], d, row);
    hn::StoreU(second[i], d, row + lanes);
  }
}

void distances_kernel(MatrixView<const double> p, MatrixView<const double> others,
                      MatrixView<double> out) {
  const hn::ScalableTag<double> d;
  const std::size_t step = 2 * hn::Lanes(d);
  const std::size_t whole = others.columns / step * step;
  for (std::size_t j = 0; j < whole; j += step) {
    std::size_t r = 0;
    for (; r + 4 <= p.rows; r += 4) distances_tile<4>(d, p, r, others, j, out);
    for (; r < p.rows; ++r) distances_tile<1>(d, p, r, others, j, out);
  }
  for (std::size_t r = 0; r < p.rows; ++r) {
    for (std::size_t j = whole; j < others.columns; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < others.rows; ++k) {
        const double difference = p.data[r * p.stride + k] - others.data[k * others.stride + j];
        sum += difference < 0 ? -difference : difference;
      }
      out.data[r * out.stride + j] = sum;
    }
  }
}

void sign_sums_kernel(const double* p, MatrixView<const double> others, const double* c,
                      double* out) {
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t size = others.columns;
  for (std::size_t k = 0; k < others.rows; ++k) {
    const double* q = others.data + k * others.stride;
    const auto own = hn::Set(d, p[k]);
    auto sum = hn::Zero(d);
    std::size_t j = 0;
    for (; j + lanes <= size; j += lanes) {
      const auto other = hn::LoadU(d, q + j);
      const auto weight = hn::LoadU(d, c + j);
      sum = hn::Add(sum, hn::IfThenElseZero(hn::Gt(own, other), weight));
      sum = hn::Sub(sum, hn::IfThenElseZero(hn::Lt(own, other), weight));
    }
    double total = hn::GetLane(hn::SumOfLanes(d, sum));
    for (; j < size; ++j) total += p[k] > q[j] ? c[j] : p[k] < q[j] ? -c[j] : 0.0;
    out[k] = total;
  }
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace esscher::internal {

HWY_EXPORT(kernel_row_kernel);
HWY_EXPORT(slopes_kernel);
HWY_EXPORT(laplace_kernel);
HWY_EXPORT(laplace_slopes_kernel);
HWY_EXPORT(distances_kernel);
HWY_EXPORT(sign_sums_kernel);

void kernel_row(const KernelRow& row, std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(kernel_row_kernel)(row, out.data(), out.size());
}

void kernel_row_slopes(const KernelRow& row, std::span<const double> alpha,
                       const KernelRowSlopes& out) {
  HWY_DYNAMIC_DISPATCH(slopes_kernel)(row, alpha.data(), alpha.size(), out);
}

void laplace_row(const LaplaceRow& row, std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(laplace_kernel)(row, out.data(), out.size());
}

void laplace_row_slopes(const LaplaceRow& row, std::span<const double> alpha,
                        std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(laplace_slopes_kernel)(row, alpha.data(), out.data(), out.size());
}

void absolute_distances(MatrixView<const double> p, MatrixView<const double> others,
                        MatrixView<double> out) {
  HWY_DYNAMIC_DISPATCH(distances_kernel)(p, others, out);
}

void sign_sums(std::span<const double> p, MatrixView<const double> others,
               std::span<const double> c, std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(sign_sums_kernel)(p.data(), others, c.data(), out.data());
}

}  // namespace esscher::internal

#endif  // HWY_ONCE
