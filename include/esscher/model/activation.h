#pragma once

/// \file
/// Activations phi of the two-layer network, by name and in blocks.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/base/matrix.h"

namespace esscher {

enum class ActivationKind {
  relu,      ///< max(0, u)
  tanh,      ///< tanh u
  erf,       ///< erf u
  softplus,  ///< log(1 + e^u)
  hermite,   ///< h_k(u), k the order
  mixture,   ///< each neuron its own sum over k = 1..order of c_k h_k(u), c random on the sphere
};

struct Activation {
  ActivationKind kind = ActivationKind::relu;
  int order = 0;  ///< hermite and mixture only: 1 to 16

  /// "relu", "hermite:3", "mixture:4": parse_activation(name()) is this activation.
  std::string name() const;
  friend bool operator==(const Activation&, const Activation&) = default;
};

/// Reads relu, tanh, erf, softplus, hermite:K or mixture:K.
/// \throws UsageError naming \p field, for an unknown kind (the nearest is offered) or order.
Activation parse_activation(std::string_view text, std::string_view field = "activation");

/// The Hermite coefficients of m neurons' mixtures: order x m, column j uniform on the unit sphere,
/// a function of the seed (stream "activation/mixture"); row k - 1 belongs to h_k. Empty (0 x 0)
/// for the other kinds.
Matrix<double> mixture_coefficients(const Activation& activation, std::size_t width,
                                    std::uint64_t seed);

/// How a layer's neurons act: one activation, m biases and, for a mixture, m columns of
/// coefficients. Makes its own copies in both precisions; safe to share among threads.
class LayerActivation {
 public:
  /// \param biases   m
  /// \param mixture  order x m for a mixture, else empty \throws InternalError for other shapes
  LayerActivation(const Activation& activation, std::span<const double> biases,
                  const Matrix<double>& mixture);

  std::size_t width() const { return width_; }

  /// block(i, j) = <w_j, x_i> becomes phi_j(block(i, j) + b_j). B x m, in place.
  /// Vectorised for the instruction set at hand. Error, in units in the last place of the result:
  /// at most 8 for tanh, erf and softplus; for hermite and mixture 4 a step of the recurrence, of
  /// the sum of the magnitudes that it adds up, which near a zero of the polynomial exceeds the
  /// result. \throws InternalError where the block is not as wide as the layer.
  void values(MatrixView<double> block) const;
  void values(MatrixView<float> block) const;
  /// The same with phi'_j. relu'(0) = 0.
  void slopes(MatrixView<double> block) const;
  void slopes(MatrixView<float> block) const;

 private:
  void require_width(std::size_t columns) const;

  Activation activation_;
  std::size_t width_;
  // Padded, so that whole vectors can be loaded.
  std::vector<double> biases_;
  std::vector<float> biases_f32_;
  Matrix<double> mixture_;
  Matrix<float> mixture_f32_;
};

/// c_k = E phi(Z + bias) h_k(Z) for k = 0..max_order: the activation's Hermite expansion about a
/// bias. \param mixture  the neuron's own coefficients, for a mixture
std::vector<double> activation_expansion(const Activation& activation, double bias,
                                         std::span<const double> mixture, int max_order);

}  // namespace esscher
