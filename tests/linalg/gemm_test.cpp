// Products against plain loops in wider numbers, over shapes that meet every edge of the kernels'
// tiles, panels and blocks, on every instruction set of this machine.
//
// Tolerance: a sum of k products in any order is off by at most k eps sum |a_i b_i| (Higham,
// Accuracy and Stability of Numerical Algorithms, 3.1), eps the unit in the last place of 1; the
// scaling by `keep` and the addition to C add two more.

#include "esscher/linalg/gemm.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <omp.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "linalg/gemm_kernel.h"

namespace esscher {
namespace {

class ForcedTarget {
 public:
  explicit ForcedTarget(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
  }
  ~ForcedTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;
};

/// A matrix inside a larger one whose other entries must survive.
template <class T>
class Padded {
 public:
  static constexpr T kMark = T{12345};

  Padded(std::size_t rows, std::size_t columns, std::size_t gap, const std::string& name)
      : columns_(columns), memory_(rows + 1, columns + gap, kMark) {
    const RandomStream stream(7, name);
    for (std::size_t i = 0; i < rows; ++i) {
      stream.fill_normal(i * columns, memory_.row(i).first(columns));
    }
  }

  MatrixView<T> view() { return {memory_.data(), memory_.rows() - 1, columns_, memory_.columns()}; }
  bool marks_intact() const {
    for (std::size_t i = 0; i < memory_.rows(); ++i) {
      for (std::size_t j = i + 1 < memory_.rows() ? columns_ : 0; j < memory_.columns(); ++j) {
        if (memory_(i, j) != kMark) return false;
      }
    }
    return true;
  }

 private:
  std::size_t columns_;
  Matrix<T> memory_;
};

template <class T>
T entry(Operand as, MatrixView<const T> x, std::size_t i, std::size_t j) {
  return as == Operand::plain ? x(i, j) : x(j, i);
}

template <class T>
::testing::AssertionResult product_is_right(Operand a_as, Operand b_as, std::size_t rows,
                                            std::size_t inner, std::size_t columns, T keep,
                                            std::size_t gap) {
  const bool a_plain = a_as == Operand::plain;
  const bool b_plain = b_as == Operand::plain;
  Padded<T> a(a_plain ? rows : inner, a_plain ? inner : rows, gap, "a");
  Padded<T> b(b_plain ? inner : columns, b_plain ? columns : inner, 2 * gap, "b");
  Padded<T> c(rows, columns, gap, "c");
  Padded<T> before(rows, columns, gap, "c");
  // What is not kept may be anything.
  if (keep == 0 && rows > 0 && columns > 0) {
    c.view()(0, 0) = std::numeric_limits<T>::quiet_NaN();
    before.view()(0, 0) = 0;
  }
  gemm(a_as, MatrixView<const T>(a.view()), b_as, MatrixView<const T>(b.view()), keep, c.view());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      long double sum = static_cast<long double>(keep) * before.view()(i, j);
      long double sizes = std::abs(sum);
      for (std::size_t k = 0; k < inner; ++k) {
        const long double term = static_cast<long double>(entry<T>(a_as, a.view(), i, k)) *
                                 entry<T>(b_as, b.view(), k, j);
        sum += term;
        sizes += std::abs(term);
      }
      const long double tolerance =
          static_cast<long double>(inner + 2) * std::numeric_limits<T>::epsilon() * sizes;
      if (!(std::abs(c.view()(i, j) - sum) <= tolerance)) {
        return ::testing::AssertionFailure()
               << rows << " x " << inner << " x " << columns << " keep " << keep << ": entry (" << i
               << ", " << j << ") is " << c.view()(i, j) << ", not " << static_cast<double>(sum);
      }
    }
  }
  if (!c.marks_intact()) return ::testing::AssertionFailure() << "wrote outside of C";
  return ::testing::AssertionSuccess();
}

constexpr Operand kBoth[] = {Operand::plain, Operand::transposed};

// Around the tiles of all instruction sets (4 or 8 rows, 6 to 24 columns), the block of 96 rows,
// and the depth of 256.
struct Sizes {
  std::size_t rows, inner, columns;
};
constexpr Sizes kEdges[] = {{1, 1, 1},   {1, 7, 1},    {8, 5, 24},    {9, 5, 25},   {7, 300, 23},
                            {95, 3, 49}, {97, 257, 5}, {193, 13, 31}, {3, 513, 200}};

template <class T>
void expect_products_at_edges() {
  for (const Sizes& sizes : kEdges) {
    for (const Operand a_as : kBoth) {
      for (const Operand b_as : kBoth) {
        for (const T keep : {T{0}, T{1}, T{-0.5}}) {
          EXPECT_TRUE(product_is_right<T>(a_as, b_as, sizes.rows, sizes.inner, sizes.columns, keep,
                                          sizes.rows % 3));
        }
      }
    }
  }
}

