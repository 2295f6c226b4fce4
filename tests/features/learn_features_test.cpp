#include "esscher/features/learn_features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "features/recovery.h"

namespace esscher {
namespace {

constexpr double kNoTemperature = std::numeric_limits<double>::infinity();

/// A weighted cubic link, which about a third of the neurons learn within some 30 d samples.
FeatureOptions weighted_options(Engine engine) {
  FeatureOptions options{{parse_link("damped_hermite:3"), parse_noise("gaussian:0.1")}};
  options.engine = engine;
  options.dim = 200;
  options.width = 50;
  options.batch = 10;
  options.samples = 40 * options.dim;
  options.label =
      standardised_label(options.model, Weighting::label_exp, 1, -kNoTemperature, kNoTemperature);
  options.step_size = default_step_size(0.3, options.batch, options.dim, 1);
  options.stop_when_settled = false;
  options.seed = 3;
  options.threads = 1;
  return options;
}

class EachEngine : public testing::TestWithParam<Engine> {};
INSTANTIATE_TEST_SUITE_P(LearnFeatures, EachEngine,
                         testing::Values(Engine::direct, Engine::order_parameter, Engine::marginal),
                         [](const auto& parameter) {
                           return std::string(engine_name(parameter.param));
                         });

TEST_P(EachEngine, SummaryTellsWhatTheLayerHolds) {
  const FeatureOptions options = weighted_options(GetParam());
  const FeatureResult result = learn_features(options);
  const FeatureSummary& summary = result.summary;
  EXPECT_EQ(summary.status, FeatureStatus::completed);
  EXPECT_EQ(summary.engine, GetParam());
  EXPECT_EQ(summary.samples, options.samples);
  EXPECT_EQ(summary.steps, options.samples / options.batch);
  EXPECT_GT(summary.seconds, 0);
  EXPECT_EQ(result.layer.dim, options.dim);
  ASSERT_EQ(result.layer.width(), options.width);
  ASSERT_EQ(summary.overlaps.size(), options.width);
  std::size_t weak = 0;
  std::size_t strong = 0;
  for (std::size_t j = 0; j < options.width; ++j) {
    EXPECT_NEAR(result.layer.weights(j, 0), summary.overlaps[j], 1e-12);
    weak += std::abs(summary.overlaps[j]) > options.weak ? 1 : 0;
    strong += std::abs(summary.overlaps[j]) > options.strong ? 1 : 0;
  }
  EXPECT_EQ(summary.weak.count, weak);
  EXPECT_EQ(summary.strong.count, strong);
  EXPECT_EQ(summary.weak.of, options.width);
  EXPECT_GT(weak, 0u);

  const Checkpoint& last = summary.trajectory.back();
  EXPECT_EQ(last.samples, options.samples);
  EXPECT_EQ(last.weak, summary.weak.value);
  EXPECT_EQ(last.strong, summary.strong.value);
  for (const Checkpoint& checkpoint : summary.trajectory) {
    EXPECT_TRUE(std::is_sorted(checkpoint.quantiles.begin(), checkpoint.quantiles.end()));
  }
}

TEST_P(EachEngine, CheckpointsLieOnAGeometricGrid) {
  FeatureOptions options = weighted_options(GetParam());
  options.checkpoints_per_decade = 10;
  options.samples = 5005;  // the last 5 make no batch
  const FeatureSummary summary = learn_features(options).summary;
  EXPECT_EQ(summary.samples, 5000u);
  ASSERT_EQ(summary.remarks.size(), 1u);
  expect_words(summary.remarks.front(), "last 5 samples");
  const std::vector<Checkpoint>& trajectory = summary.trajectory;
  EXPECT_EQ(trajectory.front().samples, 0u);
  EXPECT_EQ(trajectory.back().samples, 5000u);
  for (std::size_t i = 1; i < trajectory.size(); ++i) {
    const double step = static_cast<double>(trajectory[i].samples) / 10;
    const double before = static_cast<double>(trajectory[i - 1].samples) / 10;
    EXPECT_GT(step, before);
    EXPECT_LE(step, std::max(before + 1, std::ceil(before * std::pow(10, 0.1))));
  }
  // 10 a decade from the step where they are further than a step apart (4) to the last (500).
  EXPECT_LE(trajectory.size(), 1u + 4u + 22u);
}

TEST_P(EachEngine, RecoveryTimesAreThoseOfTheEngineItself) {
  FeatureOptions options = weighted_options(GetParam());
  const FeatureSummary summary = learn_features(options).summary;
  std::unique_ptr<FeatureEngine> engine = GetParam() == Engine::direct ? make_direct_engine(options)
                                          : GetParam() == Engine::order_parameter
                                              ? make_order_parameter_engine(options)
                                              : make_marginal_engine(options);
  std::vector<std::optional<double>> expected(options.width);
  std::uint64_t step = 0;
  for (const Checkpoint& checkpoint : summary.trajectory) {
    engine->advance(checkpoint.samples / options.batch - step);
    step = checkpoint.samples / options.batch;
    for (std::size_t j = 0; j < options.width; ++j) {
      if (!expected[j] && std::abs(engine->overlaps()[j]) > options.weak) {
        expected[j] = static_cast<double>(checkpoint.samples);
      }
    }
  }
  EXPECT_EQ(summary.weak_times.neuron, expected);
  std::vector<double> known;
  for (const auto& time : expected) {
    if (time) known.push_back(*time);
  }
  std::sort(known.begin(), known.end());
  ASSERT_FALSE(known.empty());
  EXPECT_EQ(summary.weak_times.median, internal::quantile(known, 0.5));
  EXPECT_LE(summary.weak_times.lower_quartile, summary.weak_times.median);
  EXPECT_LE(summary.weak_times.median, summary.weak_times.upper_quartile);
  EXPECT_LE(*summary.weak_times.median, summary.strong_times.median.value_or(kNoTemperature));
}

TEST_P(EachEngine, QuietAndFollowedRunsAreTheSameBits) {
  FeatureOptions options = weighted_options(GetParam());
  const FeatureResult quiet = learn_features(options);
  std::vector<std::uint64_t> done;
  std::uint64_t total = 0;
  options.callbacks.progress_interval = std::chrono::milliseconds(0);
  options.callbacks.progress = [&](const Progress& progress) {
    EXPECT_EQ(progress.stage, "features");
    done.push_back(progress.done);
    total = progress.total;
  };
  options.threads = 2;
  const FeatureResult followed = learn_features(options);
  EXPECT_EQ(quiet.layer.weights, followed.layer.weights);
  EXPECT_EQ(quiet.summary.overlaps, followed.summary.overlaps);
  EXPECT_EQ(total, options.samples);
  EXPECT_EQ(done.front(), 0u);
  EXPECT_EQ(done.back(), total);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(std::count(done.begin(), done.end(), total), 1);
}

TEST_P(EachEngine, CancelledRunKeepsWhatIsDone) {
  FeatureOptions options = weighted_options(GetParam());
  CancellationToken token;
  options.callbacks.cancellation = &token;
  options.callbacks.progress_interval = std::chrono::milliseconds(0);
  options.callbacks.progress = [&](const Progress& progress) {
    if (progress.done >= 1000) token.request();
    EXPECT_LT(progress.done, progress.total);
  };
  const FeatureResult result = learn_features(options);
  EXPECT_EQ(result.summary.status, FeatureStatus::cancelled);
  EXPECT_GE(result.summary.samples, 1000u);
  EXPECT_LT(result.summary.samples, options.samples);
  EXPECT_EQ(result.summary.trajectory.back().samples, result.summary.samples);
  EXPECT_EQ(result.layer.width(), options.width);
  expect_words(result.summary.remarks.front(), "Cancelled", std::to_string(result.summary.samples));
  // The same state as that of a run of so many samples.
  options.samples = result.summary.samples;
  options.callbacks = {};
  EXPECT_EQ(learn_features(options).summary.overlaps, result.summary.overlaps);
}

// |observed - predicted| exceeds 7 standard errors, themselves known to 12 %, with probability
// below 1e-6 (t with 35 degrees of freedom).
TEST_P(EachEngine, ObservedDriftIsThePredictedOne) {
  FeatureOptions options = weighted_options(GetParam());
  const bool direct = GetParam() == Engine::direct;
  // The error falls as d^{-1/2}, and as m^{-1/2} where neurons have samples of their own.
  options.dim = direct ? 2000 : 20000;
  options.width = GetParam() == Engine::marginal ? 256 : 16;
  options.batch = 100;
  options.samples = 15 * options.dim;
  options.step_size = default_step_size(0.3, options.batch, options.dim, 1);
  for (const char* activation : {"relu", "tanh"}) {
    options.activation = parse_activation(activation);
    const std::optional<DriftComparison> drift = learn_features(options).summary.drift;
    SCOPED_TRACE(activation);
    ASSERT_TRUE(drift.has_value());
    EXPECT_LT(std::abs(drift->observed - drift->predicted), 7 * drift->standard_error);
    // What would be seen: no drift at all; or one that is off by a third, or by a twentieth.
    const double power = direct ? 1 : GetParam() == Engine::order_parameter ? 0.33 : 0.05;
    EXPECT_LT(7 * drift->standard_error, power * drift->predicted);
    // eta/B C_1 c_1 = 0.3/d * 0.159 * c_1 at the start, c_1 from 0.3 to 0.7, whatever follows
    const double unit = 0.3 * 0.159 / static_cast<double>(options.dim);
    EXPECT_GT(drift->predicted, 0.3 * unit);
    EXPECT_LT(drift->predicted, 2 * unit);
  }
}

TEST_P(EachEngine, StopsOnceOverlapsHaveSettled) {
  FeatureOptions options = weighted_options(GetParam());
  options.width = 100;
  options.samples = 2000 * options.dim;
  options.stop_when_settled = true;
  const FeatureSummary summary = learn_features(options).summary;
  EXPECT_EQ(summary.status, FeatureStatus::settled);
  EXPECT_LT(summary.samples, options.samples);
  EXPECT_GT(summary.weak.count, 0u);
  // Not before the neurons that recover have done so.
  ASSERT_TRUE(summary.weak_times.upper_quartile.has_value());
  EXPECT_GT(static_cast<double>(summary.samples), *summary.weak_times.upper_quartile);
  expect_words(summary.remarks.front(), "settled");
}

TEST(LearnFeatures, SchedulesCountTheirSamples) {
  FeatureOptions options = weighted_options(Engine::direct);
  options.samples = 100;
  options.schedule = Schedule::reuse;
  FeatureSummary summary = learn_features(options).summary;
  EXPECT_EQ(summary.steps, 20u);
  EXPECT_EQ(summary.samples, 100u);
  EXPECT_FALSE(summary.drift.has_value());
  EXPECT_EQ(summary.trajectory[1].samples, 10u);
  EXPECT_EQ(summary.trajectory[2].samples, 10u);
  EXPECT_EQ(summary.trajectory[3].samples, 20u);

  options.schedule = Schedule::multi_pass;
  options.epochs = 3;
  summary = learn_features(options).summary;
  EXPECT_EQ(summary.steps, 30u);
  EXPECT_EQ(summary.samples, 100u);
  EXPECT_EQ(summary.trajectory.back().samples, 300u);

  options.schedule = Schedule::one_pass;
  options.epochs = 1;
  options.start = Start::spectral;
  options.spectral_samples = 40;
  summary = learn_features(options).summary;
  EXPECT_EQ(summary.steps, 6u);
  EXPECT_EQ(summary.samples, 100u);
  EXPECT_EQ(summary.trajectory.front().samples, 40u);
}

// v = mean of T x over n = 4 d samples has an overlap of |C_1| / sqrt(C_1^2 + d/n) = 0.7 or so, and
// a row halfway to it 0.5. Random rows have d^{-1/2} = 0.07.
TEST(LearnFeatures, SpectralStartBeginsWithAnOverlap) {
  FeatureOptions options = weighted_options(Engine::direct);
  options.start = Start::spectral;
  options.spectral_samples = 4 * options.dim;
  const double signal = weighted_label_moments(options.model, options.label, 1).signal[1];
  const double expected = std::abs(signal) / std::sqrt(signal * signal + 0.25) / std::sqrt(2.0);
  const FeatureSummary summary = learn_features(options).summary;
  EXPECT_NEAR(summary.trajectory.front().quantiles[3], expected, 0.15);
}

TEST(LearnFeatures, ASourceOfTheModelIsTheModel) {
  FeatureOptions options = weighted_options(Engine::direct);
  const SingleIndexSamples source(options.model, options.dim, options.seed, "stage1");
  const FeatureResult expected = learn_features(options);
  options.engine = Engine::marginal;  // not used
  const FeatureResult result = learn_features(options, source);
  EXPECT_EQ(result.layer.weights, expected.layer.weights);
  EXPECT_EQ(result.summary.engine, Engine::direct);
  EXPECT_TRUE(expected.summary.drift.has_value());
  EXPECT_FALSE(result.summary.drift.has_value());
}

TEST(LearnFeatures, RefusesWhatCannotBeDone) {
  FeatureOptions options = weighted_options(Engine::direct);
  options.step_size = 0;
  expect_words(failure_text<UsageError>([&] { learn_features(options); }), "--step-size = 0");
  options.step_size = 0.1;
  options.dim = 1'000'000'000'000;
  expect_words(failure_text<UsageError>([&] { learn_features(options); }), "--dim", "TiB",
               "order_parameter");
}

TEST(LearnFeatures, StatusesHaveNames) {
  EXPECT_EQ(feature_status_name(FeatureStatus::completed), "completed");
  EXPECT_EQ(feature_status_name(FeatureStatus::settled), "settled");
  EXPECT_EQ(feature_status_name(FeatureStatus::cancelled), "cancelled");
}

/// A trajectory of one checkpoint each 5 % of samples whose share and quartiles follow \p value,
/// and whose share was \p start before the first step.
template <class Value>
bool settled_at(std::uint64_t steps, Value value, double growth = 1.05, double start = 0) {
  std::vector<Checkpoint> trajectory(1);
  trajectory.front().weak = start;
  std::vector<std::uint64_t> at{0};
  for (double step = 100; step <= static_cast<double>(steps); step *= growth) {
    Checkpoint checkpoint;
    checkpoint.weak = value(step);
    for (double& quantile : checkpoint.quantiles) quantile = value(step);
    trajectory.push_back(checkpoint);
    at.push_back(static_cast<std::uint64_t>(step));
  }
  return internal::has_settled(trajectory, at);
}

TEST(HasSettled, WaitsForRecoveryAndForStandstill) {
  EXPECT_FALSE(settled_at(10000, [](double) { return 0.0; }));          // a plateau
  EXPECT_TRUE(settled_at(10000, [](double) { return 0.3; }));           // stands
  EXPECT_FALSE(settled_at(10000, [](double t) { return t / 20000; }));  // grows
  const auto rises_until_3000 = [](double t) { return std::min(t, 3000.0) / 3000; };
  EXPECT_FALSE(settled_at(5000, rises_until_3000));
  EXPECT_TRUE(settled_at(6400, rises_until_3000));
  // Fluctuates about where it stands: 0.05 either way, from one checkpoint to the next.
  int sign = 1;
  EXPECT_TRUE(settled_at(10000, [&](double) { return 0.3 + 0.01 * (sign = -sign); }));
  // No more than at the start, as after a spectral one: nothing tells that steps had any effect.
  EXPECT_FALSE(settled_at(
      10000, [](double) { return 0.3; }, 1.05, 0.3));
  // Too few checkpoints to tell.
  EXPECT_FALSE(settled_at(
      10000, [](double) { return 0.3; }, 1.3));
}

// (p - share)^2 = z^2 p (1 - p) / n defines both limits.
TEST(WilsonShare, SolvesItsEquation) {
  const double z = 1.959963984540054;
  for (const std::size_t n : {1u, 10u, 1000u}) {
    for (std::size_t count = 0; count <= n; count += std::max<std::size_t>(n / 7, 1)) {
      const Share share = wilson_share(count, n);
      EXPECT_EQ(share.value, static_cast<double>(count) / static_cast<double>(n));
      for (const double p : {share.lower, share.upper}) {
        EXPECT_NEAR(std::pow(p - share.value, 2), z * z * p * (1 - p) / static_cast<double>(n),
                    1e-14);
      }
      EXPECT_LE(share.lower, share.value);
      EXPECT_GE(share.upper, share.value);
      EXPECT_TRUE(count == n || share.upper > share.value);
    }
  }
  // As tabulated for 8 of 10 (Agresti and Coull 1998).
  EXPECT_NEAR(wilson_share(8, 10).lower, 0.4902, 5e-5);
  EXPECT_NEAR(wilson_share(8, 10).upper, 0.9433, 5e-5);
}

TEST(Quantile, InterpolatesBetweenNeighbours) {
  const std::vector<double> values{1, 2, 4};
  EXPECT_EQ(internal::quantile(values, 0), 1);
  EXPECT_EQ(internal::quantile(values, 0.25), 1.5);
  EXPECT_EQ(internal::quantile(values, 0.75), 3);
  EXPECT_EQ(internal::quantile(values, 1), 4);
  EXPECT_EQ(internal::quantile(std::vector<double>{5}, 0.7), 5);
}

}  // namespace
}  // namespace esscher
