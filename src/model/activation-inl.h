/// \file
/// Activations and their slopes on vectors, in float and double. Compiled once for each instruction
/// set.
///
/// Each is a struct with value(d, u, column) and slope(d, u, column), where column is the neuron of
/// the first lane: only a mixture asks. with_activation() picks the struct once, outside the loops.
///
/// erf(u) is u P(u^2) on [-1, 1] and 1 - e^{-u^2} Q beyond, where Q, a polynomial in
/// (72 / (|u| + 3) - 13) / 5, is the scaled complementary error function on [1, 6] (erf is 1 to
/// half a unit in the last place from 5.9 on). Both interpolate at Chebyshev points.

#if defined(ESSCHER_MODEL_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ESSCHER_MODEL_ACTIVATION_INL_H_
#undef ESSCHER_MODEL_ACTIVATION_INL_H_
#else
#define ESSCHER_MODEL_ACTIVATION_INL_H_
#endif

#include <hwy/highway.h>
// Must come behind highway.h.
#include <hwy/contrib/math/math-inl.h>

#include <cstddef>

#include "base/random_box_muller-inl.h"
#include "esscher/base/error.h"
#include "model/activation_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// erf(u) / u in u^2 on [0, 1]; relative error 9e-18 and 2e-9 before rounding.
static constexpr double kErfNearF64[] = {
    1.1283791670955126,      -0.37612638903183543,   0.11283791670945006,
    -0.02686617064323777,    0.0052239776071164225,  -0.0008548325975389692,
    0.00012055294904839707,  -1.492473690741966e-05, 1.6447424703317362e-06,
    -1.6208483801871705e-07, 1.3720064546777686e-08, -7.795898827002142e-10};
static constexpr float kErfNearF32[] = {1.12837911F,    -0.37612626F,   0.112835944F,
                                        -0.0268542115F, 0.00518908724F, -0.00080168643F,
                                        7.87587487e-5F};
/// e^{u^2} erfc(u) on [1, 6]; relative error 6e-17 and 5e-8 before rounding.
static constexpr double kErfcxF64[] = {
    0.20798329133342885,     0.15436117429436919,    0.04969844540339414,   0.012713147695691918,
    0.002479314697086253,    0.0003316029605792838,  1.956358319778174e-05, -2.425557485042923e-06,
    -5.54127309801664e-07,   4.5267318133461335e-09, 1.133933573114706e-08, 2.637756022974126e-10,
    -2.5700407551346905e-10, -6.02173256030324e-12,  6.043792147788813e-12, -6.697645564790815e-15};
static constexpr float kErfcxF32[] = {0.2079833F,      0.154361174F,    0.0496983118F,
                                      0.0127131492F,   0.00247998256F,  0.000331596733F,
                                      1.84856981e-05F, -2.41579824e-06F};

template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf_near(D d, V square) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    return polynomial(d, square, kErfNearF64);
  } else {
    return polynomial(d, square, kErfNearF32);
  }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V erfcx_far(D d, V t) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    return polynomial(d, t, kErfcxF64);
  } else {
    return polynomial(d, t, kErfcxF32);
  }
}

/// e^{-u^2}, the rounding error of u^2 taken back where there is a fused multiply-add.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_minus_square(D d, V u) {
  const V square = hn::Mul(u, u);
  const V rest = hn::MulSub(u, u, square);
  const V e = hn::Exp(d, hn::Neg(square));
  return hn::NegMulAdd(e, rest, e);
}

template <class D>
HWY_INLINE hn::Vec<D> constant(D d, double value) {
  return hn::Set(d, static_cast<hn::TFromD<D>>(value));
}

struct Relu {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V value(D d, V u, std::size_t) const {
    return hn::Max(u, hn::Zero(d));
  }
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V slope(D d, V u, std::size_t) const {
    return hn::IfThenElseZero(hn::Gt(u, hn::Zero(d)), constant(d, 1));
  }
};

struct Tanh {
  /// With e = e^{-2|u|} - 1: tanh |u| = -e / (2 + e), without cancellation near 0.
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V value(D d, V u, std::size_t) const {
    const V e = hn::Expm1(d, hn::Mul(hn::Abs(u), constant(d, -2)));
    return hn::CopySign(hn::Div(e, hn::Add(constant(d, 2), e)), u);
  }
  /// 1 / cosh^2 u = 4 e / (1 + e)^2, e = e^{-2|u|}: right in the tails too.
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V slope(D d, V u, std::size_t) const {
    const V e = hn::Exp(d, hn::Mul(hn::Abs(u), constant(d, -2)));
    const V sum = hn::Add(constant(d, 1), e);
    return hn::Div(hn::Mul(constant(d, 4), e), hn::Mul(sum, sum));
  }
};

