#include "esscher/model/network.h"

#include <algorithm>
#include <span>

#include "esscher/linalg/factor.h"

namespace esscher {

FirstLayer reduced(const FirstLayer& layer) {
  const std::size_t m = layer.weights.rows();
  const std::size_t k = layer.weights.columns();
  const std::size_t q = layer.hidden;
  if (k <= m + q) return layer;
  const MatrixView<const double> behind{layer.weights.data() + q, m, k - q, k};
  const Matrix<double> factor = lq_factor(behind);
  FirstLayer result = layer;
  result.weights = Matrix<double>(m, q + factor.columns());
  for (std::size_t j = 0; j < m; ++j) {
    const std::span<double> row = result.weights.row(j);
    std::ranges::copy(layer.weights.row(j).first(q), row.begin());
    std::ranges::copy(factor.row(j), row.subspan(q).begin());
  }
  return result;
}

}  // namespace esscher
