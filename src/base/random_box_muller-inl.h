/// \file
/// Random bits to uniforms and normals, lane by lane. Compiled once for each instruction set.
///
/// The bits of a result must not depend on the instruction set, as long as it has fused
/// multiply-add. So every fused operation is written as one, and no bare product is added to
/// anything, which a compiler might fuse on one set and not on another.
///
/// Radius, r = sqrt(-2 log u). Half of the words stand for u below 1/2, half for u = 1 - v above,
/// and either way v (or u) in (0, 1/2] is what is computed: its relative precision is that of the
/// format at both ends, so that neither the tail nor the smallest radii suffer from u's rounding.
/// With u = 2^-k m, 1/2 <= m < 1 and g = 1 - m in (0, 1/2],
///     -2 log u = k 2 log 2 + g P(g),   P(g) = -2 log(1 - g) / g,
/// a sum of non-negative terms, without cancellation; for u = 1 - v it is v P(v).
///
/// Angle. The pair needs a uniform angle, not any one function of the word. Two bits choose one of
/// four quarter circles, by swapping the coordinates and by changing both signs, and the rest is an
/// angle a, uniform over odd multiples in (-pi/4, pi/4), so that no range reduction is left, no
/// coordinate is ever 0, and the law is symmetric exactly.
///
/// The polynomials are minimax fits made for these intervals (Remez exchange in 90 digits, the
/// coefficients rounded one by one, lowest first, each time refitting the rest); the error of each
/// is that of the rounded coefficients in exact arithmetic.

#if defined(ESSCHER_BASE_RANDOM_BOX_MULLER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ESSCHER_BASE_RANDOM_BOX_MULLER_INL_H_
#undef ESSCHER_BASE_RANDOM_BOX_MULLER_INL_H_
#else
#define ESSCHER_BASE_RANDOM_BOX_MULLER_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// c[0] + c[1] x + ... by Horner's rule.
template <class D, class V = hn::Vec<D>, class T, std::size_t N>
HWY_INLINE V polynomial(D d, V x, const T (&c)[N]) {
  V sum = hn::Set(d, c[N - 1]);
  HWY_UNROLL(24)
  for (std::size_t k = 2; k <= N; ++k) sum = hn::MulAdd(sum, x, hn::Set(d, c[N - k]));
  return sum;
}

/// The same as even part plus x times odd part, which halves the chain of dependent operations.
template <class D, class V = hn::Vec<D>, class T, std::size_t N>
HWY_INLINE V split_polynomial(D d, V x, const T (&c)[N]) {
  static_assert(N % 2 == 0);
  const V square = hn::Mul(x, x);
  V even = hn::Set(d, c[N - 2]);
  V odd = hn::Set(d, c[N - 1]);
  HWY_UNROLL(12)
  for (std::size_t k = 4; k <= N; k += 2) {
    even = hn::MulAdd(even, square, hn::Set(d, c[N - k]));
    odd = hn::MulAdd(odd, square, hn::Set(d, c[N - k + 1]));
  }
  return hn::MulAdd(odd, x, even);
}

/// Two coordinates of a point, or of many.
template <class V>
struct Pair {
  V first, second;
};

// ---- float, from one word each -------------------------------------------------------------

/// -2 log(1 - g) / g on (0, 1/2]; relative error 2.4e-8.
static constexpr float kLogF32[] = {2.0F,         0.999990463F, 0.66726315F,
                                    0.487380594F, 0.527273476F, -0.361482114F,
                                    2.41650271F,  -3.27811241F, 2.82859111F};
/// sin(pi t / 4) / t in t^2 on [0, 1]; relative error 2.6e-8.
static constexpr float kSinF32[] = {0.785398185F, -0.0807458088F, 0.00249094213F, -3.6553869e-05F};
/// cos(pi t / 4) in t^2 on [0, 1]; absolute error 3.9e-8.
static constexpr float kCosF32[] = {1.0F, -0.308424413F, 0.0158501491F, -0.000318977021F};