struct Erf {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V value(D d, V u, std::size_t) const {
    const V a = hn::Min(hn::Abs(u), constant(d, 6));
    const V near = hn::Mul(a, erf_near(d, hn::Mul(a, a)));
    const V t =
        hn::Div(hn::Sub(hn::Div(constant(d, 72), hn::Add(a, constant(d, 3))), constant(d, 13)),
                constant(d, 5));
    const V e = hn::Exp(d, hn::Neg(hn::Mul(a, a)));
    const V far = hn::NegMulAdd(e, erfcx_far(d, t), constant(d, 1));
    return hn::CopySign(hn::IfThenElse(hn::Lt(a, constant(d, 1)), near, far), u);
  }
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V slope(D d, V u, std::size_t) const {
    // Held where e^{-u^2} is 0 in either format, before u^2 overflows.
    const V a = hn::Min(hn::Abs(u), constant(d, 40));
    return hn::Mul(exp_minus_square(d, a), constant(d, 1.1283791670955126));
  }
};

struct Softplus {
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V value(D d, V u, std::size_t) const {
    const V e = hn::Exp(d, hn::Neg(hn::Abs(u)));
    return hn::Add(hn::Max(u, hn::Zero(d)), hn::Log1p(d, e));
  }
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V slope(D d, V u, std::size_t) const {
    const V one = constant(d, 1);
    const V e = hn::Exp(d, hn::Neg(hn::Abs(u)));
    return hn::Div(hn::IfThenElse(hn::Ge(u, hn::Zero(d)), one, e), hn::Add(one, e));
  }
};

template <class T>
struct HermiteActivation {
  const ActivationTables<T>& tables;

  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V polynomial_of(D d, V u, int order) const {
    V previous = hn::Zero(d);
    V current = constant(d, 1);
    for (int k = 0; k < order; ++k) {
      const V next = hn::MulSub(hn::Mul(u, hn::Set(d, tables.rise[k])), current,
                                hn::Mul(hn::Set(d, tables.fall[k]), previous));
      previous = current;
      current = next;
    }
    return current;
  }
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V value(D d, V u, std::size_t) const {
    return polynomial_of(d, u, tables.order);
  }
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V slope(D d, V u, std::size_t) const {
    return hn::Mul(polynomial_of(d, u, tables.order - 1), hn::Set(d, tables.root[tables.order]));
  }
};

template <class T>
struct MixtureActivation {
  const ActivationTables<T>& tables;

  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V value(D d, V u, std::size_t column) const {
    return sum(
        d, u, column, [](V c, int) HWY_ATTR { return c; }, 1);
  }
  template <class D, class V = hn::Vec<D>>
  HWY_INLINE V slope(D d, V u, std::size_t column) const {
    const auto& root = tables.root;
    return sum(
        d, u, column, [d, &root](V c, int k) HWY_ATTR { return hn::Mul(c, hn::Set(d, root[k])); },
        0);
  }

 private:
  /// sum over k = 1..order of factor(c_k, k) h_{k - 1 + raise}(u)
  template <class D, class V, class Factor>
  HWY_INLINE V sum(D d, V u, std::size_t column, Factor factor, int raise) const {
    V previous = hn::Zero(d);
    V current = constant(d, 1);
    V total = hn::Zero(d);
    for (int k = 1; k <= tables.order; ++k) {
      const V c =
          hn::LoadU(d, tables.mixture + static_cast<std::size_t>(k - 1) * tables.stride + column);
      const V next = hn::MulSub(hn::Mul(u, hn::Set(d, tables.rise[k - 1])), current,
                                hn::Mul(hn::Set(d, tables.fall[k - 1]), previous));
      total = hn::MulAdd(factor(c, k), raise == 1 ? next : current, total);
      previous = current;
      current = next;
    }
    return total;
  }
};

/// use(phi) with the struct that tables.kind names.
template <class T, class Use>
HWY_INLINE void with_activation(const ActivationTables<T>& tables, Use use) {
  switch (tables.kind) {
    case ActivationKind::relu:
      return use(Relu());
    case ActivationKind::tanh:
      return use(Tanh());
    case ActivationKind::erf:
      return use(Erf());
    case ActivationKind::softplus:
      return use(Softplus());
    case ActivationKind::hermite:
      return use(HermiteActivation<T>{tables});
    case ActivationKind::mixture:
      return use(MixtureActivation<T>{tables});
  }
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
