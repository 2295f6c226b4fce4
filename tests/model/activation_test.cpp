#include "esscher/model/activation.h"

#include <gtest/gtest.h>

#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

using Real = long double;

constexpr ActivationKind kSmooth[] = {ActivationKind::tanh, ActivationKind::erf,
                                      ActivationKind::softplus};

Real exact_value(ActivationKind kind, Real u) {
  switch (kind) {
    case ActivationKind::relu:
      return u > 0 ? u : 0;
    case ActivationKind::tanh:
      return std::tanh(u);
    case ActivationKind::erf:
      return boost::math::erf(u);
    case ActivationKind::softplus:
      return (u > 0 ? u : 0) + std::log1p(std::exp(-std::abs(u)));
    default:
      return 0;
  }
}

Real exact_slope(ActivationKind kind, Real u) {
  switch (kind) {
    case ActivationKind::relu:
      return u > 0 ? 1 : 0;
    case ActivationKind::tanh:
      return 1 / (std::cosh(u) * std::cosh(u));
    case ActivationKind::erf:
      return 2 * std::numbers::inv_sqrtpi_v<Real> * std::exp(-u * u);
    case ActivationKind::softplus:
      return 1 / (1 + std::exp(-u));
    default:
      return 0;
  }
}

/// sum of c_k h_k^(d)(u), c_0 = 0, derivative d = 0 or 1; and in \p magnitude the same with every
/// term made positive, which bounds what rounding can do.
Real exact_series(const std::vector<double>& c, int derivative, Real u, Real& magnitude) {
  Real previous = 0;
  Real current = 1;
  Real previous_size = 0;
  Real current_size = 1;
  Real sum = 0;
  magnitude = 0;
  for (std::size_t k = 1; k <= c.size(); ++k) {
    const Real n = static_cast<Real>(k);
    const Real next = (u * current - std::sqrt(n - 1) * previous) / std::sqrt(n);
    const Real next_size =
        (std::abs(u) * current_size + std::sqrt(n - 1) * previous_size) / std::sqrt(n);
    const Real weight = derivative == 1 ? std::sqrt(n) * c[k - 1] : c[k - 1];
    sum += weight * (derivative == 1 ? current : next);
    magnitude += std::abs(weight) * (derivative == 1 ? current_size : next_size);
    previous = current;
    current = next;
    previous_size = current_size;
    current_size = next_size;
  }
  return sum;
}

/// Dense where the kernels change their formulas, and far out; of odd length, so that a part of a
/// vector is left over.
template <class T>
std::vector<T> arguments() {
  std::vector<T> u;
  for (int i = -4000; i <= 4000; ++i) u.push_back(static_cast<T>(i * 0.003));
  for (const double far : {15.0, 18.9, 25.0, 26.0, 80.0}) {
    u.push_back(static_cast<T>(far));
    u.push_back(static_cast<T>(-far));
  }
  for (const double near : {1e-3, 1e-6, 1e-12, 1e-30}) {
    u.push_back(static_cast<T>(near));
    u.push_back(static_cast<T>(-near));
  }
  return u;
}

/// One row of neurons without bias.
template <class T>
std::vector<T> apply(const Activation& activation, const Matrix<double>& mixture,
                     std::vector<T> row, bool slopes) {
  const LayerActivation layer(activation, std::vector<double>(row.size()), mixture);
  const MatrixView<T> block{row.data(), 1, row.size(), row.size()};
  slopes ? layer.slopes(block) : layer.values(block);
  return row;
}

template <class T>
Real units(Real got, Real exact) {
  const Real unit = std::numeric_limits<T>::epsilon();
  // What lies below the least normal number may be flushed to 0.
  const Real floor = std::numeric_limits<T>::min();
  return std::abs(got - exact) / (unit * std::max(std::abs(exact), floor / unit));
}

template <class T>
class ActivationOf : public ::testing::Test {};
using Formats = ::testing::Types<float, double>;
TYPED_TEST_SUITE(ActivationOf, Formats);

// Exp and Log1p are right to 2 units, and what follows them is two or three operations of half a
// unit each: 8 leaves a factor of about two.
TYPED_TEST(ActivationOf, SmoothKindsAreRightToEightUnits) {
  const auto u = arguments<TypeParam>();
  for (const ActivationKind kind : kSmooth) {
    const Activation activation{kind, 0};
    const auto values = apply(activation, {}, u, false);
    const auto slopes = apply(activation, {}, u, true);
    for (std::size_t i = 0; i < u.size(); ++i) {
      const Real at = static_cast<Real>(u[i]);
      ASSERT_LE(units<TypeParam>(values[i], exact_value(kind, at)), 8)
          << activation.name() << " at " << u[i];
      ASSERT_LE(units<TypeParam>(slopes[i], exact_slope(kind, at)), 8)
          << activation.name() << "' at " << u[i];
    }
  }
}

