#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "../base/random_statistics.h"
#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/features/feature_engine.h"
#include "esscher/features/spectral.h"

namespace esscher {
namespace {

FeatureOptions small_options() {
  FeatureOptions options{{parse_link("damped_hermite:3"), parse_noise("gaussian:0.3")}};
  options.dim = 40;
  options.width = 9;
  options.activation = parse_activation("tanh");
  options.label.log_scale = 0.2;
  options.engine = Engine::direct;
  options.batch = 32;
  options.step_size = 0.3;
  options.samples = 1u << 20;
  options.seed = 5;
  options.threads = 1;
  return options;
}

/// The step as it is defined, in plain loops and double precision.
Matrix<double> plain_run(const FeatureOptions& options, const SampleSource& source,
                         Matrix<double> rows, std::uint64_t steps) {
  const Neurons neurons = draw_neurons(options);
  const LayerActivation activation(options.activation, neurons.biases, neurons.mixture);
  const std::size_t m = options.width;
  const std::size_t d = options.dim;
  const std::uint64_t first = options.start == Start::spectral ? options.spectral_samples : 0;
  for (std::uint64_t step = 0; step < steps; ++step) {
    Matrix<double> gradient(m, d);
    for (std::uint64_t i = 0; i < options.batch; ++i) {
      std::uint64_t number =
          (options.schedule == Schedule::reuse ? step / 2 : step) * options.batch + i;
      if (options.schedule == Schedule::multi_pass) number %= options.samples - first;
      Matrix<float> x(1, d);
      double y = 0;
      source.fill(first + number, x.view(), std::span(&y, 1));
      std::vector<double> u(m);
      for (std::size_t j = 0; j < m; ++j) {
        for (std::size_t k = 0; k < d; ++k) u[j] += rows(j, k) * static_cast<double>(x(0, k));
      }
      std::vector<double> slope = u;
      activation.slopes({slope.data(), 1, m, m});
      for (std::size_t j = 0; j < m; ++j) {
        const double c =
            neurons.signs[j] * options.label(y) * slope[j] / static_cast<double>(options.batch);
        for (std::size_t k = 0; k < d; ++k) {
          gradient(j, k) += c * (static_cast<double>(x(0, k)) - u[j] * rows(j, k));
        }
      }
    }
    for (std::size_t j = 0; j < m; ++j) {
      double squares = 0;
      for (std::size_t k = 0; k < d; ++k) {
        rows(j, k) += options.step_size * gradient(j, k);
        squares += rows(j, k) * rows(j, k);
      }
      for (double& value : rows.row(j)) value /= std::sqrt(squares);
    }
  }
  return rows;
}

double greatest_difference(const Matrix<double>& a, const Matrix<double>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.values().size(); ++i) {
    worst = std::max(worst, std::abs(a.values()[i] - b.values()[i]));
  }
  return worst;
}

/// Difference between \p steps of the engine and of the plain loops.
double error_of(const FeatureOptions& options, std::uint64_t steps) {
  const auto engine = make_direct_engine(options);
  const SingleIndexSamples source(options.model, options.dim, options.seed, "stage1");
  const Matrix<double> expected = plain_run(options, source, engine->layer().weights, steps);
  engine->advance(steps);
  return greatest_difference(engine->layer().weights, expected);
}

// Inner products and gradients in single precision err by some 6e-8 times the size of their terms,
// which is below 10: a step leaves eta * 1e-6 at most, and later steps stretch that by less than
// 1 + eta |c| |x|, about 2 in 4 steps.
TEST(DirectEngine, StepsAsDefined) {
  for (const char* activation : {"tanh", "erf", "softplus", "hermite:2", "mixture:3"}) {
    for (const std::uint64_t dim : {2u, 3u, 40u, 1100u}) {
      // Activations see inner products alone: one of them takes the long rows, most of the time.
      if (dim > 1000 && std::string_view(activation) != "tanh") continue;
      FeatureOptions options = small_options();
      options.activation = parse_activation(activation);
      options.dim = dim;
      // Some chunks of 128 to 256 samples.
      options.batch = dim < 40 ? 2500 : 300;
      SCOPED_TRACE(std::string(activation) + " at d = " + std::to_string(dim));
      EXPECT_LT(error_of(options, 4), 4 * 0.3 * 2e-6);
    }
  }
}

// Four chunks of two blocks each: 128 samples of d = 9000.
TEST(DirectEngine, ChunksMayTakeSeveralBlocks) {
  FeatureOptions options = small_options();
  options.dim = 9000;
  options.width = 2;
  options.batch = 1024;
  EXPECT_LT(error_of(options, 2), 2 * 0.3 * 2e-6);
}

TEST(DirectEngine, EveryScheduleSeesItsSamples) {
  FeatureOptions options = small_options();
  options.schedule = Schedule::reuse;
  EXPECT_LT(error_of(options, 5), 1e-5);
  options.schedule = Schedule::multi_pass;
  options.samples = 70;  // batches of 32 straddle the end of an epoch
  options.epochs = 4;
  EXPECT_LT(error_of(options, 8), 1e-5);
  options.batch = 70;
  EXPECT_LT(error_of(options, 3), 1e-5);
  options.schedule = Schedule::one_pass;
  options.epochs = 1;
  options.batch = 1;
  EXPECT_LT(error_of(options, 30), 1e-5);
  options.start = Start::spectral;
  options.spectral_samples = 50;  // the steps take the samples behind these
  EXPECT_LT(error_of(options, 20), 1e-5);
  // The bound can tell samples apart.
  const SingleIndexSamples source(options.model, options.dim, options.seed, "stage1");
  const auto engine = make_direct_engine(options);
  FeatureOptions other = options;
  other.spectral_samples = 49;
  const Matrix<double> wrong = plain_run(other, source, engine->layer().weights, 20);
  engine->advance(20);
  EXPECT_GT(greatest_difference(engine->layer().weights, wrong), 1e-3);
}

// One activation has a jump, where a float's error may put a sample on the other side: a sample in
// 1e6. Here none is.
TEST(DirectEngine, StepsAsDefinedWithReluToo) {
  FeatureOptions options = small_options();
  options.activation = parse_activation("relu");
  EXPECT_LT(error_of(options, 10), 1e-5);
}

// Steps of 1e-9 on coordinates of 0.1, of which a float resolves 7e-9: all would round to nothing.
TEST(DirectEngine, SmallStepsAreNotLost) {
  FeatureOptions options = small_options();
  options.step_size = 1e-9;
  const auto engine = make_direct_engine(options);
  const Matrix<double> before = engine->layer().weights;
  const SingleIndexSamples source(options.model, options.dim, options.seed, "stage1");
  const Matrix<double> expected = plain_run(options, source, before, 100);
  engine->advance(100);
  const double moved = greatest_difference(expected, before);
  EXPECT_GT(moved, 1e-9);
  EXPECT_LT(greatest_difference(engine->layer().weights, expected), 1e-3 * moved);
}

TEST(DirectEngine, RowsStayOfUnitLengthAndTellTheirOverlaps) {
  FeatureOptions options = small_options();
  options.batch = 4;
  const auto engine = make_direct_engine(options);
  engine->advance(2000);
  const FirstLayer layer = engine->layer();
  EXPECT_EQ(layer.dim, options.dim);
  EXPECT_EQ(layer.biases, draw_neurons(options).biases);
  for (std::size_t j = 0; j < options.width; ++j) {
    double squares = 0;
    for (const double value : layer.weights.row(j)) squares += value * value;
    // 40 coordinates rounded to 48 bits
    EXPECT_NEAR(squares, 1, 1e-13);
    EXPECT_EQ(layer.weights(j, 0), engine->overlaps()[j]);
  }
}

// In three dimensions a coordinate of a uniform direction is uniform on [-1, 1]. False alarm 1e-6.
TEST(DirectEngine, RowsStartUniformOnTheSphere) {
  FeatureOptions options = small_options();
  options.dim = 3;
  options.width = 5000;
  const FirstLayer layer = make_direct_engine(options)->layer();
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<double> coordinates;
    for (std::size_t j = 0; j < options.width; ++j) coordinates.push_back(layer.weights(j, k));
    EXPECT_LT(statistics::kolmogorov_smirnov(coordinates, [](double x) { return (1 + x) / 2; }),
              statistics::kolmogorov_smirnov_limit(options.width));
  }
}

