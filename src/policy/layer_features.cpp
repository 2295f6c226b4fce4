#include "policy/layer_features.h"

#include <algorithm>

#include "esscher/linalg/gemm.h"

namespace esscher::internal {
namespace {

/// Wide enough for the product's kernel to run at its rate, narrow enough to skip zeros.
constexpr std::size_t kBand = 64;

/// Columns up to the last entry that is not 0, at least one.
std::size_t extent(std::span<const double> row) {
  std::size_t columns = row.size();
  while (columns > 1 && row[columns - 1] == 0) --columns;
  return columns;
}

}  // namespace

LayerFeatures::LayerFeatures(const FirstLayer& layer)
    : weights_(reduced(layer).weights),
      activation_(layer.activation, layer.biases, layer.mixture),
      hidden_(layer.hidden) {
  for (std::size_t first = 0; first < width(); first += kBand) {
    Band band{first, std::min(kBand, width() - first), 1};
    for (std::size_t j = first; j < first + band.count; ++j) {
      band.extent = std::max(band.extent, extent(weights_.row(j)));
    }
    bands_.push_back(band);
  }
}

void LayerFeatures::pre_activations(MatrixView<const double> x, MatrixView<double> out) const {
  for (const Band& band : bands_) {
    const MatrixView<const double> seen{x.data, x.rows, band.extent, x.stride};
    const MatrixView<const double> rows{weights_.row(band.first).data(), band.count, band.extent,
                                        weights_.columns()};
    const MatrixView<double> columns{out.data + band.first, out.rows, band.count, out.stride};
    gemm(Operand::plain, seen, Operand::transposed, rows, 0, columns);
  }
}

void LayerFeatures::span_point(std::span<const double> c, std::span<double> x,
                               std::span<double> u) const {
  std::ranges::fill(x, 0.0);
  for (std::size_t j = 0; j < width(); ++j) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += c[j] * weights_(j, i);
  }
  pre_activations({x.data(), 1, x.size(), x.size()}, {u.data(), 1, u.size(), u.size()});
}

}  // namespace esscher::internal
