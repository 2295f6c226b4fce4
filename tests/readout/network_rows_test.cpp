#include "esscher/readout/network_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "ridge_reference.h"

namespace esscher {
namespace {

/// m unit rows in k coordinates.
FirstLayer layer(std::size_t m, std::size_t k, const Activation& activation = {}) {
  FirstLayer made{1000, reference::normals(m, k, "w"), std::vector<double>(m), activation, {}};
  for (std::size_t j = 0; j < m; ++j) {
    double square = 0;
    for (const double w : made.weights.row(j)) square += w * w;
    for (double& w : made.weights.row(j)) w /= std::sqrt(square);
    made.biases[j] = static_cast<double>(j) / static_cast<double>(m) - 0.5;
  }
  return made;
}

Matrix<double> all(const DesignRows& rows, std::size_t block) {
  Matrix<double> out(static_cast<std::size_t>(rows.rows()), rows.columns());
  for (std::size_t i = 0; i < out.rows(); i += block) {
    rows.fill(i, out.view().rows_from(i, std::min(block, out.rows() - i)));
  }
  return out;
}

TEST(NetworkRows, HaveTheSameBitsHeldOrMadeAnewInBlocksOfAnySizeOnAnyThreads) {
  for (const char* name : {"relu", "tanh", "hermite:3"}) {
    const FirstLayer first = layer(37, 20, parse_activation(name));
    const NetworkRows held(first, 700, 5, "readout", std::uint64_t{1} << 31, 1);
    const Matrix<double> expected = all(held, 700);
    const NetworkRows two_threads(first, 700, 5, "readout", std::uint64_t{1} << 31, 2);
    EXPECT_EQ(all(two_threads, 700), expected);
    const NetworkRows made(first, 700, 5, "readout", 0);
    for (const std::size_t block : {1, 3, 64, 512}) EXPECT_EQ(all(made, block), expected);
    const NetworkRows fewer(first, 100, 5, "readout", 0);
    const Matrix<double> beginning = all(fewer, 100);
    for (std::size_t i = 0; i < 100; ++i) {
      for (std::size_t j = 0; j < 37; ++j) ASSERT_EQ(beginning(i, j), expected(i, j));
    }
  }
}

TEST(NetworkRows, DifferBySeedAndStage) {
  const FirstLayer first = layer(3, 4);
  const Matrix<double> a = all(NetworkRows(first, 5, 1, "readout"), 5);
  EXPECT_NE(a, all(NetworkRows(first, 5, 2, "readout"), 5));
  EXPECT_NE(a, all(NetworkRows(first, 5, 1, "policy"), 5));
}

TEST(NetworkRows, OfNeuronsAlongThetaAreFunctionsOfTheDirection) {
  FirstLayer first = layer(2, 1);
  first.weights(0, 0) = 1;
  first.weights(1, 0) = -1;
  const NetworkRows rows(first, 300, 9, "readout");
  const Matrix<double> features = all(rows, 300);
  const std::vector<double> z = rows.directions();
  for (std::size_t i = 0; i < 300; ++i) {
    EXPECT_EQ(features(i, 0), std::max(0.0, z[i] + first.biases[0]));
    EXPECT_EQ(features(i, 1), std::max(0.0, -z[i] + first.biases[1]));
  }
  // The same directions whatever the layer.
  EXPECT_EQ(NetworkRows(layer(5, 9), 300, 9, "readout").directions(), z);
}

// With h_1(u) = u the features are <w_j, x> + b_j: their covariances with each other are the Gram
// matrix of the neurons, those with z their overlaps, in 9 coordinates that stand for 50. A product
// of two standard normals has a deviation of at most sqrt 2; 5 deviations for 8 * 8 + 8 of them
// have a false alarm rate of 72 * 6e-7 = 4e-5, and the seed is fixed.
TEST(NetworkRows, FollowTheLawOfTheLayer) {
  constexpr std::size_t kCount = 40000;
  const FirstLayer first = layer(8, 50, parse_activation("hermite:1"));
  const NetworkRows rows(first, kCount, 3, "readout", 0);
  const Matrix<double> features = all(rows, 1000);
  const std::vector<double> z = rows.directions();
  const double tolerance = 5 * std::sqrt(2.0 / kCount);
  for (std::size_t j = 0; j < 8; ++j) {
    double overlap = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      overlap += z[i] * (features(i, j) - first.biases[j]) / kCount;
    }
    EXPECT_NEAR(overlap, first.weights(j, 0), tolerance);
    for (std::size_t l = 0; l < 8; ++l) {
      double covariance = 0;
      for (std::size_t i = 0; i < kCount; ++i) {
        covariance +=
            (features(i, j) - first.biases[j]) * (features(i, l) - first.biases[l]) / kCount;
      }
      double gram = 0;
      for (std::size_t k = 0; k < 50; ++k) gram += first.weights(j, k) * first.weights(l, k);
      EXPECT_NEAR(covariance, gram, tolerance);
    }
  }
}

// Of a layer of two hidden directions and hermite:1, a row's features less their biases are
// <w_j, x>; neurons along the hidden directions give these themselves.
TEST(NetworkRows, TellWhatLiesAlongSeveralHiddenDirections) {
  FirstLayer first = layer(3, 6, parse_activation("hermite:1"));
  first.hidden = 2;
  for (std::size_t h = 0; h < 2; ++h) {
    for (std::size_t k = 0; k < 6; ++k) first.weights(h, k) = h == k ? 1 : 0;
  }
  const NetworkRows rows(first, 500, 9, "readout", 0);
  const Matrix<double> features = all(rows, 100);
  const std::vector<double> z = rows.directions();
  ASSERT_EQ(z.size(), 1000U);
  double product = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    for (std::size_t h = 0; h < 2; ++h) {
      EXPECT_NEAR(features(i, h) - first.biases[h], z[2 * i + h], 1e-15);  // adding the bias rounds
    }
    product += z[2 * i] * z[2 * i + 1];
  }
  // Independent: 5 deviations.
  EXPECT_LT(std::abs(product), 5 * std::sqrt(500.0));
  // The first is what a layer of one hidden direction has.
  const std::vector<double> one = NetworkRows(layer(3, 6), 500, 9, "readout").directions();
  for (std::size_t i = 0; i < 500; ++i) EXPECT_EQ(z[2 * i], one[i]);
}

TEST(NetworkRows, RefuseNoRowsAndRowsBeyondTheLast) {
  const FirstLayer first = layer(2, 3);
  try {
    NetworkRows(first, 0, 1, "readout");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "rows = 0: must be at least 1");
  }
  const NetworkRows rows(first, 5, 1, "readout");
  Matrix<double> out(3, 2);
  EXPECT_NO_THROW(rows.fill(2, out.view()));
  EXPECT_THROW(rows.fill(3, out.view()), InternalError);
  EXPECT_THROW(HeldRows(out.view()).fill(1, out.view()), InternalError);
}

}  // namespace
}  // namespace esscher