TYPED_TEST(ActivationOf, ReluIsExactAndItsSlopeAtZeroIsZero) {
  auto u = arguments<TypeParam>();
  u.push_back(0);
  const auto values = apply({ActivationKind::relu, 0}, {}, u, false);
  const auto slopes = apply({ActivationKind::relu, 0}, {}, u, true);
  for (std::size_t i = 0; i < u.size(); ++i) {
    ASSERT_EQ(values[i], static_cast<TypeParam>(exact_value(ActivationKind::relu, u[i])));
    ASSERT_EQ(slopes[i], static_cast<TypeParam>(exact_slope(ActivationKind::relu, u[i])));
  }
}

// Each step of the recurrence rounds seven times, of half a unit each: two constants, two products,
// the fused difference, and one factor and one sum of the mixture. Plus one step for the slope's
// factor. Without fused operations one more.
TYPED_TEST(ActivationOf, HermiteKindsAreRightToFourUnitsAStep) {
  const auto u = arguments<TypeParam>();
  for (const int order : {1, 2, 3, 8, 16}) {
    const auto size = static_cast<std::size_t>(order);
    std::vector<double> one(size, 0.0);
    one.back() = 1;
    const Activation hermite{ActivationKind::hermite, order};
    const Activation mixed{ActivationKind::mixture, order};
    const Matrix<double> mixture = mixture_coefficients(mixed, u.size(), 7);
    for (const bool slopes : {false, true}) {
      const auto h = apply(hermite, {}, u, slopes);
      const auto mix = apply(mixed, mixture, u, slopes);
      for (std::size_t i = 0; i < u.size(); ++i) {
        // Tall polynomials far out overflow a float; nothing in the system goes there.
        if (std::abs(u[i]) > 26) continue;
        const Real allowed = Real{std::numeric_limits<TypeParam>::epsilon()} * 4 * (order + 1);
        Real magnitude = 0;
        Real exact = exact_series(one, slopes, u[i], magnitude);
        ASSERT_LE(std::abs(h[i] - exact), allowed * magnitude) << order << " at " << u[i];
        std::vector<double> column;
        for (std::size_t k = 0; k < size; ++k) {
          column.push_back(static_cast<double>(static_cast<TypeParam>(mixture(k, i))));
        }
        exact = exact_series(column, slopes, u[i], magnitude);
        ASSERT_LE(std::abs(mix[i] - exact), allowed * magnitude) << order << " at " << u[i];
      }
    }
  }
}

// 19 neurons: one whole vector of every instruction set and a rest, in rows farther apart than they
// are long.
TYPED_TEST(ActivationOf, ANeuronsBiasIsAddedAndNothingElseIsTouched) {
  constexpr std::size_t kWidth = 19;
  constexpr std::size_t kRows = 3;
  constexpr std::size_t kStride = 24;
  std::vector<double> biases(kWidth);
  RandomStream(1, "test/bias").fill_normal(0, biases);
  std::vector<TypeParam> u(kRows * kStride);
  RandomStream(1, "test/u").fill_normal(0, u);
  for (const char* name : {"relu", "tanh", "erf", "softplus", "hermite:3", "mixture:4"}) {
    const Activation activation = parse_activation(name);
    const Matrix<double> mixture = mixture_coefficients(activation, kWidth, 3);
    const LayerActivation layer(activation, biases, mixture);
    const LayerActivation plain(activation, std::vector<double>(kWidth), mixture);
    for (const bool slopes : {false, true}) {
      std::vector<TypeParam> got = u;
      std::vector<TypeParam> expected = u;
      for (std::size_t i = 0; i < kRows; ++i) {
        for (std::size_t j = 0; j < kWidth; ++j) {
          expected[i * kStride + j] += static_cast<TypeParam>(biases[j]);
        }
      }
      const MatrixView<TypeParam> block{got.data(), kRows, kWidth, kStride};
      const MatrixView<TypeParam> shifted{expected.data(), kRows, kWidth, kStride};
      slopes ? layer.slopes(block) : layer.values(block);
      slopes ? plain.slopes(shifted) : plain.values(shifted);
      EXPECT_EQ(got, expected) << name;
    }
  }
}

TEST(Activation, NamesReadBack) {
  for (const char* name : {"relu", "tanh", "erf", "softplus", "hermite:3", "mixture:16"}) {
    EXPECT_EQ(parse_activation(name).name(), name);
  }
}

