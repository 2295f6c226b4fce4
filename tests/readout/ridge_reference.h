#pragma once

// Weighted ridge regression a second time: Householder's QR factorisation of the augmented rows
//     [sqrt(w) (phi, 1)]        [sqrt(w) y]
//     [sqrt(lambda) (I, 0)]     [0]
// in long double, with weights that sum to 1. It never forms normal equations, so that it loses
// digits by the condition number and not by its square, and has eleven bits to spare.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "esscher/readout/ridge.h"

namespace esscher::reference {

struct Solution {
  std::vector<double> coefficients;
  double intercept = 0;
};

/// argmin |A x - b|; overwrites both.
inline std::vector<long double> least_squares(Matrix<long double>& a, std::vector<long double>& b) {
  const std::size_t n = a.rows();
  const std::size_t p = a.columns();
  for (std::size_t k = 0; k < p; ++k) {
    long double norm = 0;
    for (std::size_t i = k; i < n; ++i) norm += a(i, k) * a(i, k);
    norm = std::sqrt(norm);
    if (norm == 0) continue;
    if (a(k, k) > 0) norm = -norm;
    // v = column - norm e_k, H = I - 2 v v' / (v'v).
    std::vector<long double> v(n - k);
    for (std::size_t i = k; i < n; ++i) v[i - k] = a(i, k);
    v[0] -= norm;
    const long double square = std::inner_product(v.begin(), v.end(), v.begin(), 0.0L);
    const auto reflect = [&](auto&& entry) {
      long double along = 0;
      for (std::size_t i = k; i < n; ++i) along += v[i - k] * entry(i);
      for (std::size_t i = k; i < n; ++i) entry(i) -= 2 * along / square * v[i - k];
    };
    for (std::size_t j = k; j < p; ++j) {
      reflect([&](std::size_t i) -> long double& { return a(i, j); });
    }
    reflect([&](std::size_t i) -> long double& { return b[i]; });
  }
  std::vector<long double> x(p);
  for (std::size_t k = p; k-- > 0;) {
    x[k] = b[k];
    for (std::size_t j = k + 1; j < p; ++j) x[k] -= a(k, j) * x[j];
    x[k] /= a(k, k);
  }
  return x;
}

/// \param weights  of any scale
inline Solution weighted_ridge(MatrixView<const double> x, const std::vector<double>& y,
                               const std::vector<double>& weights, double penalty) {
  const std::size_t n = x.rows;
  const std::size_t m = x.columns;
  const long double total = std::accumulate(weights.begin(), weights.end(), 0.0L);
  Matrix<long double> a(n + m, m + 1);
  std::vector<long double> b(n + m);
  for (std::size_t i = 0; i < n; ++i) {
    const long double root = std::sqrt(weights[i] / total);
    for (std::size_t j = 0; j < m; ++j) a(i, j) = root * x(i, j);
    a(i, m) = root;
    b[i] = root * y[i];
  }
  for (std::size_t j = 0; j < m; ++j) a(n + j, j) = std::sqrt(static_cast<long double>(penalty));
  const std::vector<long double> solution = least_squares(a, b);
  return {{solution.begin(), solution.end() - 1}, static_cast<double>(solution.back())};
}

/// Standard normal numbers, a function of the name.
inline Matrix<double> normals(std::size_t rows, std::size_t columns, const char* name) {
  Matrix<double> matrix(rows, columns);
  RandomStream(17, name).fill_normal(0, matrix.values());
  return matrix;
}

/// A regression: features max(0, u + b) of normal u with biases b across [-2, 2], which overlap so
/// much that their covariance has condition numbers of 1e4 and more; a bent target with noise; and
/// normal log weights of deviation \p skew.
struct Problem {
  Matrix<double> x;
  std::vector<double> y;
  std::vector<double> log_weights;

  HeldRows rows() const { return HeldRows(x.view()); }
  std::vector<double> weights() const {
    std::vector<double> result;
    for (const double log_weight : log_weights) result.push_back(std::exp(log_weight));
    return result;
  }
};

inline Problem problem(std::size_t n, std::size_t m, double skew) {
  const Matrix<double> u = normals(n, 3, "u");
  const Matrix<double> directions = normals(m, 3, "directions");
  const Matrix<double> noise = normals(n, 2, "noise");
  Problem made{Matrix<double>(n, m), std::vector<double>(n), std::vector<double>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < m; ++j) {
      double value = m == 1 ? 0 : -2 + 4 * static_cast<double>(j) / static_cast<double>(m - 1);
      for (std::size_t k = 0; k < 3; ++k) value += u(i, k) * directions(j, k);
      made.x(i, j) = std::max(0.0, value);
    }
    made.y[i] = std::sin(2 * u(i, 0)) + 0.5 * u(i, 1) + 0.1 * noise(i, 0);
    made.log_weights[i] = skew * noise(i, 1);
  }
  return made;
}

inline RidgeFit fit(const Problem& given, const RidgeOptions& options = {}) {
  return fit_ridge(given.rows(), given.y, given.log_weights, options);
}

}  // namespace esscher::reference
