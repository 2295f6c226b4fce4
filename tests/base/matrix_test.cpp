#include "esscher/base/matrix.h"

#include <gtest/gtest.h>

#include <utility>

namespace esscher {
namespace {

TEST(Matrix, IsRowMajor) {
  Matrix<int> matrix(2, 3);
  for (std::size_t i = 0; i < 6; ++i) matrix.values()[i] = static_cast<int>(i);
  EXPECT_EQ(matrix(0, 2), 2);
  EXPECT_EQ(matrix(1, 0), 3);
  EXPECT_EQ(matrix.row(1)[2], 5);
}

TEST(MatrixView, HonoursItsStride) {
  Matrix<int> matrix(3, 4);
  for (std::size_t i = 0; i < 12; ++i) matrix.values()[i] = static_cast<int>(i);
  const MatrixView<int> inner{matrix.data() + 1, 3, 2, 4};
  EXPECT_EQ(inner(2, 1), 10);
  EXPECT_EQ(inner.row(1).size(), 2U);
  const MatrixView<const int> tail = inner.rows_from(1, 2);
  EXPECT_EQ(tail.rows, 2U);
  EXPECT_EQ(tail(0, 0), 5);
}

TEST(Matrix, BeginsAtZeroWhateverItsSize) {
  for (const std::size_t rows : {3U, 3000U}) {  // 3000 x 700 doubles lie in large pages
    Matrix<double> matrix(rows, 700);
    double sum = 0;
    for (const double value : matrix.values()) sum += value;
    EXPECT_EQ(sum, 0);
    matrix(rows - 1, 699) = 5;
    const Matrix<double> copy = matrix;
    const Matrix<double> moved = std::move(matrix);
    EXPECT_EQ(copy, moved);
  }
}

}  // namespace
}  // namespace esscher