TEST(Gemm, SinglePrecisionProductsAreSumsOfProducts) { expect_products_at_edges<float>(); }

TEST(Gemm, DoublePrecisionProductsAreSumsOfProductsOnEveryInstructionSet) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const ForcedTarget forced(target);
    SCOPED_TRACE(hwy::TargetName(target));
    expect_products_at_edges<double>();
  }
}

TEST(Gemm, WideProductsCrossTheBlockOfColumns) {
  EXPECT_TRUE(product_is_right<double>(Operand::plain, Operand::plain, 3, 5, 2500, 1.0, 1));
}

RC_GTEST_PROP(Gemm, ProductsOfAnyShapeAreSumsOfProducts, ()) {
  const auto size = [](int most) { return static_cast<std::size_t>(*rc::gen::inRange(0, most)); };
  const std::size_t rows = size(60);
  const std::size_t inner = size(60);
  const std::size_t columns = size(60);
  const Operand a_as = *rc::gen::element(Operand::plain, Operand::transposed);
  const Operand b_as = *rc::gen::element(Operand::plain, Operand::transposed);
  const auto keep = *rc::gen::element(0, 1, 2);
  const std::size_t gap = size(5);
  RC_ASSERT(product_is_right<double>(a_as, b_as, rows, inner, columns, keep, gap));
  RC_ASSERT(
      product_is_right<float>(a_as, b_as, rows, inner, columns, static_cast<float>(keep), gap));
}

// What lets rows be made in blocks of any size: see NetworkRows.
TEST(Gemm, RowsInDoublePrecisionHaveTheSameBitsInWhateverBlockTheyAreMade) {
  Padded<double> a(130, 300, 1, "a");
  Padded<double> b(300, 41, 0, "b");
  Matrix<double> whole(130, 41);
  gemm(Operand::plain, a.view(), Operand::plain, b.view(), 0.0, whole.view());
  for (const std::size_t block : {1, 7, 24, 100}) {
    Matrix<double> parts(130, 41);
    for (std::size_t i = 0; i < 130; i += block) {
      const std::size_t count = std::min<std::size_t>(block, 130 - i);
      gemm(Operand::plain, a.view().rows_from(i, count), Operand::plain, b.view(), 0.0,
           parts.view().rows_from(i, count));
    }
    EXPECT_EQ(parts, whole) << block;
  }
}

TEST(Gemm, LeavesTheNumberOfThreadsAsItWas) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(3);
  EXPECT_TRUE(product_is_right<float>(Operand::plain, Operand::plain, 9, 9, 9, 0.0F, 0));
  EXPECT_EQ(omp_get_max_threads(), 3);
  omp_set_num_threads(before);
}

TEST(Gemm, RefusesShapesThatDoNotFit) {
  Matrix<double> a(3, 4);
  Matrix<double> b(4, 5);
  Matrix<double> c(3, 5);
  EXPECT_NO_THROW(gemm(Operand::plain, a.view(), Operand::plain, b.view(), 0.0, c.view()));
  EXPECT_THROW(gemm(Operand::transposed, a.view(), Operand::plain, b.view(), 0.0, c.view()),
               InternalError);
  EXPECT_THROW(gemm(Operand::plain, a.view(), Operand::transposed, b.view(), 0.0, c.view()),
               InternalError);
  EXPECT_THROW(gemm(Operand::plain, a.view(), Operand::plain, b.view(), 0.0, a.view()),
               InternalError);
  EXPECT_THROW(add_weighted_gram(a.view(), {}, b.view()), InternalError);
  Matrix<double> gram(4, 4);
  EXPECT_THROW(add_weighted_gram(a.view(), std::vector<double>(2), gram.view()), InternalError);
  EXPECT_THROW(symmetrise_from_lower(c.view()), InternalError);
}

TEST(WeightedGram, StripsMakeUpTheWhole) {
  Matrix<double> x(500, 101);
  RandomStream(3, "rows").fill_normal(0, x.values());
  std::vector<double> weights(500);
  RandomStream(3, "weights").fill_uniform(0, weights);
  Matrix<double> whole(101, 101, 0.5);
  Matrix<double> strips(101, 101, 0.5);
  add_weighted_gram(x.view(), weights, whole.view());
  for (const std::size_t first : {0U, 40U, 80U}) {
    const std::size_t count = std::min<std::size_t>(40, 101 - first);
    add_weighted_gram_strip(x.view(), weights, first, count, strips.view());
  }
  for (std::size_t i = 0; i < 101; ++i) {
    for (std::size_t j = 0; j < 101; ++j) EXPECT_NEAR(strips(i, j), whole(i, j), 1e-11);
  }
  EXPECT_THROW(add_weighted_gram_strip(x.view(), weights, 80, 22, strips.view()), InternalError);
}