TEST(Activation, RefusalsNameTheFieldAndOfferARemedy) {
  const auto refusal = [](const char* text) {
    return failure_text<UsageError>([text] { parse_activation(text, "--activation"); });
  };
  expect_words(refusal("rely"), "--activation = rely", "no activation has this name",
               "did you mean relu?");
  expect_words(refusal("hermite"), "--activation = hermite", "needs its order", "hermite:3");
  expect_words(refusal("relu:2"), "--activation = relu:2", "relu takes no order");
  expect_words(refusal("mixture:17"), "--activation", "17", "16");
  expect_words(refusal("hermite:0"), "--activation", "1");
}

TEST(Activation, ShapesThatDoNotFitAreDefects) {
  const Activation mixture{ActivationKind::mixture, 3};
  const std::vector<double> biases(4);
  EXPECT_THROW(LayerActivation(mixture, biases, Matrix<double>(3, 5)), InternalError);
  EXPECT_THROW(LayerActivation(mixture, biases, {}), InternalError);
  EXPECT_THROW(LayerActivation({ActivationKind::relu, 0}, biases, Matrix<double>(3, 4)),
               InternalError);
  EXPECT_THROW(LayerActivation({ActivationKind::hermite, 17}, biases, {}), InternalError);
  const LayerActivation layer({ActivationKind::relu, 0}, biases, {});
  Matrix<double> block(2, 5);
  EXPECT_THROW(layer.values(block.view()), InternalError);
}

TEST(Activation, MixturesAreUnitColumnsThatDependOnTheNeuronAlone) {
  const Activation activation{ActivationKind::mixture, 5};
  const Matrix<double> narrow = mixture_coefficients(activation, 10, 42);
  const Matrix<double> wide = mixture_coefficients(activation, 20, 42);
  for (std::size_t j = 0; j < 10; ++j) {
    double square = 0;
    for (std::size_t k = 0; k < 5; ++k) {
      EXPECT_EQ(narrow(k, j), wide(k, j));
      square += narrow(k, j) * narrow(k, j);
    }
    EXPECT_NEAR(square, 1, 1e-15);
  }
  EXPECT_NE(narrow, mixture_coefficients(activation, 10, 43));
  EXPECT_TRUE(mixture_coefficients({ActivationKind::relu, 0}, 10, 42).empty());
}

// Closed forms, b the bias, phi and Phi the normal density and distribution function: for relu
// c_0 = b Phi(b) + phi(b), c_1 = Phi(b), c_2 = phi(b) / sqrt 2. Quadrature is good to 1e-13.
TEST(ActivationExpansion, ReluHasItsClosedForm) {
  for (const double b : {-1.3, 0.0, 0.4, 2.5}) {
    const double density = std::exp(-b * b / 2) / std::sqrt(2 * std::numbers::pi);
    const double below = 0.5 * std::erfc(-b / std::numbers::sqrt2);
    const auto c = activation_expansion({ActivationKind::relu, 0}, b, {}, 4);
    ASSERT_EQ(c.size(), 5U);
    EXPECT_NEAR(c[0], b * below + density, 1e-12);
    EXPECT_NEAR(c[1], below, 1e-12);
    EXPECT_NEAR(c[2], density / std::numbers::sqrt2, 1e-12);
    EXPECT_NEAR(c[3], -b * density / std::sqrt(6.0), 1e-12);
  }
}

// h_2(z + b) = h_2(z) + sqrt 2 b h_1(z) + b^2 / sqrt 2.
TEST(ActivationExpansion, PolynomialsHaveTheirShiftedCoefficients) {
  const double b = 0.7;
  const auto hermite = activation_expansion({ActivationKind::hermite, 2}, b, {}, 3);
  EXPECT_NEAR(hermite[0], b * b / std::numbers::sqrt2, 1e-12);
  EXPECT_NEAR(hermite[1], std::numbers::sqrt2 * b, 1e-12);
  EXPECT_NEAR(hermite[2], 1, 1e-12);
  EXPECT_NEAR(hermite[3], 0, 1e-12);
  const double mixture[] = {0.6, -0.8};
  const auto mixed = activation_expansion({ActivationKind::mixture, 2}, b, mixture, 2);
  EXPECT_NEAR(mixed[0], 0.6 * b - 0.8 * hermite[0], 1e-12);
  EXPECT_NEAR(mixed[1], 0.6 - 0.8 * hermite[1], 1e-12);
  EXPECT_NEAR(mixed[2], -0.8, 1e-12);
}

}  // namespace
}  // namespace esscher
