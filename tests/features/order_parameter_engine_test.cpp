#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/features/feature_engine.h"
#include "esscher/linalg/factor.h"
#include "features/order_parameter_frame.h"

namespace esscher {
namespace {

FeatureOptions options_of(std::uint64_t dim, std::size_t width, std::uint64_t batch,
                          Schedule schedule = Schedule::one_pass) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  FeatureOptions options{.model = {parse_link("damped_hermite:3"), parse_noise("gaussian:0.3")},
                         .dim = dim,
                         .width = width};
  options.label = standardised_label(options.model, Weighting::label_exp, 1, -kInfinity, kInfinity);
  options.engine = Engine::order_parameter;
  options.schedule = schedule;
  options.batch = batch;
  options.step_size = default_step_size(0.3, batch, dim, 1);
  options.samples = std::uint64_t{1} << 50;
  return options;
}

Matrix<double> gram_of(const Matrix<double>& rows) {
  Matrix<double> gram(rows.rows(), rows.rows());
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    for (std::size_t j = 0; j < rows.rows(); ++j) {
      gram(i, j) =
          std::inner_product(rows.row(i).begin(), rows.row(i).end(), rows.row(j).begin(), 0.0);
    }
  }
  return gram;
}

template <class Call>
std::string engine_message(Call call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no UsageError";
}

/// Rows behind column 0 are lower triangular and unit, and column 0 is the overlaps.
void expect_in_order(const FeatureEngine& engine, const FeatureOptions& options) {
  const FirstLayer layer = engine.layer();
  ASSERT_EQ(layer.weights.rows(), options.width);
  ASSERT_EQ(layer.weights.columns(), options.width + 1);
  EXPECT_EQ(layer.dim, options.dim);
  EXPECT_EQ(layer.biases, draw_neurons(options).biases);
  const Matrix<double> gram = gram_of(layer.weights);
  for (std::size_t j = 0; j < options.width; ++j) {
    // A sum of m + 1 squares, each row scaled by one division.
    EXPECT_NEAR(gram(j, j), 1, 1e-14) << j;
    // Within a group overlaps are combined from coefficients: some tens of roundings.
    EXPECT_NEAR(engine.overlaps()[j], layer.weights(j, 0), 1e-13) << j;
    for (std::size_t k = j + 2; k <= options.width; ++k) EXPECT_EQ(layer.weights(j, k), 0);
  }
}