RC_GTEST_PROP(DirectEngine, BitsDependNeitherOnThreadsNorOnCuts, ()) {
  FeatureOptions options = small_options();
  options.dim = *rc::gen::inRange<std::uint64_t>(2, 700);
  options.width = *rc::gen::inRange<std::size_t>(1, 150);
  options.batch = *rc::gen::element(1, 5, 127, 129, 600);
  options.schedule = *rc::gen::element(Schedule::one_pass, Schedule::multi_pass, Schedule::reuse);
  if (options.schedule == Schedule::multi_pass) options.samples = options.batch + 3;
  const std::uint64_t steps = 5;
  const auto one = make_direct_engine(options);
  one->advance(steps);
  options.threads = *rc::gen::element(2, 3);
  const auto several = make_direct_engine(options);
  const auto cut = *rc::gen::inRange<std::uint64_t>(0, steps + 1);
  several->advance(cut);
  several->advance(steps - cut);
  RC_ASSERT(one->layer().weights == several->layer().weights);
}

TEST(DirectEngine, BitsOfALayerThatThreadsShareDoNotDependOnThem) {
  // Beyond 2^18 weights rows are dealt out to threads.
  FeatureOptions options = small_options();
  options.dim = 700;
  options.width = 900;
  options.batch = 8;
  const auto one = make_direct_engine(options);
  one->advance(5);
  options.threads = 3;
  const auto several = make_direct_engine(options);
  several->advance(5);
  EXPECT_EQ(one->layer().weights, several->layer().weights);
}

