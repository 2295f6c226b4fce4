#include "policy/layer_features.h"

#include <gtest/gtest.h>

#include <cmath>

#include "esscher/base/random.h"
#include "policy/slice_kernel.h"

namespace esscher::internal {
namespace {

FirstLayer layer(std::size_t m, std::size_t k, bool triangular) {
  FirstLayer result;
  result.dim = k;
  result.weights = Matrix<double>(m, k);
  RandomStream(3, "layer").fill_normal(0, result.weights.values());
  for (std::size_t j = 0; triangular && j < m; ++j) {
    for (std::size_t i = j + 2; i < k; ++i) result.weights(j, i) = 0;
  }
  result.biases.assign(m, 0.25);
  return result;
}

// Sums of k products, in any order, agree to k roundings of their size.
TEST(LayerFeatures, PreActivationsAreInnerProducts) {
  for (const auto& [m, k, triangular] : std::vector<std::tuple<std::size_t, std::size_t, bool>>{
           {1, 1, false}, {7, 3, false}, {70, 71, true}, {130, 131, true}, {65, 20, false}}) {
    const FirstLayer of = layer(m, k, triangular);
    const LayerFeatures features(of);
    EXPECT_EQ(features.width(), m);
    EXPECT_EQ(features.coordinates(), k);
    Matrix<double> x(9, k);
    RandomStream(4, "x").fill_normal(0, x.values());
    Matrix<double> u(9, m + 2, -1);
    features.pre_activations(x.view(), {u.data(), 9, m, m + 2});
    for (std::size_t i = 0; i < 9; ++i) {
      for (std::size_t j = 0; j < m; ++j) {
        double sum = 0;
        for (std::size_t l = 0; l < k; ++l) sum += of.weights(j, l) * x(i, l);
        EXPECT_NEAR(u(i, j), sum, 1e-16 * 20 * static_cast<double>(k));
      }
      EXPECT_EQ(u(i, m), -1);  // nothing beyond
    }
  }
}

TEST(LayerFeatures, PointsOfTheSpanAreWhatTheirCoefficientsSay) {
  const FirstLayer of = layer(5, 4, false);
  const LayerFeatures features(of);
  const std::vector<double> c{1, -2, 0.5, 0, 3};
  std::vector<double> x(4);
  std::vector<double> u(5);
  features.span_point(c, x, u);
  for (std::size_t i = 0; i < 4; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 5; ++j) sum += c[j] * of.weights(j, i);
    EXPECT_NEAR(x[i], sum, 1e-14);
  }
  for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(u[j], dot(of.weights.row(j), x), 1e-13);
}

// A layer of more coordinates than neurons + 1 is reduced: the same inner products among rows.
TEST(LayerFeatures, UsesFewCoordinates) {
  const LayerFeatures features(layer(3, 40, false));
  EXPECT_EQ(features.coordinates(), 4u);
}

TEST(SliceKernel, TurnsAndSumsAtEveryLength) {
  std::vector<double> a(70);
  std::vector<double> b(70);
  std::vector<double> c(70);
  RandomStream(5, "a").fill_normal(0, a);
  RandomStream(5, "b").fill_normal(0, b);
  RandomStream(5, "c").fill_normal(0, c);
  for (std::size_t n = 0; n <= a.size(); ++n) {
    std::vector<double> out(n + 1, 9);
    const auto first = [n](const std::vector<double>& of) { return std::span(of).first(n); };
    turn(first(a), first(b), first(c), 0.6, 0.8, std::span(out).first(n));
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) {
      EXPECT_NEAR(out[j], c[j] + 0.6 * (a[j] - c[j]) + 0.8 * b[j], 1e-14);
      sum += a[j] * b[j];
    }
    EXPECT_EQ(out[n], 9);
    EXPECT_NEAR(dot(first(a), first(b)), sum, 1e-13);
  }
}

}  // namespace
}  // namespace esscher::internal
