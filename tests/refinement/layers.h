#pragma once

// First layers as stage 1 leaves them, for the tests of refinement.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/model/network.h"

namespace esscher::layers {

/// \p width relu rows in d explicit coordinates with overlap +-\p overlap with e_1: in its own
/// direction each, and in one that all share, as stage 1's noise has both.
inline FirstLayer around(double overlap, std::size_t width, std::uint64_t dim,
                         std::uint64_t seed = 1) {
  FirstLayer layer;
  layer.dim = dim;
  layer.weights = Matrix<double>(width, dim);
  layer.biases.resize(width);
  const RandomStream stream(seed, "layer");
  stream.fill_normal(0, layer.biases);
  std::vector<double> shared(dim);
  stream.at(1).fill_normal(0, shared);
  for (std::size_t j = 0; j < width; ++j) {
    const std::span<double> row = layer.weights.row(j);
    stream.at(2 + j).fill_normal(0, row);
    double squares = 0;
    for (std::size_t i = 0; i < dim; ++i) row[i] += shared[i];
    row[0] = 0;
    for (const double value : row) squares += value * value;
    const double scale = std::sqrt((1 - overlap * overlap) / squares);
    for (double& value : row) value *= scale;
    row[0] = overlap * stream.sign(j);
  }
  return layer;
}

}  // namespace esscher::layers
