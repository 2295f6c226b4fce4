#include "model/activation_kernel.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/activation_kernel.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

#include "model/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// change(u, column) on all of block(i, j) + biases[j]. A row's last few go by way of a buffer.
template <class T, class Change>
HWY_INLINE void change_block(const T* HWY_RESTRICT biases, MatrixView<T> block, Change change) {
  const hn::CappedTag<T, kNeuronPadding> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < block.rows; ++i) {
    T* HWY_RESTRICT row = block.row(i).data();
    std::size_t j = 0;
    for (; j + lanes <= block.columns; j += lanes) {
      const auto u = hn::Add(hn::LoadU(d, row + j), hn::LoadU(d, biases + j));
      hn::StoreU(change(d, u, j), d, row + j);
    }
    if (j < block.columns) {
      HWY_ALIGN T rest[kNeuronPadding] = {};
      std::copy(row + j, row + block.columns, rest);
      const auto u = hn::Add(hn::Load(d, rest), hn::LoadU(d, biases + j));
      hn::Store(change(d, u, j), d, rest);
      std::copy_n(rest, block.columns - j, row + j);
    }
  }
}

template <class T>
HWY_INLINE void values_of(const ActivationTables<T>& tables, const T* biases, MatrixView<T> block) {
  with_activation(tables, [&](auto phi) HWY_ATTR {
    change_block(biases, block,
                 [phi](auto d, auto u, std::size_t j) HWY_ATTR { return phi.value(d, u, j); });
  });
}

template <class T>
HWY_INLINE void slopes_of(const ActivationTables<T>& tables, const T* biases, MatrixView<T> block) {
  with_activation(tables, [&](auto phi) HWY_ATTR {
    change_block(biases, block,
                 [phi](auto d, auto u, std::size_t j) HWY_ATTR { return phi.slope(d, u, j); });
  });
}

void values_f64_kernel(const ActivationTables<double>& tables, const double* biases,
                       MatrixView<double> block) {
  values_of(tables, biases, block);
}

void values_f32_kernel(const ActivationTables<float>& tables, const float* biases,
                       MatrixView<float> block) {
  values_of(tables, biases, block);
}

void slopes_f64_kernel(const ActivationTables<double>& tables, const double* biases,
                       MatrixView<double> block) {
  slopes_of(tables, biases, block);
}

void slopes_f32_kernel(const ActivationTables<float>& tables, const float* biases,
                       MatrixView<float> block) {
  slopes_of(tables, biases, block);
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace esscher::internal {

HWY_EXPORT(values_f64_kernel);
HWY_EXPORT(values_f32_kernel);
HWY_EXPORT(slopes_f64_kernel);
HWY_EXPORT(slopes_f32_kernel);

void activation_values(const ActivationTables<double>& tables, const double* biases,
                       MatrixView<double> block) {
  HWY_DYNAMIC_DISPATCH(values_f64_kernel)(tables, biases, block);
}

void activation_values(const ActivationTables<float>& tables, const float* biases,
                       MatrixView<float> block) {
  HWY_DYNAMIC_DISPATCH(values_f32_kernel)(tables, biases, block);
}

void activation_slopes(const ActivationTables<double>& tables, const double* biases,
                       MatrixView<double> block) {
  HWY_DYNAMIC_DISPATCH(slopes_f64_kernel)(tables, biases, block);
}

void activation_slopes(const ActivationTables<float>& tables, const float* biases,
                       MatrixView<float> block) {
  HWY_DYNAMIC_DISPATCH(slopes_f32_kernel)(tables, biases, block);
}

}  // namespace esscher::internal
#endif  // HWY_ONCE