template <class D32, class W = hn::Vec<D32>>
HWY_INLINE hn::Vec<hn::RebindToFloat<D32>> uniform(D32 d, W word) {
  const hn::RebindToFloat<D32> df;
  const auto one_to_two = hn::Or(hn::ShiftRight<9>(word), hn::Set(d, 0x3F800000U));
  // Exact: the difference is an odd multiple of 2^-24 below 1.
  return hn::Sub(hn::BitCast(df, one_to_two), hn::Set(df, 1.0F - 0x1p-24F));
}

/// The words' top bit tells u = v from u = 1 - v, and v = (y + 1/2) 2^-32 with the other bits y
/// (complemented in the second case, so that u = (word + 1/2) 2^-32 throughout). The least u,
/// 2^-33, gives the greatest radius, 6.7638; the greatest, 1 - 2^-33, gives the least, 1.5e-5.
/// Near 0 the squared radius steps by 2^-31: P(r < rho) = rho^2 / 2 holds to within 2^-33.
template <class D32, class W = hn::Vec<D32>>
HWY_INLINE hn::Vec<hn::RebindToFloat<D32>> radius(D32, W word) {
  const hn::RebindToFloat<D32> df;
  const hn::RebindToSigned<D32> di;
  const auto signed_word = hn::BitCast(di, word);
  const auto upper = hn::RebindMask(df, hn::Lt(signed_word, hn::Zero(di)));
  const auto y = hn::Xor(signed_word, hn::BroadcastSignBit(signed_word));
  const auto scaled = hn::Add(hn::ConvertTo(df, y), hn::Set(df, 0.5F));
  const auto bits = hn::BitCast(di, scaled);
  auto k = hn::ConvertTo(df, hn::Sub(hn::Set(di, 158), hn::ShiftRight<23>(bits)));
  const auto m = hn::BitCast(df, hn::OrAnd(hn::Set(di, 0x3F000000), bits, hn::Set(di, 0x007FFFFF)));
  const auto v = hn::Mul(scaled, hn::Set(df, 0x1p-32F));
  const auto g = hn::IfThenElse(upper, v, hn::Sub(hn::Set(df, 1.0F), m));
  k = hn::IfThenZeroElse(upper, k);
  const auto rest = hn::Mul(g, polynomial(df, g, kLogF32));
  return hn::Sqrt(hn::MulAdd(k, hn::Set(df, 1.38629436F), rest));
}

/// Standard normal pairs. Of the angle's word, bit 31 changes the signs, bit 30 swaps, and the
/// lower 30, a signed number j, make the angle (j + 1/2) 2^-29 pi/4.
template <class D32, class W = hn::Vec<D32>>
HWY_INLINE Pair<hn::Vec<hn::RebindToFloat<D32>>> box_muller(D32 d, W radius_word, W angle_word) {
  const hn::RebindToFloat<D32> df;
  const hn::RebindToSigned<D32> di;
  const auto j = hn::ConvertTo(df, hn::BitCast(di, hn::ShiftLeft<2>(angle_word)));
  const auto t = hn::MulAdd(j, hn::Set(df, 0x1p-31F), hn::Set(df, 0x1p-30F));
  const auto square = hn::Mul(t, t);
  const auto sine = hn::Mul(t, polynomial(df, square, kSinF32));
  const auto cosine = polynomial(df, square, kCosF32);
  const auto swap = hn::RebindMask(df, hn::TestBit(angle_word, hn::Set(d, 1U << 30)));
  const auto sign = hn::And(hn::BitCast(df, angle_word), hn::SignBit(df));
  const auto r = hn::Xor(radius(d, radius_word), sign);
  return {hn::Mul(r, hn::IfThenElse(swap, sine, cosine)),
          hn::Mul(r, hn::IfThenElse(swap, cosine, sine))};
}

// ---- double, from 64 bits each -------------------------------------------------------------

/// -2 log(1 - g) / g on (0, 1/2]; relative error 1.2e-16.
static constexpr double kLogF64[] = {
    2.0,
    1.0000000000001121,
    0.6666666666343602,
    0.5000000034294377,
    0.3999998105703271,
    0.33333968580583434,
    0.28557302357910447,
    0.25220357084595385,
    0.19718037547394052,
    0.41274652465939726,
    -1.1928726131349299,
    6.993730679920005,
    -26.021305734096835,
    77.50341924583678,
    -174.6586256342967,
    296.8968820550528,
    -367.0824145059869,
    313.6374228447525,
    -165.92377701213755,
    41.6604733984063,
};
/// sin(pi t / 2) / t in t^2 on [0, 1/4]; relative error 1.3e-17.
static constexpr double kSinF64[] = {
    1.5707963267948966,     -0.6459640975062358,     0.07969262624570998,   -0.004681754127048104,
    0.00016044111133197298, -3.5985059146251146e-06, 5.6158122112315806e-08};
