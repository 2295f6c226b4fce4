// Factorisations: their products give the matrix back. The residual of a Householder or Cholesky
// factorisation is below c n eps |A| with c of a few units (Higham, Accuracy and Stability,
// chapters 10 and 19); the tests allow 10 n eps of the largest entry's bound |A|_max n.

#include "esscher/linalg/factor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/linalg/gemm.h"

namespace esscher {
namespace {

constexpr double kFactorEpsilon = std::numeric_limits<double>::epsilon();

double tolerance(std::size_t n) { return 10 * kFactorEpsilon * static_cast<double>(n * n); }

Matrix<double> normals(std::size_t rows, std::size_t columns, const char* name = "a") {
  Matrix<double> a(rows, columns);
  RandomStream(3, name).fill_normal(0, a.values());
  return a;
}

Matrix<double> product(Operand a_as, const Matrix<double>& a, Operand b_as,
                       const Matrix<double>& b) {
  Matrix<double> c(a_as == Operand::plain ? a.rows() : a.columns(),
                   b_as == Operand::plain ? b.columns() : b.rows());
  gemm(a_as, a.view(), b_as, b.view(), 0.0, c.view());
  return c;
}

double largest_difference(const Matrix<double>& a, const Matrix<double>& b) {
  EXPECT_EQ(a.rows(), b.rows());
  EXPECT_EQ(a.columns(), b.columns());
  double largest = 0;
  for (std::size_t i = 0; i < a.values().size(); ++i) {
    largest = std::max(largest, std::abs(a.values()[i] - b.values()[i]));
  }
  return largest;
}

Matrix<double> identity(std::size_t n) {
  Matrix<double> one(n, n);
  for (std::size_t i = 0; i < n; ++i) one(i, i) = 1;
  return one;
}

/// Entries of unit size, eigenvalues in about [0.2, 3].
Matrix<double> positive_definite(std::size_t n) {
  Matrix<double> a =
      product(Operand::transposed, normals(3 * n, n), Operand::plain, normals(3 * n, n));
  for (double& value : a.values()) value /= static_cast<double>(3 * n);
  return a;
}

// Around the sizes at which blocked algorithms change their ways.
constexpr std::size_t kSizes[] = {1, 2, 3, 7, 8, 17, 31, 32, 33, 63, 64, 65, 100, 129, 193, 257};

TEST(Cholesky, GivesTheMatrixBackAndReadsOnlyTheLowerTriangle) {
  for (const std::size_t n : kSizes) {
    const Matrix<double> a = positive_definite(n);
    Matrix<double> l = a;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) l(i, j) = std::nan("");
    }
    ASSERT_TRUE(cholesky(l.view())) << n;
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_GT(l(i, i), 0);
      for (std::size_t j = i + 1; j < n; ++j) EXPECT_EQ(l(i, j), 0);
    }
    EXPECT_LT(largest_difference(product(Operand::plain, l, Operand::transposed, l), a),
              tolerance(n))
        << n;
  }
}

TEST(Cholesky, WorksInsideALargerMatrix) {
  constexpr std::size_t kOrder = 70;
  const Matrix<double> a = positive_definite(kOrder);
  Matrix<double> alone = a;
  ASSERT_TRUE(cholesky(alone.view()));
  Matrix<double> larger(kOrder, kOrder + 3, 5.0);
  for (std::size_t i = 0; i < kOrder; ++i) {
    for (std::size_t j = 0; j < kOrder; ++j) larger(i, j) = a(i, j);
  }
  ASSERT_TRUE(cholesky({larger.data(), kOrder, kOrder, kOrder + 3}));
  for (std::size_t i = 0; i < kOrder; ++i) {
    for (std::size_t j = 0; j < kOrder; ++j) ASSERT_EQ(larger(i, j), alone(i, j));
    for (std::size_t j = kOrder; j < kOrder + 3; ++j) ASSERT_EQ(larger(i, j), 5.0);
  }
}

TEST(Cholesky, RefusesWhatIsNotPositiveDefinite) {
  for (const std::size_t n : kSizes) {
    for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
      for (const double bad : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
        Matrix<double> a = positive_definite(n);
        a(at, at) = bad;
        EXPECT_FALSE(cholesky(a.view())) << n << " " << at << " " << bad;
      }
    }
  }
  Matrix<double> zero(4, 4);
  EXPECT_FALSE(cholesky(zero.view()));
  Matrix<double> empty;
  EXPECT_TRUE(cholesky(empty.view()));
}

TEST(Cholesky, RefusesNaNBesideTheDiagonal) {
  for (const std::size_t n : {2, 33, 65, 129}) {
    Matrix<double> a = positive_definite(n);
    a(n - 1, 0) = std::nan("");
    EXPECT_FALSE(cholesky(a.view())) << n;
  }
}