/// All ways in which the engine can go: groups of many steps, of one, cut short, large batches in
/// one chunk and in several, batches used twice.
const std::vector<FeatureOptions>& all_ways() {
  static const std::vector<FeatureOptions> ways{
      options_of(1000, 20, 1),
      options_of(1000, 20, 3),
      options_of(1000, 20, 20),
      options_of(27, 20, 5),
      options_of(1000, 20, 50),
      options_of(1000, 7, 5000),
      options_of(1000, 20, 1, Schedule::reuse),
      options_of(1000, 6, 40, Schedule::reuse),
      options_of(1'000'000'000'000'000, 5, 2),
      options_of(1'000'000'000'000'000, 5, 1000),
      options_of(4, 1, 1),
  };
  return ways;
}

TEST(OrderParameterEngine, KeepsUnitRowsWhoseFirstCoordinateIsTheOverlap) {
  for (const FeatureOptions& options : all_ways()) {
    SCOPED_TRACE("d " + std::to_string(options.dim) + ", m " + std::to_string(options.width) +
                 ", B " + std::to_string(options.batch));
    const auto engine = make_order_parameter_engine(options);
    expect_in_order(*engine, options);
    for (int piece = 0; piece < 3; ++piece) {
      engine->advance(7);
      expect_in_order(*engine, options);
    }
    EXPECT_GE(engine->steps_at_a_time(), 1U);
  }
}

TEST(OrderParameterEngine, GivesTheSameBitsHoweverARunIsCut) {
  for (const FeatureOptions& options : all_ways()) {
    const auto whole = make_order_parameter_engine(options);
    const auto pieces = make_order_parameter_engine(options);
    whole->advance(25);
    for (const std::uint64_t piece : {1, 2, 0, 9, 13}) {
      pieces->advance(piece);
      (void)pieces->layer();
    }
    EXPECT_EQ(whole->layer().weights, pieces->layer().weights);
    EXPECT_TRUE(
        std::equal(whole->overlaps().begin(), whole->overlaps().end(), pieces->overlaps().begin()));
  }
}

TEST(OrderParameterEngine, GivesTheSameBitsForAnyNumberOfThreads) {
  FeatureOptions options = options_of(10'000, 7, 9000);
  std::vector<Matrix<double>> rows;
  for (const int threads : {1, 2, 3}) {
    options.threads = threads;
    const auto engine = make_order_parameter_engine(options);
    engine->advance(3);
    rows.push_back(engine->layer().weights);
  }
  EXPECT_EQ(rows[0], rows[1]);
  EXPECT_EQ(rows[0], rows[2]);
}

TEST(OrderParameterEngine, FollowsTheSeed) {
  FeatureOptions options = options_of(1000, 4, 2);
  const auto first = make_order_parameter_engine(options);
  options.seed = 2;
  const auto second = make_order_parameter_engine(options);
  EXPECT_NE(first->overlaps()[0], second->overlaps()[0]);
}

// 4e5 steps, at the end of which the neurons that drift towards theta* have long been there, with
// rows close to one another; the coefficients of h_1 have rank one, so that the others follow one
// and the same path. No step ever had to be undone, and the rows are as they should be.
TEST(OrderParameterEngine, SurvivesManyStepsWithNearlyParallelRows) {
  for (const char* activation : {"relu", "hermite:1"}) {
    FeatureOptions options = options_of(50, 6, 1);
    options.model = {parse_link("tanh"), Noise()};
    options.activation = parse_activation(activation);
    options.step_size = 1e-3;
    const auto engine = make_order_parameter_engine(options);
    engine->advance(400'000);
    expect_in_order(*engine, options);
    double largest = 0;
    for (const double overlap : engine->overlaps()) largest = std::max(largest, std::abs(overlap));
    EXPECT_GT(largest, 0.9) << activation;
  }
}

// From steps that change nothing to steps after which each row is the batch's pull alone, and what
// is left of earlier ones falls below 1e-50 within a group. (Where a batch comes back after a step
// of 1e20, its projected gradient is a difference of equal numbers of 1e20: left out.)
TEST(OrderParameterEngine, TakesStepsOfAnySize) {
  for (const double step_size : {1e-300, 1e3, 1e20, 1e60}) {
    for (const std::uint64_t batch : {1, 4, 100}) {
      for (const Schedule schedule : {Schedule::one_pass, Schedule::reuse}) {
        if (schedule == Schedule::reuse && step_size > 1e3) continue;
        SCOPED_TRACE("step " + std::to_string(std::log10(step_size)) + ", B " +
                     std::to_string(batch) + ", " + std::string(schedule_name(schedule)));
        FeatureOptions options = options_of(200, 24, batch, schedule);
        options.activation = parse_activation("tanh");
        options.step_size = step_size;
        const auto engine = make_order_parameter_engine(options);
        engine->advance(60);
        expect_in_order(*engine, options);
      }
    }
  }
}

// relu neurons that no sample of a large batch activates must not move at all; with B = 2, m = 1
// and d = 5 this is one batch in four or so.
TEST(OrderParameterEngine, InactiveNeuronsStayWhereTheyAre) {
  FeatureOptions options = options_of(5, 1, 2);
  const auto engine = make_order_parameter_engine(options);
  int still = 0;
  for (int step = 0; step < 1000; ++step) {
    const double before = engine->overlaps()[0];
    engine->advance(1);
    // Only normalising again may round.
    if (std::abs(engine->overlaps()[0] - before) <= 1e-15) ++still;
  }
  EXPECT_GT(still, 10);
  EXPECT_LT(still, 900);
}

TEST(OrderParameterEngine, RefusesDimensionsWithoutRoomForABatch) {
  EXPECT_EQ(least_order_parameter_dim(64, 1, Schedule::one_pass), 67U);
  EXPECT_EQ(least_order_parameter_dim(64, 1000, Schedule::one_pass), 130U);
  EXPECT_EQ(least_order_parameter_dim(64, 1000, Schedule::reuse), 1066U);
  EXPECT_EQ(engine_message([] { make_order_parameter_engine(options_of(129, 64, 1000)); }),
            "--dim = 129: the order_parameter engine needs at least 130 with --width 64 and "
            "--batch 1000; take --engine direct");
  EXPECT_NO_THROW(make_order_parameter_engine(options_of(130, 64, 1000))->advance(1));
  EXPECT_EQ(
      engine_message([] { make_order_parameter_engine(options_of(30, 8, 21, Schedule::reuse)); }),
      "--dim = 30: the order_parameter engine needs at least 31 with --width 8 and --batch 21; "
      "take --engine direct");
  EXPECT_NO_THROW(make_order_parameter_engine(options_of(31, 8, 21, Schedule::reuse))->advance(3));
}

TEST(OrderParameterEngine, RefusesWhatOnlyExplicitSamplesCanDo) {
  EXPECT_EQ(engine_message(
                [] { make_order_parameter_engine(options_of(1000, 8, 2, Schedule::multi_pass)); }),
            "--schedule = multi_pass: the order_parameter engine keeps no samples to come back to; "
            "take --engine direct");
  EXPECT_NE(
      engine_message([] {
        make_order_parameter_engine(options_of(1'000'000'000'000, 8, 100'000'000, Schedule::reuse));
      })
          .find("--batch = 100000000: a batch that the order_parameter engine uses twice would "
                "need 213 PiB of memory"),
      std::string::npos);
}

TEST(OrderParameterEngine, RefusesStepsBeyondTheRangeOfDoubles) {
  for (const std::uint64_t batch : {4, 100}) {
    FeatureOptions options = options_of(200, 24, batch);
    options.step_size = 1e300;
    const auto engine = make_order_parameter_engine(options);
    EXPECT_EQ(
        engine_message([&] { engine->advance(60); }),
        "--step-size = 1e+300: the neurons' rows have left the range of doubles; lower it, or "
        "limit the labels by --label-clip");
  }
}

// L L' = X X' to rounding: each entry is a sum of some 30 products of numbers below 1.
TEST(FitFrame, KeepsOverlapsAndGramMatrix) {
  const RandomStream stream(1, "rows");
  for (const double spread : {1.0, 1e-4, 1e-9}) {  // how far rows are apart
    Matrix<double> rows(10, 30);
    stream.fill_normal(0, rows.values());
    for (std::size_t j = 1; j < 10; ++j) {
      for (std::size_t k = 0; k < 30; ++k) rows(j, k) = rows(0, k) + spread * rows(j, k);
    }
    for (std::size_t j = 0; j < 10; ++j) {
      const std::span<double> row = rows.row(j);
      const double length = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
      for (double& x : row) x /= length;
    }
    const Matrix<double> fitted = internal::fit_frame(rows.view(), 1);
    const Matrix<double> expected = gram_of(rows);
    const Matrix<double> found = gram_of(fitted);
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_NEAR(fitted(i, 0), rows(i, 0), 1e-15);
      for (std::size_t j = 0; j < 10; ++j) EXPECT_NEAR(found(i, j), expected(i, j), 1e-14);
    }
    // Rows 1e-9 apart are lost in the Gram matrix, but not in the frame: distances keep their
    // digits, up to the rounding of the coordinates themselves (1e-16 / 1e-9).
    const auto distance = [](const Matrix<double>& of) {
      double sum = 0;
      for (std::size_t k = 0; k < of.columns(); ++k) {
        sum += (of(3, k) - of(7, k)) * (of(3, k) - of(7, k));
      }
      return std::sqrt(sum);
    };
    EXPECT_NEAR(distance(fitted) / distance(rows), 1, 1e-13 + 1e-14 / spread);
  }
}

TEST(FitFrame, TakesParallelRows) {
  Matrix<double> rows(3, 6);
  for (std::size_t j = 0; j < 3; ++j) {
    rows(j, 0) = 0.6;
    rows(j, 4) = 0.8;
  }
  const Matrix<double> fitted = internal::fit_frame(rows.view(), 1);
  const Matrix<double> gram = gram_of(fitted);
  for (const double q : gram.values()) EXPECT_NEAR(q, 1, 1e-15);
}

// The mean of T T' is dof I, and the variances are dof off the diagonal and 2 dof on it: 4000 draws
// to 6 deviations, a false alarm in 1 of 1e7 over all entries, at a fixed seed.
TEST(Bartlett, FactorHasTheMomentsOfAWishartMatrix) {
  constexpr std::size_t kSize = 5;
  constexpr int kDraws = 4000;
  for (const std::uint64_t dof : {5, 8, 1000}) {
    Matrix<double> sum(kSize, kSize);
    Matrix<double> factor(kSize, kSize, 7);
    std::vector<double> scratch;
    for (int draw = 0; draw < kDraws; ++draw) {
      internal::fill_bartlett(RandomStream(3, "wishart", static_cast<std::uint64_t>(draw)), 2, dof,
                              factor.view(), scratch);
      const Matrix<double> gram = gram_of(factor);
      for (std::size_t i = 0; i < kSize; ++i) {
        for (std::size_t j = 0; j < kSize; ++j) sum(i, j) += gram(i, j) / kDraws;
      }
    }
    for (std::size_t i = 0; i < kSize; ++i) {
      for (std::size_t j = i + 1; j < kSize; ++j) EXPECT_EQ(factor(i, j), 0);
      for (std::size_t j = 0; j < kSize; ++j) {
        const auto n = static_cast<double>(dof);
        const double deviation = std::sqrt((i == j ? 2 : 1) * n / kDraws);
        EXPECT_NEAR(sum(i, j), i == j ? n : 0, 6 * deviation);
      }
    }
  }
}

}  // namespace
}  // namespace esscher
