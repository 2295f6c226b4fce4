#include "features/kernel_scales.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "features/metric_kernel_rows.h"

namespace esscher::internal {
namespace {

/// Of those above 0; 1 where there are none, since all points are one and any scale serves.
double median(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !(value > 0); });
  if (values.empty()) return 1;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

double median_distance(const Matrix<double>& x) {
  std::vector<double> distances;
  for (std::size_t i = 0; i < x.rows(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      double square = 0;
      for (std::size_t k = 0; k < x.columns(); ++k) {
        square += (x(i, k) - x(j, k)) * (x(i, k) - x(j, k));
      }
      distances.push_back(std::sqrt(square));
    }
  }
  return median(std::move(distances));
}

double median_absolute_distance(const Matrix<double>& x) {
  std::vector<double> distances;
  Matrix<double> all(x.rows(), x.rows());
  absolute_distances(x.view(), x.view(), all.view());
  for (std::size_t i = 0; i < x.rows(); ++i) {
    const std::span<const double> row = std::as_const(all).row(i);
    distances.insert(distances.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return median(std::move(distances));
}

}  // namespace esscher::internal
