#include "refinement/kernel_centring.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "esscher/base/random.h"

namespace esscher::internal {
namespace {

/// C K C', (C f)_i = f_i less the weighted mean of f over its group.
TEST(CentreKernel, TakesOffGroupMeansOnBothSides) {
  constexpr std::size_t kRows = 9;
  Matrix<double> k(kRows, kRows);
  RandomStream(1, "test/kernel").fill_normal(0, k.values());
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = 0; j < i; ++j) k(i, j) = k(j, i);
  }
  const std::vector<double> weights{1, 2, 0.5, 0, 3, 0, 0, 1, 1};
  using Groups = std::vector<std::vector<std::size_t>>;
  const Groups one{{0, 1, 2, 3, 4, 5, 6, 7, 8}};
  const Groups several{{0, 4, 8}, {1, 2, 3}, {5, 6}, {7}};  // the third without weight
  for (const Groups& groups : {one, several}) {
    Matrix<double> c(kRows, kRows);
    for (const std::vector<std::size_t>& group : groups) {
      double mass = 0;
      for (const std::size_t i : group) mass += weights[i];
      for (const std::size_t i : group) {
        c(i, i) += 1;
        for (const std::size_t j : group) c(i, j) -= mass > 0 ? weights[j] / mass : 0;
      }
    }
    Matrix<double> centred(kRows, kRows, 7.0);
    centre_kernel(k.view(), groups, weights, centred.view());
    for (std::size_t i = 0; i < kRows; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) {
        double expected = 0;
        for (std::size_t p = 0; p < kRows; ++p) {
          for (std::size_t q = 0; q < kRows; ++q) expected += c(i, p) * k(p, q) * c(j, q);
        }
        if (j <= i) {
          EXPECT_NEAR(centred(i, j), expected, 1e-13);
        } else {
          EXPECT_EQ(centred(i, j), 7);
        }
      }
    }
  }
}

}  // namespace
}  // namespace esscher::internal
