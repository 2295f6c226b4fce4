#include "features/direct_rows.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "features/direct_rows.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::ScalableTag<double>;
using Half = hn::Rebind<float, Wide>;
using Doubles = hn::Vec<Wide>;

HWY_INLINE Doubles load(const float* HWY_RESTRICT from) {
  return hn::PromoteTo(Wide(), hn::LoadU(Half(), from));
}

/// Splits each lane into its nearest float and what that leaves over.
HWY_INLINE void store_split(Doubles value, float* HWY_RESTRICT leading,
                            float* HWY_RESTRICT trailing) {
  const auto high = hn::DemoteTo(Half(), value);
  hn::StoreU(high, Half(), leading);
  hn::StoreU(hn::DemoteTo(Half(), hn::Sub(value, hn::PromoteTo(Wide(), high))), Half(), trailing);
}

inline void store_split_one(double value, float* leading, float* trailing) {
  *leading = static_cast<float>(value);
  *trailing = static_cast<float>(value - static_cast<double>(*leading));
}

/// row <- keep row + gain gradient; returns the sum of its squares.
double advance_kernel(double keep, double gain, const float* HWY_RESTRICT gradient,
                      std::size_t size, float* HWY_RESTRICT leading, float* HWY_RESTRICT trailing) {
  const Wide d;
  const std::size_t lanes = hn::Lanes(d);
  const Doubles keeps = hn::Set(d, keep);
  const Doubles gains = hn::Set(d, gain);
  Doubles squares = hn::Zero(d);
  std::size_t k = 0;
  for (; k + lanes <= size; k += lanes) {
    const Doubles row = hn::Add(load(leading + k), load(trailing + k));
    const Doubles next = hn::MulAdd(keeps, row, hn::Mul(gains, load(gradient + k)));
    squares = hn::MulAdd(next, next, squares);
    store_split(next, leading + k, trailing + k);
  }
  double sum = hn::GetLane(hn::SumOfLanes(d, squares));
  for (; k < size; ++k) {
    const double row = static_cast<double>(leading[k]) + static_cast<double>(trailing[k]);
    const double next = keep * row + gain * static_cast<double>(gradient[k]);
    sum += next * next;
    store_split_one(next, leading + k, trailing + k);
  }
  return sum;
}

void rescale_kernel(double factor, std::size_t size, float* HWY_RESTRICT leading,
                    float* HWY_RESTRICT trailing) {
  const Wide d;
  const std::size_t lanes = hn::Lanes(d);
  const Doubles factors = hn::Set(d, factor);
  std::size_t k = 0;
  for (; k + lanes <= size; k += lanes) {
    const Doubles row = hn::Add(load(leading + k), load(trailing + k));
    store_split(hn::Mul(factors, row), leading + k, trailing + k);
  }
  for (; k < size; ++k) {
    const double row = static_cast<double>(leading[k]) + static_cast<double>(trailing[k]);
    store_split_one(factor * row, leading + k, trailing + k);
  }
}

void add_kernel(const float* HWY_RESTRICT from, std::size_t size, float* HWY_RESTRICT to) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t k = 0;
  for (; k + lanes <= size; k += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, to + k), hn::LoadU(d, from + k)), d, to + k);
  }
  for (; k < size; ++k) to[k] += from[k];
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace esscher::internal {

HWY_EXPORT(advance_kernel);
HWY_EXPORT(rescale_kernel);
HWY_EXPORT(add_kernel);

void DirectRows::set(std::size_t j, std::span<const double> values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  const double factor = 1 / std::sqrt(squares);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double value = factor * values[k];
    leading_(j, k) = static_cast<float>(value);
    trailing_(j, k) = static_cast<float>(value - static_cast<double>(leading_(j, k)));
  }
}

double DirectRows::step(std::size_t j, double keep, double gain, std::span<const float> gradient) {
  float* const leading = leading_.row(j).data();
  float* const trailing = trailing_.row(j).data();
  const double length = std::sqrt(
      HWY_DYNAMIC_DISPATCH(advance_kernel)(keep, gain, gradient.data(), dim(), leading, trailing));
  HWY_DYNAMIC_DISPATCH(rescale_kernel)(1 / length, dim(), leading, trailing);
  return length;
}

void add_to(std::span<float> a, std::span<const float> b) {
  HWY_DYNAMIC_DISPATCH(add_kernel)(b.data(), a.size(), a.data());
}

}  // namespace esscher::internal

#endif  // HWY_ONCE
