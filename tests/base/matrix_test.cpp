#include "esscher/base/matrix.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <new>
#include <utility>
#include <vector>

#include "../support/sanitized.h"

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

// Large blocks are used again.
TEST(Matrix, BeginsAtZeroBehindOneThatDidNot) {
  for (int i = 0; i < 3; ++i) {
    Matrix<double> matrix(3000, 700);
    double sum = 0;
    for (const double value : matrix.values()) sum += std::abs(value);
    ASSERT_EQ(sum, 0);
    std::ranges::fill(matrix.values(), 7.0);
  }
}

TEST(Matrix, LargeOnesThatLiveAtOnceShareNothing) {
  std::vector<Matrix<double>> all;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 4; ++i) all.emplace_back(3000 + 100 * i, 700, i);
    for (int i = 0; i < 4; ++i) {
      const Matrix<double>& matrix = all[static_cast<std::size_t>(i)];
      EXPECT_EQ(std::ranges::count(matrix.values(), i), std::ssize(matrix.values()));
    }
    all.clear();
  }
}

#if defined(__linux__) && !defined(ESSCHER_TEST_SANITIZED)
TEST(Matrix, BlocksThatWaitForOthersOfTheirSizeAreNotInTheWay) {
  constexpr std::size_t kMebibyte = std::size_t{1} << 20;
  { const Matrix<char> kept(60, kMebibyte); }
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  ASSERT_GT(pages, 0U);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  rlimit small = before;
  small.rlim_cur = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + 30 * kMebibyte;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &small), 0);
  EXPECT_NO_THROW(Matrix<char>(54, kMebibyte));
  EXPECT_THROW(Matrix<char>(300, kMebibyte), std::bad_alloc);
  setrlimit(RLIMIT_AS, &before);
}
#endif

TEST(Matrix, UnsetHasItsShape) {
  for (const std::size_t rows : {3U, 3000U}) {
    auto matrix = Matrix<double>::unset(rows, 700);
    EXPECT_EQ(matrix.rows(), rows);
    EXPECT_EQ(matrix.values().size(), rows * 700);
    std::ranges::fill(matrix.values(), 2.0);
    EXPECT_EQ(matrix, Matrix<double>(rows, 700, 2.0));
  }
}

}  // namespace
}  // namespace esscher
