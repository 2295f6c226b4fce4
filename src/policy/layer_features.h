#pragma once

/// \file
/// A first layer at work on blocks of inputs, in its reduced coordinates.

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/model/network.h"

namespace esscher::internal {

class LayerFeatures {
 public:
  /// Reduces the layer (network.h) first.
  explicit LayerFeatures(const FirstLayer& layer);

  std::size_t width() const { return weights_.rows(); }
  /// k of the reduced layer; the hidden directions are the first of them.
  std::size_t coordinates() const { return weights_.columns(); }
  std::size_t hidden() const { return hidden_; }

  /// out = x W': \p x is B x k, \p out B x m. Skips the zeros of a triangular W, which is up to
  /// half the work.
  void pre_activations(MatrixView<const double> x, MatrixView<double> out) const;
  /// Pre-activations become phi(. + b), in place.
  void activate(MatrixView<double> block) const { activation_.values(block); }
  /// The same with phi'(. + b).
  void slopes(MatrixView<double> block) const { activation_.slopes(block); }
  /// x = W' c, of length k, and u = W x.
  void span_point(std::span<const double> c, std::span<double> x, std::span<double> u) const;

 private:
  /// Neighbouring neurons, and how many coordinates they see.
  struct Band {
    std::size_t first;
    std::size_t count;
    std::size_t extent;
  };

  Matrix<double> weights_;
  LayerActivation activation_;
  std::vector<Band> bands_;
  std::size_t hidden_;
};

}  // namespace esscher::internal
