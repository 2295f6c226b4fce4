#include "features/kernel_scales.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "esscher/linalg/gemm.h"
#include "features/metric_kernel_rows.h"

namespace esscher::internal {

double median_above_zero(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !(value > 0); });
  if (values.empty()) return 1;
  // Counted into bins first: only those of the middle's bin are put in order.
  constexpr std::size_t kBins = 1024;
  const double to_bin = kBins / std::ranges::max(values);
  const auto bin = [&](double value) {
    // In this order what is no number, of infinities, has a bin, too.
    return static_cast<std::size_t>(std::min(kBins - 1.0, value * to_bin));
  };
  std::vector<std::size_t> counts(kBins);
  for (const double value : values) ++counts[bin(value)];
  std::size_t before = values.size() / 2;
  std::size_t middle = 0;
  while (before >= counts[middle]) before -= counts[middle++];
  std::erase_if(values, [&](double value) { return bin(value) != middle; });
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(before);
  std::ranges::nth_element(values, at);
  return *at;
}

double median_distance(const Matrix<double>& x) {
  const std::size_t n = x.rows();
  auto products = Matrix<double>::unset(n, n);
  gemm(Operand::plain, x.view(), Operand::transposed, x.view(), 0.0, products.view());
  std::vector<double> squares;
  squares.reserve(n * (n - 1) / 2);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double both = products(i, i) + products(j, j);
      const double square = both - 2 * products(i, j);
      if (square > kSamePoint * both) squares.push_back(square);
    }
  }
  return std::sqrt(median_above_zero(std::move(squares)));
}

double median_absolute_distance(const Matrix<double>& x) {
  std::vector<double> distances;
  Matrix<double> all(x.rows(), x.rows());
  absolute_distances(x.view(), x.view(), all.view());
  for (std::size_t i = 0; i < x.rows(); ++i) {
    const std::span<const double> row = std::as_const(all).row(i);
    distances.insert(distances.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return median_above_zero(std::move(distances));
}

}  // namespace esscher::internal
