#include "refinement/additive_kernel.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "refinement/additive_kernel.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

#ifndef ESSCHER_ADDITIVE_SIDES
#define ESSCHER_ADDITIVE_SIDES
namespace esscher::internal {
/// e^x and e^{-x} of points: rows where they are one's own, columns where they are others'.
struct AdditiveSides {
  MatrixView<const double> growth;
  MatrixView<const double> decay;
};
}  // namespace esscher::internal
#endif

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Rows r ... r + kRows of out, columns j ... j + 1 vector: sums over columns of the lesser of up
/// times decay and down times growth. Each other point is loaded once for all rows.
template <std::size_t kRows, class D>
void sums_tile(D d, const AdditiveSides& own, std::size_t r, const AdditiveSides& others,
               std::size_t j, MatrixView<double> out) {
  hn::Vec<D> sums[kRows];
  for (std::size_t i = 0; i < kRows; ++i) sums[i] = hn::Zero(d);
  for (std::size_t k = 0; k < others.growth.rows; ++k) {
    const auto growth = hn::LoadU(d, others.growth.data + k * others.growth.stride + j);
    const auto decay = hn::LoadU(d, others.decay.data + k * others.decay.stride + j);
    for (std::size_t i = 0; i < kRows; ++i) {
      const auto up = hn::Set(d, own.growth.data[(r + i) * own.growth.stride + k]);
      const auto down = hn::Set(d, own.decay.data[(r + i) * own.decay.stride + k]);
      sums[i] = hn::Add(sums[i], hn::Min(hn::Mul(up, decay), hn::Mul(down, growth)));
    }
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    hn::StoreU(sums[i], d, out.data + (r + i) * out.stride + j);
  }
}

template <class D>
void sums_columns(D d, const AdditiveSides& own, const AdditiveSides& others, std::size_t begin,
                  std::size_t end, MatrixView<double> out) {
  for (std::size_t j = begin; j < end; j += hn::Lanes(d)) {
    std::size_t r = 0;
    for (; r + 4 <= out.rows; r += 4) sums_tile<4>(d, own, r, others, j, out);
    for (; r < out.rows; ++r) sums_tile<1>(d, own, r, others, j, out);
  }
}

void sums_kernel(const AdditiveSides& own, const AdditiveSides& others, MatrixView<double> out) {
  const hn::ScalableTag<double> d;
  const std::size_t whole = out.columns / hn::Lanes(d) * hn::Lanes(d);
  sums_columns(d, own, others, 0, whole, out);
  sums_columns(hn::CappedTag<double, 1>(), own, others, whole, out.columns, out);
}

/// sum_j alpha_j times the lesser of up times decay_j and down times growth_j.
double function_kernel(double up, double down, const double* growth, const double* decay,
                       const double* alpha, std::size_t size) {
  const hn::ScalableTag<double> d;
  const auto upper = hn::Set(d, up);
  const auto lower = hn::Set(d, down);
  auto sum = hn::Zero(d);
  std::size_t j = 0;
  for (; j + hn::Lanes(d) <= size; j += hn::Lanes(d)) {
    const auto value =
        hn::Min(hn::Mul(upper, hn::LoadU(d, decay + j)), hn::Mul(lower, hn::LoadU(d, growth + j)));
    sum = hn::MulAdd(hn::LoadU(d, alpha + j), value, sum);
  }
  double total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; j < size; ++j) total += alpha[j] * std::min(up * decay[j], down * growth[j]);
  return total;
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace esscher::internal {
namespace {

HWY_EXPORT(sums_kernel);
HWY_EXPORT(function_kernel);

/// Points that tell scales.
constexpr std::size_t kAdditiveScalePoints = 200;
/// Coordinates beyond so many scales of the middle are cut off: exponentials and their products
/// stay numbers.
constexpr double kMostScales = 300;
/// Columns of less than this share of the greatest weight are left out.
constexpr double kLeastWeight = 1e-6;

/// The upper one of two; puts them in another order.
double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::vector<std::size_t> of_weight(std::span<const double> weights) {
  std::vector<std::size_t> columns;
  const double least = kLeastWeight * (weights.empty() ? 0 : std::ranges::max(weights));
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (weights[k] > least) columns.push_back(k);
  }
  return columns;
}

}  // namespace

