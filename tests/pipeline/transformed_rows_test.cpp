#include "pipeline/transformed_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "esscher/base/parallel.h"
#include "esscher/data/row_order.h"
#include "single_index_table.h"

namespace esscher::internal {
namespace {

/// 5000 rows of 6 columns, the last of them constant, in a training set of every second row: not
/// held in memory where \p most_held is 0.
struct Example {
  explicit Example(TransformKind kind) : features(make()), rows(2500), order(2500) {
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = 2 * i;
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    order = row_order(order, {}, 5);
    labels.resize(rows.size());
    std::iota(labels.begin(), labels.end(), 0.0);
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
  FirstLayer layer() const {
    const std::size_t k = transform.outputs();
    FirstLayer layer{k, Matrix<double>(9, k), std::vector<double>(9), Activation{}, {}};
    RandomStream(1, "test/w").fill_normal(0, layer.weights.values());
    RandomStream(1, "test/b").fill_normal(0, layer.biases);
    layer.mixture = mixture_coefficients(layer.activation, 9, 1);
    return layer;
  }

  HeldFeatures features;
  std::vector<std::uint64_t> rows;
  std::vector<std::uint64_t> order;
  std::vector<double> labels;
  FeatureTransform transform;
};

/// All samples, in batches of so many.
std::pair<Matrix<float>, std::vector<double>> samples_of(const OrderedSamples& samples,
                                                         std::size_t batch) {
  Matrix<float> x(samples.size(), samples.dim());
  std::vector<double> y(samples.size());
  for (std::size_t begin = 0; begin < x.rows(); begin += batch) {
    const std::size_t count = std::min(batch, x.rows() - begin);
    samples.fill(begin, x.view().rows_from(begin, count), std::span(y).subspan(begin, count));
  }
  return {std::move(x), std::move(y)};
}

class StreamedRows : public testing::TestWithParam<TransformKind> {};

TEST_P(StreamedRows, GiveTheSamplesOfRowsThatAreHeld) {
  const Example example(GetParam());
  const TransformedRows held = example.made(kHeldBytes);
  const TransformedRows streamed = example.made(0);
  ASSERT_TRUE(held.held());
  ASSERT_FALSE(streamed.held());
  const auto expected = samples_of({held, example.order, example.labels, 64, 1}, 64);
  for (const int threads : {1, 3}) {
    // 33 does not divide a window; 200 goes without.
    for (const std::size_t batch : {1UL, 33UL, 64UL, 200UL}) {
      const OrderedSamples samples(streamed, example.order, example.labels, batch, threads);
      EXPECT_EQ(samples_of(samples, batch), expected) << batch << " a batch, threads " << threads;
    }
  }
}

TEST_P(StreamedRows, GiveTheSameSamplesToThreadsThatAskInAnyOrder) {
  const Example example(GetParam());
  const TransformedRows streamed = example.made(0);
  const OrderedSamples samples(streamed, example.order, example.labels, 64, 3);
  const auto expected = samples_of(samples, 64);
  Matrix<float> x(samples.size(), samples.dim());
  std::vector<double> y(samples.size());
  parallel_for_chunks(ChunkGrid(samples.size(), 50), {.threads = 3, .stage = "", .callbacks = {}},
                      [&](const Chunk& chunk) {
                        samples.fill(chunk.begin, x.view().rows_from(chunk.begin, chunk.size()),
                                     std::span(y).subspan(chunk.begin, chunk.size()));
                      });
  EXPECT_EQ(std::pair(x, y), expected);
}

TEST_P(StreamedRows, GiveTheHiddenLayerOfRowsThatAreHeld) {
  const Example example(GetParam());
  const TransformedRows held = example.made(kHeldBytes);
  const TransformedRows streamed = example.made(0);
  const HiddenRows expected(held, example.layer(), 1);
  const HiddenRows found(streamed, example.layer(), 1, 0);
  Matrix<double> a(held.rows(), expected.columns());
  Matrix<double> b(held.rows(), found.columns());
  expected.fill(0, a.view());
  found.fill(0, b.view());
  // Held rows pass through float32 twice: inputs up to 5 (without a transform 5e3), weights and
  // their sums of 6 terms, a relative 6e-8 each.
  const double tolerance = GetParam() == TransformKind::none ? 2e-2 : 2e-5;
  for (std::size_t i = 0; i < a.rows(); ++i) {
    for (std::size_t j = 0; j < a.columns(); ++j) ASSERT_NEAR(a(i, j), b(i, j), tolerance);
  }
  // A row's result does not depend on the rows beside it, so neither on who holds what.
  Matrix<double> part(10, found.columns());
  HiddenRows(streamed, example.layer(), 3, kHeldBytes).fill(1000, part.view());
  for (std::size_t i = 0; i < part.rows(); ++i) {
    EXPECT_TRUE(std::ranges::equal(part.row(i), b.row(1000 + i))) << i;
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
