#include "pipeline/transformed_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "single_index_table.h"

namespace esscher::internal {
namespace {

/// 5000 rows of 6 columns, the last of them constant, in a training set of every second row: not
/// held in memory where \p most_held is 0.
struct Example {
  explicit Example(TransformKind kind) : features(make()), rows(2500) {
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = 2 * i;
    TransformOptions options;
    options.kind = kind;
    transform = fit_transform(features, rows, {}, options);
  }
  static HeldFeatures make() {
    Matrix<double> x = testing_support::SingleIndexTable::make(5000, 6, 3).values();
    for (std::size_t i = 0; i < x.rows(); ++i) {
      for (std::size_t j = 0; j < 6; ++j) x(i, j) = 1e3 * static_cast<double>(j) + 7 * x(i, j);
      x(i, 1) += x(i, 0);
      x(i, 5) = 4;
    }
    return HeldFeatures(std::move(x));
  }
  TransformedRows made(std::uint64_t most_held, int threads = 1) const {
    return {features, rows, transform, threads, most_held};
  }
  HeldFeatures features;
  std::vector<std::uint64_t> rows;
  FeatureTransform transform;
};

class StreamedRows : public testing::TestWithParam<TransformKind> {};

TEST_P(StreamedRows, AreTheRowsThatAreHeld) {
  const Example example(GetParam());
  const TransformedRows held = example.made(kHeldBytes, 3);
  const TransformedRows streamed = example.made(0);
  ASSERT_TRUE(held.held());
  ASSERT_FALSE(streamed.held());
  Matrix<float> a(2500, held.columns());
  Matrix<float> b(2500, held.columns());
  held.fill(0, a.view());
  // In pieces of 33, the last of which is shorter.
  for (std::size_t first = 0; first < b.rows(); first += 33) {
    streamed.fill(first, b.view().rows_from(first, std::min<std::size_t>(33, b.rows() - first)));
  }
  EXPECT_EQ(a, b);
  const std::vector<std::uint64_t> some{2499, 7, 7, 1200};
  Matrix<float> c(some.size(), held.columns());
  streamed.gather(some, c.view());
  for (std::size_t i = 0; i < some.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(c.row(i), a.row(some[i]))) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Transforms, StreamedRows,
                         testing::Values(TransformKind::none, TransformKind::standardise,
                                         TransformKind::whiten),
                         [](const auto& which) {
                           return std::string(transform_name(which.param));
                         });

}  // namespace
}  // namespace esscher::internal