TEST(TriangularSolutions, AreUndoneByTheFactor) {
  for (const std::size_t n : kSizes) {
    for (const std::size_t columns : {1, 3, 40}) {
      Matrix<double> l = positive_definite(n);
      ASSERT_TRUE(cholesky(l.view()));
      const Matrix<double> right = normals(n, columns, "right");
      Matrix<double> x = right;
      solve_lower(l.view(), x.view());
      // Solutions are some 1 / sqrt(0.2) times as large as the right-hand side.
      EXPECT_LT(largest_difference(product(Operand::plain, l, Operand::plain, x), right),
                10 * tolerance(n));
      x = right;
      solve_lower_transposed(l.view(), x.view());
      EXPECT_LT(largest_difference(product(Operand::transposed, l, Operand::plain, x), right),
                10 * tolerance(n));
    }
  }
}

TEST(SymmetricEigen, GivesTheMatrixBackFromOrthogonalVectorsInAscendingOrder) {
  for (const std::size_t n : {1, 2, 5, 33, 100}) {
    Matrix<double> a = normals(n, n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 1; j < n; ++j) a(i, j) = std::nan("");
    }
    const SymmetricEigen eigen = symmetric_eigen(a.view());
    EXPECT_TRUE(std::is_sorted(eigen.values.begin(), eigen.values.end()));
    EXPECT_LT(largest_difference(
                  product(Operand::transposed, eigen.vectors, Operand::plain, eigen.vectors),
                  identity(n)),
              tolerance(n));
    Matrix<double> scaled = eigen.vectors;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) scaled(i, j) *= eigen.values[j];
    }
    symmetrise_from_lower(a.view());
    EXPECT_LT(
        largest_difference(product(Operand::plain, scaled, Operand::transposed, eigen.vectors), a),
        tolerance(n));
  }
}

TEST(SymmetricEigen, OfNothingIsNothingAndOfNaNAnError) {
  EXPECT_TRUE(symmetric_eigen(Matrix<double>().view()).values.empty());
  Matrix<double> a(3, 3);
  a(2, 1) = std::nan("");
  EXPECT_THROW(symmetric_eigen(a.view()), InternalError);
}

TEST(LqFactor, GivesTheRowsBackWithANonNegativeDiagonal) {
  struct Shape {
    std::size_t rows, columns;
  };
  for (const Shape shape : {Shape{1, 1}, {1, 5}, {5, 1}, {20, 20}, {20, 50}, {50, 20}, {65, 300}}) {
    const Matrix<double> a = normals(shape.rows, shape.columns);
    Matrix<double> q;
    const Matrix<double> l = lq_factor(a.view(), &q);
    const std::size_t k = std::min(shape.rows, shape.columns);
    ASSERT_EQ(l.rows(), shape.rows);
    ASSERT_EQ(l.columns(), k);
    for (std::size_t i = 0; i < k; ++i) {
      EXPECT_GE(l(i, i), 0);
      for (std::size_t j = i + 1; j < k; ++j) EXPECT_EQ(l(i, j), 0);
    }
    const std::size_t n = std::max(shape.rows, shape.columns);
    EXPECT_LT(largest_difference(product(Operand::plain, l, Operand::plain, q), a), tolerance(n));
    EXPECT_LT(largest_difference(product(Operand::plain, q, Operand::transposed, q), identity(k)),
              tolerance(n));
    EXPECT_EQ(lq_factor(a.view()), l);
  }
}

TEST(LqFactor, OfEqualRowsIsExact) {
  const Matrix<double> one = normals(1, 10);
  Matrix<double> a(3, 10);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 10; ++j) a(i, j) = one(0, j);
  }
  const Matrix<double> l = lq_factor(a.view());
  EXPECT_NEAR(l(1, 0), l(0, 0), tolerance(10));
  EXPECT_NEAR(l(1, 1), 0, tolerance(10));
  EXPECT_NEAR(l(2, 2), 0, tolerance(10));
}

TEST(Factor, RefusesShapesThatDoNotFit) {
  Matrix<double> a(3, 4);
  Matrix<double> l = identity(3);
  Matrix<double> x(4, 1);
  EXPECT_THROW(cholesky(a.view()), InternalError);
  EXPECT_THROW(symmetric_eigen(a.view()), InternalError);
  EXPECT_THROW(solve_lower(l.view(), x.view()), InternalError);
  EXPECT_THROW(solve_lower_transposed(a.view(), x.view()), InternalError);
}

}  // namespace
}  // namespace esscher
