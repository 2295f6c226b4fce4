#include "policy/slice_kernel.h"

#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "policy/slice_kernel.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Lanes = hn::ScalableTag<double>;

void turn_kernel(const double* a, const double* b, const double* c, double cosine, double sine,
                 std::size_t count, double* out) {
  const Lanes d;
  const auto cosines = hn::Set(d, cosine);
  const auto sines = hn::Set(d, sine);
  std::size_t j = 0;
  for (; j + hn::Lanes(d) <= count; j += hn::Lanes(d)) {
    const auto centre = hn::LoadU(d, c + j);
    const auto from_centre = hn::Sub(hn::LoadU(d, a + j), centre);
    const auto turned =
        hn::MulAdd(sines, hn::LoadU(d, b + j), hn::MulAdd(cosines, from_centre, centre));
    hn::StoreU(turned, d, out + j);
  }
  for (; j < count; ++j) out[j] = c[j] + cosine * (a[j] - c[j]) + sine * b[j];
}

double dot_kernel(const double* a, const double* b, std::size_t count) {
  const Lanes d;
  const std::size_t lanes = hn::Lanes(d);
  // Four sums hide the latency of the additions.
  auto s0 = hn::Zero(d);
  auto s1 = hn::Zero(d);
  auto s2 = hn::Zero(d);
  auto s3 = hn::Zero(d);
  std::size_t j = 0;
  for (; j + 4 * lanes <= count; j += 4 * lanes) {
    s0 = hn::MulAdd(hn::LoadU(d, a + j), hn::LoadU(d, b + j), s0);
    s1 = hn::MulAdd(hn::LoadU(d, a + j + lanes), hn::LoadU(d, b + j + lanes), s1);
    s2 = hn::MulAdd(hn::LoadU(d, a + j + 2 * lanes), hn::LoadU(d, b + j + 2 * lanes), s2);
    s3 = hn::MulAdd(hn::LoadU(d, a + j + 3 * lanes), hn::LoadU(d, b + j + 3 * lanes), s3);
  }
  for (; j + lanes <= count; j += lanes) {
    s0 = hn::MulAdd(hn::LoadU(d, a + j), hn::LoadU(d, b + j), s0);
  }
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; j < count; ++j) sum += a[j] * b[j];
  return sum;
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace esscher::internal {

HWY_EXPORT(turn_kernel);
HWY_EXPORT(dot_kernel);

void turn(std::span<const double> a, std::span<const double> b, std::span<const double> c,
          double cosine, double sine, std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(turn_kernel)
  (a.data(), b.data(), c.data(), cosine, sine, out.size(), out.data());
}

double dot(std::span<const double> a, std::span<const double> b) {
  return HWY_DYNAMIC_DISPATCH(dot_kernel)(a.data(), b.data(), a.size());
}

}  // namespace esscher::internal
#endif  // HWY_ONCE
