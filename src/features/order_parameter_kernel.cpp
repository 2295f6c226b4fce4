#include "features/order_parameter_kernel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "features/order_parameter_kernel.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

#include "esscher/base/error.h"

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void combine_rows_kernel(const double* HWY_RESTRICT weights, MatrixView<const double> rows,
                         double* HWY_RESTRICT out) {
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t j = 0;
  // Four sums at a time hide the latency of a multiply-add.
  for (; j + 4 * lanes <= rows.columns; j += 4 * lanes) {
    auto sum0 = hn::Zero(d);
    auto sum1 = hn::Zero(d);
    auto sum2 = hn::Zero(d);
    auto sum3 = hn::Zero(d);
    const double* HWY_RESTRICT at = rows.data + j;
    for (std::size_t t = 0; t < rows.rows; ++t, at += rows.stride) {
      const auto weight = hn::Set(d, weights[t]);
      sum0 = hn::MulAdd(weight, hn::LoadU(d, at), sum0);
      sum1 = hn::MulAdd(weight, hn::LoadU(d, at + lanes), sum1);
      sum2 = hn::MulAdd(weight, hn::LoadU(d, at + 2 * lanes), sum2);
      sum3 = hn::MulAdd(weight, hn::LoadU(d, at + 3 * lanes), sum3);
    }
    hn::StoreU(sum0, d, out + j);
    hn::StoreU(sum1, d, out + j + lanes);
    hn::StoreU(sum2, d, out + j + 2 * lanes);
    hn::StoreU(sum3, d, out + j + 3 * lanes);
  }
  for (; j + lanes <= rows.columns; j += lanes) {
    auto sum = hn::Zero(d);
    const double* HWY_RESTRICT at = rows.data + j;
    for (std::size_t t = 0; t < rows.rows; ++t, at += rows.stride) {
      sum = hn::MulAdd(hn::Set(d, weights[t]), hn::LoadU(d, at), sum);
    }
    hn::StoreU(sum, d, out + j);
  }
  for (; j < rows.columns; ++j) {
    double sum = 0;
    for (std::size_t t = 0; t < rows.rows; ++t) sum += weights[t] * rows(t, j);
    out[j] = sum;
  }
}

/// body(d, j) for vectors of neurons j, j + 1, ..., the last ones one by one.
template <class Body>
HWY_INLINE void for_neurons(std::size_t count, Body body) {
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t j = 0;
  for (; j + lanes <= count; j += lanes) body(d, j);
  for (; j < count; ++j) body(hn::CappedTag<double, 1>(), j);
}

void weigh_slopes_kernel(const double* HWY_RESTRICT labels, const double* HWY_RESTRICT signs,
                         MatrixView<double> slopes) {
  for (std::size_t i = 0; i < slopes.rows; ++i) {
    double* HWY_RESTRICT row = slopes.row(i).data();
    for_neurons(slopes.columns, [&](auto d, std::size_t j) HWY_ATTR {
      const auto weight = hn::Mul(hn::Set(d, labels[i]), hn::LoadU(d, signs + j));
      hn::StoreU(hn::Mul(weight, hn::LoadU(d, row + j)), d, row + j);
    });
  }
}

void column_products_kernel(MatrixView<const double> a, MatrixView<const double> b,
                            double* HWY_RESTRICT out) {
  for_neurons(a.columns, [&](auto d, std::size_t j) HWY_ATTR {
    auto sum = hn::Zero(d);
    for (std::size_t i = 0; i < a.rows; ++i) {
      sum = hn::MulAdd(hn::LoadU(d, a.row(i).data() + j), hn::LoadU(d, b.row(i).data() + j), sum);
    }
    hn::StoreU(sum, d, out + j);
  });
}

void inverse_lengths_kernel(const double* HWY_RESTRICT decay, const double* HWY_RESTRICT growth,
                            std::size_t count, double* HWY_RESTRICT inverse) {
  for_neurons(count, [&](auto d, std::size_t j) HWY_ATTR {
    const auto one = hn::Set(d, 1.0);
    const auto lost = hn::LoadU(d, decay + j);
    const auto square = hn::Add(one, hn::NegMulAdd(lost, lost, hn::LoadU(d, growth + j)));
    hn::StoreU(hn::Div(one, hn::Sqrt(hn::Max(one, square))), d, inverse + j);
  });
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace esscher::internal {

HWY_EXPORT(combine_rows_kernel);
HWY_EXPORT(weigh_slopes_kernel);
HWY_EXPORT(column_products_kernel);
HWY_EXPORT(inverse_lengths_kernel);

void combine_rows(std::span<const double> weights, MatrixView<const double> rows,
                  std::span<double> out) {
  if (weights.size() != rows.rows || out.size() != rows.columns) {
    throw InternalError("combine_rows: shapes do not fit");
  }
  HWY_DYNAMIC_DISPATCH(combine_rows_kernel)(weights.data(), rows, out.data());
}

void weigh_slopes(std::span<const double> labels, std::span<const double> signs,
                  MatrixView<double> slopes) {
  if (labels.size() != slopes.rows || signs.size() != slopes.columns) {
    throw InternalError("weigh_slopes: shapes do not fit");
  }
  HWY_DYNAMIC_DISPATCH(weigh_slopes_kernel)(labels.data(), signs.data(), slopes);
}

void column_products(MatrixView<const double> a, MatrixView<const double> b,
                     std::span<double> out) {
  if (a.rows != b.rows || a.columns != b.columns || out.size() != a.columns) {
    throw InternalError("column_products: shapes do not fit");
  }
  HWY_DYNAMIC_DISPATCH(column_products_kernel)(a, b, out.data());
}

void inverse_lengths(std::span<const double> decay, std::span<const double> growth,
                     std::span<double> inverse) {
  if (growth.size() != decay.size() || inverse.size() != decay.size()) {
    throw InternalError("inverse_lengths: sizes do not fit");
  }
  HWY_DYNAMIC_DISPATCH(inverse_lengths_kernel)
  (decay.data(), growth.data(), decay.size(), inverse.data());
}

}  // namespace esscher::internal
#endif
