#include "esscher/model/network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "esscher/base/random.h"

namespace esscher {
namespace {

FirstLayer random_layer(std::size_t m, std::size_t k) {
  FirstLayer layer{k, Matrix<double>(m, k), std::vector<double>(m, 0.5), {}, {}};
  for (std::size_t j = 0; j < m; ++j) {
    RandomStream(7, "rows", j).fill_normal(0, layer.weights.row(j));
    double square = 0;
    for (const double w : layer.weights.row(j)) square += w * w;
    for (double& w : layer.weights.row(j)) w /= std::sqrt(square);
  }
  return layer;
}

double inner(const Matrix<double>& rows, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t l = 0; l < rows.columns(); ++l) sum += rows(i, l) * rows(j, l);
  return sum;
}

TEST(Reduced, KeepsOverlapsAndGramMatrixInFewCoordinates) {
  const FirstLayer layer = random_layer(5, 40);
  const FirstLayer small = reduced(layer);
  ASSERT_EQ(small.weights.rows(), 5U);
  EXPECT_EQ(small.weights.columns(), 6U);
  EXPECT_EQ(small.dim, 40U);
  EXPECT_EQ(small.biases, layer.biases);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(small.weights(i, 0), layer.weights(i, 0));
    // Sums of 40 products of numbers below 1: a few units of 1e-16.
    for (std::size_t j = 0; j < 5; ++j) {
      EXPECT_NEAR(inner(small.weights, i, j), inner(layer.weights, i, j), 1e-14);
    }
    for (std::size_t l = i + 2; l < 6; ++l) EXPECT_EQ(small.weights(i, l), 0);
  }
}

TEST(Reduced, KeepsAllHiddenCoordinatesApart) {
  FirstLayer layer = random_layer(4, 30);
  layer.hidden = 3;
  const FirstLayer small = reduced(layer);
  EXPECT_EQ(small.hidden, 3U);
  ASSERT_EQ(small.weights.columns(), 7U);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t l = 0; l < 3; ++l) EXPECT_EQ(small.weights(i, l), layer.weights(i, l));
    for (std::size_t j = 0; j < 4; ++j) {
      EXPECT_NEAR(inner(small.weights, i, j), inner(layer.weights, i, j), 1e-14);
    }
    for (std::size_t l = i + 4; l < 7; ++l) EXPECT_EQ(small.weights(i, l), 0);
  }
  layer.hidden = 26;
  EXPECT_EQ(reduced(layer).weights, layer.weights);
}

TEST(Reduced, KeepsRowsThatAreAllAlike) {
  FirstLayer layer = random_layer(3, 20);
  for (std::size_t l = 0; l < 20; ++l)
    layer.weights(1, l) = layer.weights(2, l) = layer.weights(0, l);
  const FirstLayer small = reduced(layer);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(inner(small.weights, i, 2), 1, 1e-14);
}

TEST(Reduced, LeavesALayerOfFewCoordinatesAsItIs) {
  const FirstLayer layer = random_layer(5, 6);
  EXPECT_EQ(reduced(layer).weights, layer.weights);
}

}  // namespace
}  // namespace esscher
