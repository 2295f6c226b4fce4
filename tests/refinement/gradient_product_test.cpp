#include "esscher/refinement/gradient_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/linalg/gemm.h"
#include "esscher/model/network.h"
#include "layers.h"

namespace esscher {
namespace {

/// A tanh network of m neurons on d coordinates, with n standard normal inputs.
struct Example {
  Example(std::size_t m, std::size_t d, std::size_t n)
      : rows(m, d), biases(m), readout(m), x(n, d) {
    const RandomStream stream(5, "example");
    stream.fill_normal(0, rows.values());
    stream.at(1).fill_normal(0, biases);
    stream.at(2).fill_normal(0, readout);
    stream.at(3).fill_normal(0, x.values());
  }

  Matrix<double> projections() const {
    Matrix<double> u(x.rows(), rows.rows());
    gemm(Operand::plain, x.view(), Operand::transposed, rows.view(), 0, u.view());
    return u;
  }
  Matrix<double> products(std::span<const double> weights = {}) const {
    const LayerActivation activation({ActivationKind::tanh}, biases, {});
    Matrix<double> u = projections();
    Matrix<double> s(rows.rows(), rows.rows());
    add_slope_products(activation, readout, u.view(), weights, s.view());
    symmetrise_from_lower(s.view());
    return s;
  }
  double reward(std::span<const double> point) const {
    double sum = 0;
    for (std::size_t j = 0; j < rows.rows(); ++j) {
      double u = biases[j];
      for (std::size_t i = 0; i < point.size(); ++i) u += rows(j, i) * point[i];
      sum += readout[j] * std::tanh(u);
    }
    return sum;
  }

  Matrix<double> rows;
  std::vector<double> biases;
  std::vector<double> readout;
  Matrix<double> x;
};

// Central differences of step h = 1e-5 err by h^2 |r'''| / 6, some 1e-9 for a network of this size,
// and by rounding over h, some 1e-10.
TEST(GradientProduct, IsTheMeanOuterProductOfGradients) {
  const Example example(7, 4, 40);
  Matrix<double> outer(4, 4);
  for (std::size_t i = 0; i < example.x.rows(); ++i) {
    std::vector<double> gradient(4);
    for (std::size_t c = 0; c < 4; ++c) {
      constexpr double kStep = 1e-5;
      std::vector<double> point(example.x.row(i).begin(), example.x.row(i).end());
      point[c] += kStep;
      const double above = example.reward(point);
      point[c] -= 2 * kStep;
      gradient[c] = (above - example.reward(point)) / (2 * kStep);
    }
    for (std::size_t a = 0; a < 4; ++a) {
      for (std::size_t b = 0; b < 4; ++b) outer(a, b) += gradient[a] * gradient[b];
    }
  }
  const Matrix<double> s = example.products();
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = 0; b < 4; ++b) {
      double product = 0;
      for (std::size_t j = 0; j < 7; ++j) {
        for (std::size_t l = 0; l < 7; ++l) {
          product += example.rows(j, a) * s(j, l) * example.rows(l, b);
        }
      }
      EXPECT_NEAR(product, outer(a, b), 1e-6 * (1 + std::abs(outer(a, b))));
    }
  }
}

TEST(GradientProduct, WeightsCountAsRepeatedSamples) {
  Example example(5, 3, 6);
  const Matrix<double> weighted = example.products(std::vector<double>{2, 0, 1, 1, 1, 1});
  for (std::size_t c = 0; c < 3; ++c) example.x(1, c) = example.x(0, c);
  const Matrix<double> repeated = example.products();
  for (std::size_t i = 0; i < weighted.values().size(); ++i) {
    EXPECT_NEAR(weighted.values()[i], repeated.values()[i], 1e-12);
  }
}

TEST(GradientProduct, DirectionsAreUnitEigenvectorsInTheRowsSpan) {
  const Example example(6, 9, 50);
  const Matrix<double> s = example.products();
  const GradientSpectrum spectrum = gradient_spectrum(example.rows.view(), s.view(), 9);
  // Six rows span six directions, whatever was asked for.
  ASSERT_EQ(spectrum.values.size(), 6u);
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    std::vector<double> v(9);
    for (std::size_t j = 0; j < 6; ++j) {
      for (std::size_t c = 0; c < 9; ++c) {
        v[c] += spectrum.combinations(i, j) * example.rows(j, c);
      }
    }
    double squares = 0;
    for (const double value : v) squares += value * value;
    EXPECT_NEAR(squares, 1, 1e-9);
    // M v = W' S W v
    std::vector<double> u(6);
    for (std::size_t j = 0; j < 6; ++j) {
      for (std::size_t c = 0; c < 9; ++c) u[j] += example.rows(j, c) * v[c];
    }
    for (std::size_t c = 0; c < 9; ++c) {
      double pulled = 0;
      for (std::size_t j = 0; j < 6; ++j) {
        for (std::size_t l = 0; l < 6; ++l) pulled += example.rows(j, c) * s(j, l) * u[l];
      }
      EXPECT_NEAR(pulled, spectrum.values[i] * v[c], 1e-9 * spectrum.values[0]);
    }
    sum += spectrum.values[i];
    EXPECT_LE(spectrum.values[i], spectrum.values[i == 0 ? 0 : i - 1]);
  }
  EXPECT_NEAR(sum, spectrum.trace, 1e-9 * sum);
}

TEST(GradientProduct, OfAConstantRewardHasNoDirections) {
  Example example(4, 3, 10);
  example.readout.assign(4, 0.0);
  const GradientSpectrum spectrum =
      gradient_spectrum(example.rows.view(), example.products().view(), 3);
  EXPECT_TRUE(spectrum.values.empty());
  EXPECT_EQ(spectrum.trace, 0);
}

}  // namespace
}  // namespace esscher
