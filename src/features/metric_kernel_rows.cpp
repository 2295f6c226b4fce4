#include "features/metric_kernel_rows.h"

#include <algorithm>
#include <vector>

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
void add_row_sums(D d, const KernelRow& row, std::size_t begin, std::size_t end,
                  std::array<double, 3>& sums) {
  const auto pi = hn::Set(d, kRowPi);
  auto arc = hn::Zero(d);
  auto laplace = hn::Zero(d);
  auto product = hn::Zero(d);
  for_each_angle(d, row, begin, end,
                 [&](std::size_t j, auto other, auto c, auto sine, auto distance) HWY_ATTR {
                   const auto angle = hn::MulAdd(hn::Sub(pi, hn::CallAcos(d, c)), c, sine);
                   arc = hn::MulAdd(other, angle, arc);
                   laplace = hn::Add(laplace, hn::CallExp(d, hn::Neg(distance)));
                   product = hn::Add(
                       product, hn::CallExp(d, hn::Neg(hn::LoadU(d, row.distances.data() + j))));
                 });
  sums[0] += row.arc_length / kRowPi * hn::GetLane(hn::SumOfLanes(d, arc));
  sums[1] += hn::GetLane(hn::SumOfLanes(d, laplace));
  sums[2] += hn::GetLane(hn::SumOfLanes(d, product));
}

void row_sums_kernel(const KernelRow& row, std::array<double, 3>& sums) {
  const hn::ScalableTag<double> d;
  const std::size_t size = row.distances.size();
  const std::size_t whole = size / hn::Lanes(d) * hn::Lanes(d);
  add_row_sums(d, row, 0, whole, sums);
  add_row_sums(hn::CappedTag<double, 1>(), row, whole, size, sums);
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

/// Points of a tile of distances: vectors of them.
constexpr std::size_t kTileVectors = 2;

/// Coordinates of a tile's points, point by point in a vector, and their sums.
struct DistanceTile {
  const double* packed = nullptr;  ///< columns x points
  const double* sums = nullptr;
  std::size_t columns = 0;
};

/// |p_r - q|_1 for rows r ... r + kRows of p, all points of a tile into rows of \p out. Sums of
/// 2 max(p, q) - p - q: two steps for each coordinate instead of three.
template <std::size_t kRows, class D>
void distances_tile(D d, MatrixView<const double> p, const double* sums, std::size_t r,
                    const DistanceTile& tile, double* out, std::size_t stride) {
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<D> greater[kRows][kTileVectors];
  for (auto& row : greater) {
    for (auto& sum : row) sum = hn::Zero(d);
  }
  const double* own[kRows];
  for (std::size_t i = 0; i < kRows; ++i) own[i] = p.data + (r + i) * p.stride;
  const double* q = tile.packed;
  for (std::size_t k = 0; k < tile.columns; ++k, q += kTileVectors * lanes) {
    const auto left = hn::LoadU(d, q);
    const auto right = hn::LoadU(d, q + lanes);
    for (std::size_t i = 0; i < kRows; ++i) {
      const auto point = hn::Set(d, own[i][k]);
      greater[i][0] = hn::Add(greater[i][0], hn::Max(point, left));
      greater[i][1] = hn::Add(greater[i][1], hn::Max(point, right));
    }
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    const auto sum = hn::Set(d, sums[r + i]);
    for (std::size_t v = 0; v < kTileVectors; ++v) {
      // Both orders of two points have the same bits, and equal ones are 0 apart, since their sums
      // are taken in the order of the coordinates; what is next to 0 may be rounded below it.
      const auto both = hn::Add(sum, hn::LoadU(d, tile.sums + v * lanes));
      const auto twice = hn::Add(greater[i][v], greater[i][v]);
      hn::StoreU(hn::Max(hn::Sub(twice, both), hn::Zero(d)), d, out + i * stride + v * lanes);
    }
  }
}

void distances_kernel(MatrixView<const double> p, MatrixView<const double> others,
                      MatrixView<double> out) {
  constexpr std::size_t kRows = 4;
  const hn::ScalableTag<double> d;
  const std::size_t step = kTileVectors * hn::Lanes(d);
  const auto sum_of = [](std::span<const double> values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  };
  std::vector<double> sums(p.rows);
  for (std::size_t r = 0; r < p.rows; ++r) sums[r] = sum_of(p.row(r));
  std::vector<double> packed(others.columns * step);
  std::vector<double> packed_sums(step);
  std::vector<double> part(kRows * step);
  for (std::size_t j = 0; j < others.rows; j += step) {
    const std::size_t count = std::min(step, others.rows - j);
    for (std::size_t s = 0; s < count; ++s) {
      const std::span<const double> row = others.row(j + s);
      for (std::size_t k = 0; k < row.size(); ++k) packed[k * step + s] = row[k];
      packed_sums[s] = sum_of(row);
    }
    const DistanceTile tile{packed.data(), packed_sums.data(), others.columns};
    for (std::size_t r = 0; r < p.rows; r += kRows) {
      const std::size_t rows = std::min(kRows, p.rows - r);
      const bool whole = rows == kRows && count == step;
      double* const to = whole ? out.data + r * out.stride + j : part.data();
      const std::size_t stride = whole ? out.stride : step;
      if (rows == kRows) {
        distances_tile<kRows>(d, p, sums.data(), r, tile, to, stride);
      } else {
        for (std::size_t i = 0; i < rows; ++i) {
          distances_tile<1>(d, p, sums.data(), r + i, tile, to + i * stride, stride);
        }
      }
      if (whole) continue;
      for (std::size_t i = 0; i < rows; ++i) {
        std::copy_n(part.data() + i * step, count, out.row(r + i).data() + j);
      }
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
HWY_EXPORT(row_sums_kernel);
HWY_EXPORT(slopes_kernel);
HWY_EXPORT(laplace_kernel);
HWY_EXPORT(laplace_slopes_kernel);
HWY_EXPORT(distances_kernel);
HWY_EXPORT(sign_sums_kernel);

void kernel_row(const KernelRow& row, std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(kernel_row_kernel)(row, out.data(), out.size());
}

std::array<double, 3> kernel_row_sums(const KernelRow& row) {
  std::array<double, 3> sums{};
  HWY_DYNAMIC_DISPATCH(row_sums_kernel)(row, sums);
  return sums;
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