::testing::AssertionResult gram_is_right(std::size_t rows, std::size_t columns, bool weighted,
                                         std::size_t gap) {
  Padded<double> x(rows, columns, gap, "rows");
  Padded<double> gram(columns, columns, gap, "gram");
  Padded<double> before(columns, columns, gap, "gram");
  std::vector<double> weights(weighted ? rows : 0);
  RandomStream(7, "weights").fill_uniform(0, weights);
  add_weighted_gram(x.view(), weights, gram.view());
  for (std::size_t i = 0; i < columns; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      long double sum = before.view()(i, j);
      long double sizes = std::abs(sum);
      for (std::size_t k = 0; k < rows && j <= i; ++k) {
        const long double term =
            static_cast<long double>(weighted ? weights[k] : 1.0) * x.view()(k, i) * x.view()(k, j);
        sum += term;
        sizes += std::abs(term);
      }
      // One more rounding a term for the weight; none at all above the diagonal.
      const long double tolerance = j > i ? 0
                                          : static_cast<long double>(rows + 2) *
                                                std::numeric_limits<double>::epsilon() * sizes;
      if (!(std::abs(gram.view()(i, j) - sum) <= tolerance)) {
        return ::testing::AssertionFailure() << rows << " x " << columns << ": entry (" << i << ", "
                                             << j << ") is " << gram.view()(i, j);
      }
    }
  }
  if (!gram.marks_intact()) return ::testing::AssertionFailure() << "wrote outside of the matrix";
  return ::testing::AssertionSuccess();
}

TEST(WeightedGram, IsTheSumOfOuterProductsAndLeavesTheUpperTriangleOnEveryInstructionSet) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const ForcedTarget forced(target);
    SCOPED_TRACE(hwy::TargetName(target));
    for (const std::size_t columns : {1, 2, 7, 23, 24, 25, 47, 64, 97, 121, 200}) {
      EXPECT_TRUE(gram_is_right(11, columns, true, columns % 2));
      EXPECT_TRUE(gram_is_right(columns == 25 ? 520 : 3, columns, false, 3));
    }
  }
}

// A product and up to 256 of their sum are rounded to single precision, the weight and the weighted
// factor, too; what is added up in double adds nothing.
TEST(WeightedGram, StripsInSinglePrecisionAreSumsOfOuterProductsOnEveryInstructionSet) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const ForcedTarget forced(target);
    SCOPED_TRACE(hwy::TargetName(target));
    for (const auto& [rows, columns] :
         {std::pair<std::size_t, std::size_t>{3, 1}, {11, 25}, {520, 49}, {257, 121}, {0, 30}}) {
      Padded<float> x(rows, columns, 3, "rows");
      Matrix<double> gram(columns, columns, 0.5);
      std::vector<double> weights(rows);
      RandomStream(7, "weights").fill_uniform(0, weights);
      if (rows > 5) weights[5] = 1e-31;  // counts as 0
      const std::size_t cut = columns / 3;
      add_weighted_gram_strip(MatrixView<const float>(x.view()), weights, 0, cut, gram.view());
      add_weighted_gram_strip(MatrixView<const float>(x.view()), weights, cut, columns - cut,
                              gram.view());
      for (std::size_t i = 0; i < columns; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
          long double sum = 0.5L;
          long double sizes = 0;
          for (std::size_t k = 0; k < rows && j <= i; ++k) {
            const long double term =
                static_cast<long double>(weights[k]) * x.view()(k, i) * x.view()(k, j);
            sum += term;
            sizes += std::abs(term);
          }
          const long double tolerance = 258 * 0x1p-24L * sizes + 1e-30L;
          EXPECT_NEAR(static_cast<double>(gram(i, j) - sum), 0, static_cast<double>(tolerance))
              << rows << " x " << columns << ": " << i << ", " << j;
        }
      }
      EXPECT_TRUE(x.marks_intact());
    }
  }
}

TEST(WeightedGram, OfNoRowsOrNoColumnsChangesNothing) {
  EXPECT_TRUE(gram_is_right(0, 30, true, 1));
  EXPECT_TRUE(gram_is_right(0, 30, false, 1));
  EXPECT_TRUE(gram_is_right(5, 0, true, 0));
}

TEST(WeightedGram, CrossesTheBlockOfColumns) { EXPECT_TRUE(gram_is_right(2, 2000, true, 0)); }

TEST(WeightedGram, SymmetriseCopiesTheLowerTriangleUp) {
  Matrix<double> square(3, 3);
  for (std::size_t i = 0; i < 9; ++i) square.values()[i] = static_cast<double>(i);
  symmetrise_from_lower(square.view());
  EXPECT_EQ(std::vector<double>(square.values().begin(), square.values().end()),
            (std::vector<double>{0, 3, 6, 3, 4, 7, 6, 7, 8}));
}

}  // namespace
}  // namespace esscher
