#include "esscher/model/network.h"

#include "esscher/linalg/factor.h"

namespace esscher {

FirstLayer reduced(const FirstLayer& layer) {
  const std::size_t m = layer.weights.rows();
  const std::size_t k = layer.weights.columns();
  if (k <= m + 1) return layer;
  const MatrixView<const double> behind{layer.weights.data() + 1, m, k - 1, k};
  const Matrix<double> factor = lq_factor(behind);
  FirstLayer result{layer.dim, Matrix<double>(m, 1 + factor.columns()), layer.biases,
                    layer.activation, layer.mixture};
  for (std::size_t j = 0; j < m; ++j) {
    result.weights(j, 0) = layer.weights(j, 0);
    for (std::size_t i = 0; i < factor.columns(); ++i) result.weights(j, i + 1) = factor(j, i);
  }
  return result;
}

}  // namespace esscher
