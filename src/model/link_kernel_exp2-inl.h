/// \file
/// 2^t on vectors of doubles, short: for simulations, where statistical error is many orders
/// above. Compiled once for each instruction set.

#if defined(ESSCHER_MODEL_LINK_KERNEL_EXP2_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ESSCHER_MODEL_LINK_KERNEL_EXP2_INL_H_
#undef ESSCHER_MODEL_LINK_KERNEL_EXP2_INL_H_
#else
#define ESSCHER_MODEL_LINK_KERNEL_EXP2_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// 2^t on [-1/2, 1/2], interpolated at Chebyshev points; relative error 6e-11.
static constexpr double kExp2[] = {
    0.9999999999595618,   0.6931471805568324,    0.24022651213498092,    0.055504109063258665,
    0.009618025613318034, 0.0013333478473685416, 0.00015469729214118296, 1.5303700711365693e-05};

/// 2^t to a relative 6e-11. \pre |t| <= 1020
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp2_in_range(D d, V t) {
  const hn::RebindToUnsigned<D> du;
  // Adding 1.5 * 2^52 leaves the nearest whole number in the low bits.
  const V magic = hn::Set(d, 0x1.8p52);
  const V shifted = hn::Add(t, magic);
  const V rest = hn::Sub(t, hn::Sub(shifted, magic));
  const V rest2 = hn::Mul(rest, rest);
  // Estrin's scheme: shorter chains than Horner's.
  const auto term = [d](int k) HWY_ATTR { return hn::Set(d, kExp2[k]); };
  const V p01 = hn::MulAdd(term(1), rest, term(0));
  const V p23 = hn::MulAdd(term(3), rest, term(2));
  const V p45 = hn::MulAdd(term(5), rest, term(4));
  const V p67 = hn::MulAdd(term(7), rest, term(6));
  const V low = hn::MulAdd(p23, rest2, p01);
  const V high = hn::MulAdd(p67, rest2, p45);
  const V power = hn::MulAdd(high, hn::Mul(rest2, rest2), low);
  const auto exponent = hn::ShiftLeft<52>(hn::BitCast(du, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(du, power), exponent));
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