std::vector<AdditiveKernel::Column> AdditiveKernel::columns_of(MatrixView<const double> x) {
  const std::size_t count = std::min(x.rows, kAdditiveScalePoints);
  std::vector<Column> result(x.columns);
  std::vector<double> some(count);
  std::vector<double> distances;
  for (std::size_t k = 0; k < x.columns; ++k) {
    for (std::size_t i = 0; i < count; ++i) some[i] = x(i * x.rows / count, k);
    distances.clear();
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const double distance = std::abs(some[i] - some[j]);
        if (distance > 0) distances.push_back(distance);
      }
    }
    result[k].middle = median(some);
    if (!distances.empty()) result[k].scale = median(distances);
  }
  return result;
}

AdditiveKernel::AdditiveKernel(MatrixView<const double> x, std::span<const Column> columns)
    : growth_(x.columns, x.rows), decay_(x.columns, x.rows) {
  for (std::size_t k = 0; k < x.columns; ++k) {
    for (std::size_t i = 0; i < x.rows; ++i) {
      const double u =
          std::clamp((x(i, k) - columns[k].middle) / columns[k].scale, -kMostScales, kMostScales);
      growth_(k, i) = std::exp(u);
      decay_(k, i) = std::exp(-u);
    }
  }
}

void AdditiveKernel::values(const AdditiveKernel& a, const AdditiveKernel& b,
                            std::span<const double> weights, MatrixView<double> out) {
  const std::vector<std::size_t> columns = of_weight(weights);
  Matrix<double> up(out.rows, columns.size());
  Matrix<double> down(out.rows, columns.size());
  Matrix<double> growth(columns.size(), out.columns);
  Matrix<double> decay(columns.size(), out.columns);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const std::size_t k = columns[c];
    for (std::size_t i = 0; i < out.rows; ++i) {
      up(i, c) = weights[k] * a.growth_(k, i);
      down(i, c) = weights[k] * a.decay_(k, i);
    }
    std::ranges::copy(b.growth_.row(k), growth.row(c).begin());
    std::ranges::copy(b.decay_.row(k), decay.row(c).begin());
  }
  HWY_DYNAMIC_DISPATCH(sums_kernel)
  ({up.view(), down.view()}, {growth.view(), decay.view()}, out);
}

std::vector<double> AdditiveKernel::variances(const AdditiveKernel& a,
                                              std::span<const double> point_weights,
                                              std::span<const std::uint32_t> groups,
                                              const AdditiveKernel& b,
                                              std::span<const double> alpha,
                                              std::span<const double> weights) {
  std::vector<double> result(weights.size());
  std::vector<double> f(a.points());
  const auto group = [&](std::size_t i) { return groups.empty() ? 0 : groups[i]; };
  std::vector<double> mass(groups.empty() ? 1 : std::size_t{std::ranges::max(groups)} + 1);
  std::vector<double> mean(mass.size());
  double all = 0;
  for (std::size_t i = 0; i < f.size(); ++i) {
    mass[group(i)] += point_weights[i];
    all += point_weights[i];
  }
  if (!(all > 0)) return result;
  for (const std::size_t k : of_weight(weights)) {
    std::ranges::fill(mean, 0.0);
    for (std::size_t i = 0; i < f.size(); ++i) {
      f[i] = HWY_DYNAMIC_DISPATCH(function_kernel)(
          weights[k] * a.growth_(k, i), weights[k] * a.decay_(k, i), b.growth_.row(k).data(),
          b.decay_.row(k).data(), alpha.data(), alpha.size());
      mean[group(i)] += point_weights[i] * f[i];
    }
    for (std::size_t i = 0; i < f.size(); ++i) {
      if (!(mass[group(i)] > 0)) continue;
      const double apart = f[i] - mean[group(i)] / mass[group(i)];
      result[k] += point_weights[i] * apart * apart / all;
    }
  }
  return result;
}

}  // namespace esscher::internal
#endif  // HWY_ONCE