/// One sample again and again.
class OneSample final : public SampleSource {
 public:
  OneSample(float x, double y) : x_(x), y_(y) {}
  std::uint64_t dim() const override { return 40; }
  std::uint64_t size() const override { return 64; }
  void fill(std::uint64_t, MatrixView<float> x, std::span<double> y) const override {
    for (std::size_t i = 0; i < x.rows; ++i) {
      for (float& value : x.row(i)) value = x_;
    }
    for (double& value : y) value = y_;
  }

 private:
  float x_;
  double y_;
};

TEST(DirectEngine, RefusesSamplesThatAreNotNumbers) {
  FeatureOptions options = small_options();
  options.samples = 64;
  const auto failure = [&](const OneSample& source) {
    return failure_text<DataError>([&] { make_direct_engine(options, source)->advance(1); });
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  expect_words(failure(OneSample(nan, 1)), "length of row 0", "missing values");
  expect_words(failure(OneSample(1, std::numeric_limits<double>::infinity())),
               "weighted label of sample 0", "finite", "--label-clip");
  expect_words(failure(OneSample(1, 80)), "weighted label of sample 0", "1e30",
               "--feature-temperature");
}

TEST(DirectEngine, RefusesSourcesThatDoNotFit) {
  FeatureOptions options = small_options();
  options.samples = 65;
  const OneSample source(1, 1);
  const auto failure = [&] {
    return failure_text<UsageError>([&] { make_direct_engine(options, source); });
  };
  expect_words(failure(), "--feature-samples = 65", "only 64", "multi_pass");
  options.dim = 41;
  expect_words(failure(), "--dim = 41", "40");
}

TEST(DirectEngine, SaysHowMuchMemoryItWouldNeed) {
  FeatureOptions options = small_options();
  options.dim = 1'000'000'000'000;
  expect_words(failure_text<UsageError>([&] { make_direct_engine(options); }),
               "--dim = 1000000000000", "TiB", "--engine order_parameter");
}

}  // namespace
}  // namespace esscher
