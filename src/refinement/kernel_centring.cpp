#include "refinement/kernel_centring.h"

namespace esscher::internal {

void centre_kernel(MatrixView<const double> k, std::span<const std::vector<std::size_t>> groups,
                   std::span<const double> weights, MatrixView<double> out) {
  const std::size_t n = k.rows;
  const std::size_t count = groups.size();
  std::vector<std::size_t> group_of(n);
  Matrix<double> means(count, n);  // since K is symmetric, of its rows as of its columns
  Matrix<double> both(count, count);
  for (std::size_t g = 0; g < count; ++g) {
    double mass = 0;
    for (const std::size_t i : groups[g]) mass += weights[i];
    const std::span<double> mean = means.row(g);
    for (const std::size_t i : groups[g]) {
      group_of[i] = g;
      if (!(mass > 0)) continue;
      const double share = weights[i] / mass;
      const std::span<const double> row = k.row(i);
      for (std::size_t j = 0; j < n; ++j) mean[j] += share * row[j];
    }
    for (std::size_t h = 0; h <= g && mass > 0; ++h) {
      const std::span<const double> other = means.row(h);
      for (const std::size_t i : groups[g]) both(g, h) += weights[i] / mass * other[i];
      both(h, g) = both(g, h);
    }
  }
  std::vector<double> by_group(count);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t g = group_of[i];
    for (std::size_t h = 0; h < count; ++h) by_group[h] = both(g, h) - means(h, i);
    const std::span<const double> mean = means.row(g);
    const std::span<const double> row = k.row(i);
    const std::span<double> to = out.row(i);
    for (std::size_t j = 0; j <= i; ++j) to[j] = row[j] - mean[j];
    if (count == 1) {  // as vectors
      for (std::size_t j = 0; j <= i; ++j) to[j] += by_group[0];
    } else {
      for (std::size_t j = 0; j <= i; ++j) to[j] += by_group[group_of[j]];
    }
  }
}

}  // namespace esscher::internal
