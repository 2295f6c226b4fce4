#include "esscher/temperature/predicted_gap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/policy/policy_value.h"
#include "esscher/readout/network_rows.h"

namespace esscher {
namespace {

/// Of one readout.
PredictedGap predicted_gap(const FirstLayer& layer, const SingleIndexModel& model,
                           ReadoutWeights weights, double beta, const PredictedGapOptions& options,
                           double penalty = 0) {
  const PredictedReadout one{weights, penalty};
  return predicted_gaps(layer, model, {&one, 1}, beta, options).front();
}

struct Spread {
  double mean = 0;
  double error = 0;  ///< standard error of the mean
};
Spread spread(const std::vector<double>& values) {
  Spread result;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) result.mean += v / n;
  for (const double v : values) result.error += (v - result.mean) * (v - result.mean);
  result.error = std::sqrt(result.error / (n * (n - 1)));
  return result;
}

/// Neurons h_1(u) = u along m orthonormal directions, the first of them theta*.
FirstLayer linear_layer(std::size_t m) {
  FirstLayer layer;
  layer.dim = 100;
  layer.activation = {ActivationKind::hermite, 1};
  layer.weights = Matrix<double>(m, m);
  for (std::size_t j = 0; j < m; ++j) layer.weights(j, j) = 1;
  layer.biases.assign(m, 0.5);
  return layer;
}

/// The prediction's mean over eight seeds, each from draws of its own.
Spread predicted_variance(const SingleIndexModel& model, ReadoutWeights weights, double beta) {
  PredictedGapOptions options;
  options.samples = 1000;
  options.threads = 1;
  options.draws = 1 << 14;
  std::vector<double> values;
  for (options.seed = 1; options.seed <= 8; ++options.seed) {
    const PredictedGap gap = predicted_gap(linear_layer(3), model, weights, beta, options);
    // The reward is linear, so nothing is left to approximate but rounding.
    EXPECT_NEAR(gap.approximation, 0, 1e-20);
    EXPECT_NEAR(*gap.gap, *gap.variance / (2 * beta), 1e-12);
    values.push_back(1000 * *gap.variance);
  }
  return spread(values);
}

// r* = z, phi = x, s = 1/beta: pi* = N(s, I), A = P = I. Uniform weights: B = tau^2 I. Weights
// e^{s z}: E w^2 phi phi' is e^{s^2} times that of N(2 s, I) about s, I + s^2 e_1 e_1'. Label
// weights multiply by e^{kappa(2s) - 2 kappa(s)}, and the residual's second moment under w^2 is
// kappa''(2s) + (kappa'(2s) - kappa'(s))^2: for Gaussian noise e^{s^2 tau^2} (tau^2 + s^2 tau^4).
// Tolerance: Student's law of the eight seeds, with a false-alarm rate of 1e-4 for each of eight.
TEST(PredictedGap, HasItsClosedFormForALinearReward) {
  const double tau = 0.7;
  const double limit =
      boost::math::quantile(boost::math::complement(boost::math::students_t(7.0), 0.5e-4));
  for (const double beta : {2.0, 1.0}) {
    const double s = 1 / beta;
    const auto expect = [&](const SingleIndexModel& model, ReadoutWeights weights, double exact) {
      const Spread found = predicted_variance(model, weights, beta);
      EXPECT_NEAR(found.mean, exact, limit * found.error + 1e-12)
          << readout_weights_name(weights) << " at " << beta;
      EXPECT_LT(found.error, 0.05 * exact);
    };
    const SingleIndexModel gaussian{parse_link("identity"), Noise(NoiseKind::gaussian, tau)};
    const SingleIndexModel signs{parse_link("identity"), Noise(NoiseKind::rademacher, tau)};
    expect(gaussian, ReadoutWeights::uniform, tau * tau * 3);
    const double oracle = std::exp(s * s) * tau * tau * (3 + s * s);
    expect(gaussian, ReadoutWeights::oracle, oracle);
    expect(gaussian, ReadoutWeights::label,
           oracle * std::exp(s * s * tau * tau) * (1 + s * s * tau * tau));
    // xi = +-tau: E e^{2 s xi} (xi - tau tanh(s tau))^2 / cosh(s tau)^2, by its two values.
    const double t = std::tanh(s * tau);
    const double moment =
        0.5 *
        (std::exp(2 * s * tau) * (1 - t) * (1 - t) + std::exp(-2 * s * tau) * (1 + t) * (1 + t)) /
        std::pow(std::cosh(s * tau), 2);
    expect(signs, ReadoutWeights::label, oracle * moment);
  }
}

// One neuron of overlap 0.6: under pi* = N(s, I), the best a is 0.6 and leaves 1 - 0.36; a penalty
// shrinks a to 0.6 / (1 + lambda).
TEST(PredictedGap, ApproximationIsWhatTheFeaturesCannotSay) {
  FirstLayer layer = linear_layer(2);
  layer.weights = Matrix<double>(1, 2);
  layer.weights(0, 0) = 0.6;
  layer.weights(0, 1) = 0.8;
  layer.biases = {0};
  const SingleIndexModel model{parse_link("identity"), {}};
  PredictedGapOptions options;
  options.threads = 1;
  for (const double penalty : {0.0, 0.5}) {
    const double a = 0.6 / (1 + penalty);
    for (const ReadoutWeights weights : {ReadoutWeights::uniform, ReadoutWeights::oracle}) {
      const PredictedGap gap = predicted_gap(layer, model, weights, 1, options, penalty);
      // 2^15 draws tell a second moment to 1 %.
      EXPECT_NEAR(gap.approximation, 1 - 2 * a * 0.6 + a * a, 0.04);
      // J* - J(pi_0) = 1/2.
      EXPECT_NEAR(*gap.efficiency, 1 - *gap.gap / 0.5, 1e-9);
    }
  }
}

/// Neurons along and about theta*.
FirstLayer some_layer(ActivationKind activation) {
  constexpr std::size_t kWidth = 14;
  FirstLayer layer;
  layer.activation = {activation};
  layer.dim = 50;
  layer.weights = Matrix<double>(kWidth, 4);
  for (std::size_t j = 0; j < kWidth; ++j) {
    const double sign = j % 2 == 0 ? 1 : -1;
    const double tilt = j < 10 ? 0.0 : 0.6;
    layer.weights(j, 0) = sign * std::sqrt(1 - tilt * tilt);
    layer.weights(j, 1 + j % 3) = tilt;
    layer.biases.push_back(-3.5 + 7.0 * static_cast<double>(j) / (kWidth - 1));
  }
  return layer;
}

// Against what simulation measures: 100 samples of stage 2, fitted and evaluated, where half of the
// gap is variance. Beyond the quadratic form are terms of relative order delta / beta, and A varies
// by sqrt(m / n2): together a tenth at most (with 600 samples of 4000 rows, 3 to 5 %). The mean
// over 100 errs by its own standard error besides, and the draws that all share by theirs; four of
// those alarm falsely with a probability below 1e-3 in the family.
TEST(PredictedGap, AgreesWithSimulation) {
  constexpr int kReplications = 100;
  const SingleIndexModel model{parse_link("damped_hermite:3"), Noise(NoiseKind::gaussian, 0.3)};
  const FirstLayer layer = some_layer(ActivationKind::tanh);
  PredictedGapOptions options;
  options.samples = 1000;
  const double penalty = 1e-4;
  options.threads = 1;
  options.draws = 1 << 14;
  for (const double beta : {4.0, 2.0}) {
    for (const ReadoutWeights weights :
         {ReadoutWeights::uniform, ReadoutWeights::label, ReadoutWeights::oracle}) {
      std::vector<RidgeFit> fits;
      for (int i = 0; i < kReplications; ++i) {
        const auto seed = static_cast<std::uint64_t>(i + 1);
        const NetworkRows rows(layer, options.samples, seed, "stage2", 1 << 28, 1);
        std::vector<double> truth = rows.directions();
        for (double& z : truth) z = model.link(z);
        std::vector<double> labels(truth.size());
        RandomStream(seed, "noise").fill_normal(0, labels);
        for (std::size_t j = 0; j < labels.size(); ++j) labels[j] = truth[j] + 0.3 * labels[j];
        std::vector<double> log_weights(labels.size());
        if (weights == ReadoutWeights::label) log_weights = tilted_log_weights(labels, beta);
        if (weights == ReadoutWeights::oracle) log_weights = tilted_log_weights(truth, beta);
        RidgeOptions ridge;
        ridge.rule = PenaltyRule::fixed;
        ridge.penalty = penalty;
        ridge.threads = 1;
        fits.push_back(fit_ridge(rows, labels, log_weights, ridge));
      }
      std::vector<PolicyCase> cases;
      for (const RidgeFit& fit : fits) cases.push_back({fit.coefficients, fit.intercept, beta});
      PolicyOptions policy;
      policy.method = PolicyMethod::importance_sampling;
      policy.samples = 1 << 13;
      policy.threads = 1;
      std::vector<double> gaps;
      double shared = 0;
      for (const PolicyValue& value : evaluate_policies(layer, cases, model.link, policy)) {
        EXPECT_TRUE(value.reliable) << value.remark;
        gaps.push_back(value.gap.value);
        shared = std::max(shared, value.gap.standard_error);
      }
      const Spread measured = spread(gaps);
      const PredictedGap predicted = predicted_gap(layer, model, weights, beta, options, penalty);
      EXPECT_GT(*predicted.variance, predicted.approximation);
      EXPECT_NEAR(measured.mean, *predicted.gap,
                  0.1 * *predicted.gap + 4 * std::hypot(measured.error, shared))
          << readout_weights_name(weights) << " at " << beta;
    }
  }
}

TEST(PredictedGap, SaysWhereTheWeightsHaveNoVariance) {
  // E e^{s h_2} is finite for beta > sqrt 2, its square for beta > 2 sqrt 2.
  const SingleIndexModel model{parse_link("hermite:2"), Noise(NoiseKind::gaussian, 0.1)};
  PredictedGapOptions options;
  options.draws = 1 << 12;
  options.threads = 1;
  const PredictedGap none =
      predicted_gap(some_layer(ActivationKind::relu), model, ReadoutWeights::oracle, 2, options);
  EXPECT_FALSE(none.variance.has_value());
  EXPECT_FALSE(none.gap.has_value());
  expect_words(none.remark, "infinite", "no variance");
  EXPECT_TRUE(
      predicted_gap(some_layer(ActivationKind::relu), model, ReadoutWeights::uniform, 2, options)
          .gap.has_value());
  EXPECT_TRUE(
      predicted_gap(some_layer(ActivationKind::relu), model, ReadoutWeights::oracle, 3, options)
          .gap.has_value());
  // Label weights e^{xi / beta} at beta = 1/1000: e^{s^2 tau^2} = e^{10000}.
  const SingleIndexModel tame{parse_link("tanh"), Noise(NoiseKind::gaussian, 0.1)};
  const PredictedGap large =
      predicted_gap(some_layer(ActivationKind::relu), tame, ReadoutWeights::label, 1e-3, options);
  EXPECT_FALSE(large.gap.has_value());
  expect_words(large.remark, "beyond double precision");
}

TEST(PredictedGap, DoesNotDependOnThreads) {
  const SingleIndexModel model{parse_link("cos:2"), Noise(NoiseKind::gaussian, 0.2)};
  PredictedGapOptions options;
  options.draws = 5000;
  options.threads = 1;
  const PredictedGap one =
      predicted_gap(some_layer(ActivationKind::relu), model, ReadoutWeights::label, 1, options);
  for (const int threads : {2, 3}) {
    options.threads = threads;
    const PredictedGap many =
        predicted_gap(some_layer(ActivationKind::relu), model, ReadoutWeights::label, 1, options);
    EXPECT_EQ(*one.variance, *many.variance);
    EXPECT_EQ(one.approximation, many.approximation);
  }
}

// Whoever else is asked for beside it.
TEST(PredictedGap, IsOneNumberAloneAndInCompany) {
  const SingleIndexModel model{parse_link("tanh"), Noise(NoiseKind::gaussian, 0.3)};
  const FirstLayer layer = some_layer(ActivationKind::relu);
  PredictedGapOptions options;
  options.draws = 5000;
  options.threads = 1;
  const std::vector<PredictedReadout> readouts{{ReadoutWeights::oracle, 1e-3},
                                               {ReadoutWeights::uniform, 1e-4},
                                               {ReadoutWeights::label, 1e-2},
                                               {ReadoutWeights::uniform, 0}};
  const std::vector<PredictedGap> all = predicted_gaps(layer, model, readouts, 0.5, options);
  for (std::size_t k = 0; k < readouts.size(); ++k) {
    const PredictedGap alone =
        predicted_gap(layer, model, readouts[k].weights, 0.5, options, readouts[k].penalty);
    EXPECT_EQ(*all[k].gap, *alone.gap);
    EXPECT_EQ(all[k].approximation, alone.approximation);
  }
}

// Neurons that never act, and two that are alike, take no part in the fit.
TEST(PredictedGap, BearsSingularFeatures) {
  FirstLayer layer = some_layer(ActivationKind::relu);
  layer.biases[0] = -60;
  std::copy_n(layer.weights.row(1).begin(), 4, layer.weights.row(3).begin());
  layer.biases[3] = layer.biases[1];
  const SingleIndexModel model{parse_link("tanh"), Noise(NoiseKind::gaussian, 0.2)};
  PredictedGapOptions options;
  options.threads = 1;
  const PredictedGap gap = predicted_gap(layer, model, ReadoutWeights::oracle, 1, options);
  EXPECT_GT(*gap.variance, 0);
  EXPECT_LT(*gap.gap, 0.01);
}

TEST(PredictedGap, RefusesBadInputInWords) {
  const SingleIndexModel model{parse_link("tanh"), {}};
  PredictedGapOptions bad;
  bad.samples = 0;
  const auto text = [&](double beta, const PredictedGapOptions& with, double penalty = 0,
                        ReadoutWeights weights = ReadoutWeights::uniform) {
    return failure_text<UsageError>([&] {
      predicted_gap(some_layer(ActivationKind::relu), model, weights, beta, with, penalty);
    });
  };
  expect_words(text(1, bad), "samples = 0");
  expect_words(text(1, {}, -1), "penalty = -1", "not negative");
  expect_words(text(1, {}, 0, ReadoutWeights::automatic), "weights", "auto", "no formula");
  bad = {};
  bad.draws = std::uint64_t{1} << 50;
  expect_words(text(1, bad), "draws", "memory", "fewer");
  expect_words(text(0, {}), "beta = 0");
}

}  // namespace
}  // namespace esscher