/// cos(pi t / 2) in t^2 on [0, 1/4]; absolute error 3.2e-19.
static constexpr double kCosF64[] = {1.0,
                                     -1.2337005501361697,
                                     0.2536695079010417,
                                     -0.020863480763180973,
                                     0.0009192602726324713,
                                     -2.5202027447801322e-05,
                                     4.710334131857778e-07,
                                     -6.289404254199652e-09};

/// From the upper 52 bits.
template <class D64, class B = hn::Vec<D64>>
HWY_INLINE hn::Vec<hn::RebindToFloat<D64>> uniform_f64(D64 d, B bits) {
  const hn::RebindToFloat<D64> df;
  const auto one_to_two =
      hn::Or(hn::ShiftRight<12>(bits), hn::Set(d, std::uint64_t{0x3FF0000000000000}));
  return hn::Sub(hn::BitCast(df, one_to_two), hn::Set(df, 1.0 - 0x1p-53));
}

/// Bit 0 tells u = v from u = 1 - v, and v is half a uniform: (y + 1/2) 2^-53 with y the upper 52
/// bits. Radii from 1.5e-8 to 8.6522.
template <class D64, class B = hn::Vec<D64>>
HWY_INLINE hn::Vec<hn::RebindToFloat<D64>> radius_f64(D64 d, B random) {
  const hn::RebindToFloat<D64> df;
  const auto upper = hn::RebindMask(df, hn::TestBit(random, hn::Set(d, std::uint64_t{1})));
  const auto twice_v = uniform_f64(d, random);
  const auto bits = hn::BitCast(d, twice_v);
  // The exponent as a number: put beneath the leading bit of 2^52, which is then taken off.
  const auto exponent = hn::BitCast(
      df, hn::Or(hn::ShiftRight<52>(bits), hn::Set(d, std::uint64_t{0x4330000000000000})));
  auto k = hn::Sub(hn::Set(df, 0x1p52 + 1023.0), exponent);
  const auto m = hn::BitCast(df, hn::OrAnd(hn::Set(d, std::uint64_t{0x3FE0000000000000}), bits,
                                           hn::Set(d, std::uint64_t{0x000FFFFFFFFFFFFF})));
  const auto g =
      hn::IfThenElse(upper, hn::Mul(twice_v, hn::Set(df, 0.5)), hn::Sub(hn::Set(df, 1.0), m));
  k = hn::IfThenZeroElse(upper, k);
  const auto rest = hn::Mul(g, split_polynomial(df, g, kLogF64));
  return hn::Sqrt(hn::MulAdd(k, hn::Set(df, 1.3862943611198906), rest));
}

/// Of the angle's bits, bit 0 changes the signs and bit 1 swaps, and the upper 52 make a uniform w
/// and the angle (w - 1/2) pi/2.
template <class D64, class B = hn::Vec<D64>>
HWY_INLINE Pair<hn::Vec<hn::RebindToFloat<D64>>> box_muller_f64(D64 d, B radius_bits,
                                                                B angle_bits) {
  const hn::RebindToFloat<D64> df;
  const auto t = hn::Sub(uniform_f64(d, angle_bits), hn::Set(df, 0.5));
  const auto square = hn::Mul(t, t);
  const auto sine = hn::Mul(t, polynomial(df, square, kSinF64));
  const auto cosine = polynomial(df, square, kCosF64);
  const auto swap = hn::RebindMask(df, hn::TestBit(angle_bits, hn::Set(d, std::uint64_t{2})));
  const auto sign = hn::BitCast(df, hn::ShiftLeft<63>(angle_bits));
  const auto r = hn::Xor(radius_f64(d, radius_bits), sign);
  return {hn::Mul(r, hn::IfThenElse(swap, sine, cosine)),
          hn::Mul(r, hn::IfThenElse(swap, cosine, sine))};
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
