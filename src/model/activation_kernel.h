#pragma once

/// \file
/// The vector kernels behind LayerActivation, for the instruction set found at run time. The
/// functions themselves are in activation-inl.h, for kernels of other rooms too.

#include <cstddef>

#include "esscher/base/matrix.h"
#include "esscher/model/activation.h"

namespace esscher::internal {

/// Neurons' tables are padded with zeros to a multiple of this, so that no load of a whole vector
/// reaches past them.
inline constexpr std::size_t kNeuronPadding = 16;

constexpr std::size_t padded(std::size_t width) {
  return (width + kNeuronPadding - 1) / kNeuronPadding * kNeuronPadding;
}

inline constexpr int kMostActivationOrder = 16;

/// What an activation needs beside its argument: h_{k+1} = rise[k] u h_k - fall[k] h_{k-1}, and
/// h_k' = root[k] h_{k-1}.
template <class T>
struct ActivationTables {
  ActivationTables(const Activation& activation, const T* mixture_coefficients,
                   std::size_t mixture_stride);

  ActivationKind kind;
  int order;
  /// Row k - 1, at (k - 1) * stride, holds the coefficients of h_k. nullptr unless a mixture.
  const T* mixture;
  std::size_t stride;
  T rise[kMostActivationOrder];
  T fall[kMostActivationOrder];
  T root[kMostActivationOrder + 1];
};

extern template struct ActivationTables<float>;
extern template struct ActivationTables<double>;

/// block(i, j) becomes phi_j(block(i, j) + biases[j]); biases padded.
void activation_values(const ActivationTables<double>& tables, const double* biases,
                       MatrixView<double> block);
void activation_values(const ActivationTables<float>& tables, const float* biases,
                       MatrixView<float> block);
/// The same with phi'_j.
void activation_slopes(const ActivationTables<double>& tables, const double* biases,
                       MatrixView<double> block);
void activation_slopes(const ActivationTables<float>& tables, const float* biases,
                       MatrixView<float> block);

}  // namespace esscher::internal
