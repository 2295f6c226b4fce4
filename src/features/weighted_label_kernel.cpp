#include "features/weighted_label_kernel.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "features/weighted_label_kernel.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>
// Must come behind highway.h.
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// One function for whole vectors and for the tail, which is padded with zeros.
void weighted_label_kernel(const WeightedLabel& label, const double* y, std::size_t count,
                           double* out) {
  const hn::ScalableTag<double> d;
  const auto low = hn::Set(d, label.clip_low);
  const auto high = hn::Set(d, label.clip_high);
  const auto tilt = hn::Set(d, label.inverse_temperature);
  const auto log_scale = hn::Set(d, label.log_scale);
  const auto greatest = hn::Set(d, kGreatestExponent);
  const auto centre = hn::Set(d, label.weighting == Weighting::centred ? label.centre : 0.0);
  const auto plain = hn::Set(d, std::exp(-label.log_scale));
  const auto transformed = [&](auto value) {
    const auto clipped = hn::Min(hn::Max(value, low), high);
    if (label.weighting == Weighting::none) return hn::Mul(clipped, plain);
    const auto weight = hn::Exp(d, hn::Min(hn::MulSub(tilt, clipped, log_scale), greatest));
    if (label.weighting == Weighting::exp) return weight;
    return hn::Mul(hn::Sub(clipped, centre), weight);
  };
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(transformed(hn::LoadU(d, y + i)), d, out + i);
  if (i == count) return;
  HWY_ALIGN double tail[hn::MaxLanes(d)] = {};
  for (std::size_t j = 0; i + j < count; ++j) tail[j] = y[i + j];
  hn::Store(transformed(hn::Load(d, tail)), d, tail);
  for (std::size_t j = 0; i + j < count; ++j) out[i + j] = tail[j];
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace esscher::internal {

HWY_EXPORT(weighted_label_kernel);

void apply_weighted_label(const WeightedLabel& label, const double* y, std::size_t count,
                          double* out) {
  HWY_DYNAMIC_DISPATCH(weighted_label_kernel)(label, y, count, out);
}

}  // namespace esscher::internal
#endif
