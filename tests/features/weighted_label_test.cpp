#include "esscher/features/weighted_label.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "../theory/golden.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/gaussian/quadrature.h"

namespace esscher {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

WeightedLabel plain_label(Weighting weighting, double s) {
  WeightedLabel label;
  label.weighting = weighting;
  label.inverse_temperature = s;
  return label;
}

template <class Call>
std::string label_message(Call call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no UsageError";
}

TEST(WeightedLabel, MomentsAgreeWithTheGoldenSingleIndexValues) {
  const nlohmann::json golden = golden::load("single_index.json");
  for (const auto& [name, values] : golden.at("links").items()) {
    const SingleIndexModel model{golden::link(name), Noise()};
    for (const auto& row : values.at("tilt")) {
      const double beta = row.at("beta").get<double>();
      SCOPED_TRACE(name + " at beta " + row.at("beta").dump());
      // The golden integrals stop at |z| = 14 (tests/golden/README.md).
      const bool truncated = (name == "identity" || name == "relu") && beta == 0.25;
      const WeightedLabelMoments exp =
          weighted_label_moments(model, plain_label(Weighting::exp, 1 / beta), 8);
      const WeightedLabelMoments label_exp =
          weighted_label_moments(model, plain_label(Weighting::label_exp, 1 / beta), 8);
      for (std::size_t k = 0; k <= 8; ++k) {
        EXPECT_TRUE(golden::agrees(exp.signal[k], row["signal_exp"][k])) << k;
        EXPECT_TRUE(golden::agrees(label_exp.signal[k], row["signal_label_exp"][k])) << k;
      }
      EXPECT_EQ(exp.mean, exp.signal[0]);
      if (truncated) continue;
      EXPECT_TRUE(golden::agrees(label_exp.root_mean_square * label_exp.root_mean_square,
                                 row["second_moment_label_exp"]));
    }
  }
}

// y = z + xi with xi ~ N(0, tau^2) is N(0, v), and E[h_1(z) | y] = y / v: another way to the same
// moments, with one integral over y. Both sides are good to 1e-10 by their own account.
TEST(WeightedLabel, ClippedUnderGaussianNoiseIsOneIntegralOverTheLabel) {
  for (const double tau : {1e-3, 0.7}) {
    for (const auto& [low, high] : {std::pair(-1.0, 1.5), {-kUnbounded, 0.5}, {0.0, 2.0}}) {
      for (const Weighting weighting :
           {Weighting::none, Weighting::exp, Weighting::label_exp, Weighting::centred}) {
        for (const double s : {1.0, 8.0}) {
          SCOPED_TRACE(std::string(weighting_name(weighting)) + ", tau " + std::to_string(tau) +
                       ", high " + std::to_string(high) + ", s " + std::to_string(s));
          WeightedLabel label = plain_label(weighting, s);
          label.centre = 0.4;
          label.clip_low = low;
          label.clip_high = high;
          const SingleIndexModel model{parse_link("identity"), Noise(NoiseKind::gaussian, tau)};
          const WeightedLabelMoments moments = weighted_label_moments(model, label, 1);
          const double deviation = std::sqrt(1 + tau * tau);
          std::vector<double> breaks;
          for (const double limit : {low, high}) {
            if (std::isfinite(limit)) breaks.push_back(limit / deviation);
          }
          const auto mean = [&](auto g) {
            return gaussian_expectation([&](double x) { return g(deviation * x); }, breaks).value;
          };
          const double rms = std::sqrt(mean([&](double y) { return label(y) * label(y); }));
          EXPECT_NEAR(moments.root_mean_square, rms, 1e-9 * rms);
          EXPECT_NEAR(moments.mean, mean(label), 1e-9 * rms);
          EXPECT_NEAR(moments.signal[1],
                      mean([&](double y) { return label(y) * y / (deviation * deviation); }),
                      1e-9 * rms);
        }
      }
    }
  }
}

// The density of z + xi with xi uniform on [-a, a] is (Phi(y + a) - Phi(y - a)) / 2a.
TEST(WeightedLabel, ClippedUnderUniformNoiseIsOneIntegralOverTheLabel) {
  for (const double tau : {0.05, 0.6}) {
    const double a = std::sqrt(3.0) * tau;
    for (const double s : {0.5, 5.0}) {
      WeightedLabel label = plain_label(Weighting::label_exp, s);
      label.clip_low = -0.8;
      label.clip_high = 1.1;
      const SingleIndexModel model{parse_link("identity"), Noise(NoiseKind::uniform, tau)};
      const WeightedLabelMoments moments = weighted_label_moments(model, label, 0);
      const auto mean = [&](auto g) {
        return gaussian_expectation(
                   [&](double y) {
                     const double mass = (std::erfc(-(y + a) / std::numbers::sqrt2) -
                                          std::erfc(-(y - a) / std::numbers::sqrt2)) /
                                         2;
                     const double density = std::exp(-y * y / 2) / std::sqrt(2 * std::numbers::pi);
                     return std::abs(y) > 12 ? 0 : g(y) * mass / (2 * a) / density;
                   },
                   std::vector<double>{-12, label.clip_low, label.clip_high, 12})
            .value;
      };
      const double rms = std::sqrt(mean([&](double y) { return label(y) * label(y); }));
      EXPECT_NEAR(moments.root_mean_square, rms, 1e-9 * rms);
      EXPECT_NEAR(moments.mean, mean(label), 1e-9 * rms);
    }
  }
}

TEST(WeightedLabel, UnderRademacherNoiseIsAMixtureOfTwoShifts) {
  const double tau = 0.6;
  const Link link = parse_link("sin:2");
  for (const double high : {0.9, kUnbounded}) {
    WeightedLabel label = plain_label(Weighting::label_exp, 1.3);
    label.clip_high = high;
    const auto moments_of = [&](const SingleIndexModel& model) {
      return weighted_label_moments(model, label, 3);
    };
    const WeightedLabelMoments noisy = moments_of({link, Noise(NoiseKind::rademacher, tau)});
    const WeightedLabelMoments up = moments_of({shifted(link, tau), Noise()});
    const WeightedLabelMoments down = moments_of({shifted(link, -tau), Noise()});
    for (std::size_t k = 0; k <= 3; ++k) {
      EXPECT_NEAR(noisy.signal[k], (up.signal[k] + down.signal[k]) / 2, 1e-11);
    }
  }
}

// Limits that no label comes near change nothing: cumulants and the sum over the noise agree.
TEST(WeightedLabel, FarLimitsChangeNothing) {
  for (const char* noise : {"none", "gaussian:0.4", "uniform:0.4", "rademacher:0.4"}) {
    const SingleIndexModel model{parse_link("tanh"), parse_noise(noise)};
    for (const double s : {1.0, 6.0}) {
      const WeightedLabel open = plain_label(Weighting::label_exp, s);
      WeightedLabel wide = open;
      wide.clip_low = -50;
      wide.clip_high = 50;
      const WeightedLabelMoments a = weighted_label_moments(model, open, 2);
      const WeightedLabelMoments b = weighted_label_moments(model, wide, 2);
      EXPECT_NEAR(a.root_mean_square / b.root_mean_square, 1, 1e-10) << noise << ", " << s;
      for (std::size_t k = 0; k <= 2; ++k) {
        EXPECT_NEAR(a.signal[k], b.signal[k], 1e-10 * a.root_mean_square) << noise << ", " << s;
      }
    }
  }
}

TEST(WeightedLabel, StandardisedHasMeanSquareOneAndCentredHasMeanZero) {
  for (const char* noise : {"none", "gaussian:0.3", "uniform:1", "rademacher:0.2"}) {
    const SingleIndexModel model{parse_link("damped_hermite:3"), parse_noise(noise)};
    for (const double beta : {1e-3, 1.0}) {
      for (const double high : {0.7, kUnbounded}) {
        for (const Weighting weighting :
             {Weighting::none, Weighting::exp, Weighting::label_exp, Weighting::centred}) {
          SCOPED_TRACE(std::string(weighting_name(weighting)) + ", " + noise + ", beta " +
                       std::to_string(beta) + ", high " + std::to_string(high));
          const WeightedLabel label = standardised_label(model, weighting, beta, -kUnbounded, high);
          const WeightedLabelMoments moments = weighted_label_moments(model, label, 0);
          EXPECT_NEAR(moments.root_mean_square, 1, 1e-8);
          // E[(y - c) e^{sy}] / E[e^{sy}] = 0 up to the rounding of c.
          if (weighting == Weighting::centred) {
            EXPECT_NEAR(moments.mean, 0, 1e-8);
          }
        }
      }
    }
  }
}

// The signs of T matter to stage 1; a scale does not change them.
TEST(WeightedLabel, ScaleDividesTheLabel) {
  WeightedLabel label = plain_label(Weighting::label_exp, 2);
  label.log_scale = std::log(5.0);
  EXPECT_NEAR(label(-0.7), -0.7 * std::exp(-1.4) / 5, 1e-16);
  label.weighting = Weighting::none;
  EXPECT_NEAR(label(-0.7), -0.7 / 5, 1e-16);
  label.weighting = Weighting::exp;
  label.clip_high = 0.5;
  EXPECT_NEAR(label(3), std::exp(1.0) / 5, 1e-15);
}

// Highway's exp is good to one unit in the last place, the rest is at most three roundings; the
// argument's own rounding counts |s y - log_scale| times.
RC_GTEST_PROP(WeightedLabel, InBlocksIsTheLabelOfEach, ()) {
  WeightedLabel label;
  label.weighting =
      *rc::gen::element(Weighting::none, Weighting::exp, Weighting::label_exp, Weighting::centred);
  label.inverse_temperature = *rc::gen::inRange(1, 100) / 10.0;
  label.log_scale = *rc::gen::inRange(-50, 50) / 10.0;
  label.centre = *rc::gen::inRange(-10, 10) / 10.0;
  if (*rc::gen::arbitrary<bool>()) label.clip_high = *rc::gen::inRange(0, 20) / 10.0;
  if (*rc::gen::arbitrary<bool>()) label.clip_low = *rc::gen::inRange(-20, 0) / 10.0 - 0.01;
  const auto count = static_cast<std::size_t>(*rc::gen::inRange(0, 40));
  std::vector<double> y(count);
  RandomStream(static_cast<std::uint64_t>(count), "y").fill_normal(0, std::span<double>(y));
  std::vector<double> out(count);
  label.apply(y, out);
  label.apply(y, y);
  RC_ASSERT(out == y);
  RandomStream(static_cast<std::uint64_t>(count), "y").fill_normal(0, std::span<double>(y));
  for (std::size_t i = 0; i < count; ++i) {
    const double expected = label(y[i]);
    const double size = 6 + std::abs(label.inverse_temperature * y[i]) + std::abs(label.log_scale);
    RC_ASSERT(std::abs(out[i] - expected) <= size * 2.3e-16 * std::abs(expected));
  }
}

TEST(WeightedLabel, NeverOverflows) {
  const WeightedLabel label = plain_label(Weighting::exp, 1e9);
  std::vector<double> y{1e9, 1e300, -1e300};
  label.apply(y, y);
  EXPECT_TRUE(std::isfinite(label(1e300)));
  for (const double value : y) EXPECT_TRUE(std::isfinite(value));
}

TEST(WeightedLabel, RefusesAnInfiniteSecondMoment) {
  const auto standardise = [](const char* link, double beta, double high) {
    return standardised_label({parse_link(link), Noise()}, Weighting::label_exp, beta, -kUnbounded,
                              high);
  };
  // h_2 = (z^2 - 1)/sqrt 2: E e^{2f/beta} is finite above 4/sqrt 2.
  EXPECT_EQ(label_message([&] { standardise("hermite:2", 2.5, kUnbounded); }),
            "--feature-temperature = 2.5: the weighted label has an infinite second moment: "
            "hermite:2 grows like 0.707107 z^2, so E e^{2f/beta} is finite only above 2.82843; "
            "limit the labels, for example --label-clip=-5,5, or raise the temperature");
  EXPECT_EQ(label_message([&] { standardise("hermite:3", 9, kUnbounded); }),
            "--feature-temperature = 9: the weighted label has an infinite second moment: "
            "hermite:3 grows faster than z^2, so E e^{2f/beta} is infinite at every temperature; "
            "limit the labels, for example --label-clip=-5,5");
  EXPECT_NO_THROW(standardise("hermite:2", 2.9, kUnbounded));
  EXPECT_NO_THROW(standardise("hermite:2", 0.5, 3));
  EXPECT_NO_THROW(standardise("hermite:3", 1, 5));
  EXPECT_NO_THROW(standardised_label({parse_link("hermite:3"), Noise()}, Weighting::none, 1,
                                     -kUnbounded, kUnbounded));
}

// E (y e^{sy})^2 for y = h_2(Z): with r = 1 - 2 sqrt 2 s, E e^{2sy} = e^{-sqrt 2 s} / sqrt r, and
// the second derivative of it in 2s is the moment.
TEST(WeightedLabel, SecondMomentNearItsLimitHasItsClosedForm) {
  for (const double s : {0.1, 0.3, 0.35}) {
    const double t = 2 * s;
    const double r = 1 - std::numbers::sqrt2 * t;
    const double first = (1 / r - 1) / std::numbers::sqrt2;  // d/dt of the logarithm
    const double second = 1 / (r * r);
    const double moment =
        std::exp(-t / std::numbers::sqrt2) / std::sqrt(r) * (first * first + second);
    const WeightedLabelMoments moments = weighted_label_moments(
        {parse_link("hermite:2"), Noise()}, plain_label(Weighting::label_exp, s), 0);
    EXPECT_NEAR(moments.root_mean_square, std::sqrt(moment), 1e-9 * std::sqrt(moment)) << s;
  }
}

TEST(WeightedLabel, RefusesBadInput) {
  const SingleIndexModel model{parse_link("tanh"), Noise()};
  EXPECT_EQ(label_message([&] { standardised_label(model, Weighting::exp, 1, 2, 1); }),
            "--label-clip = 2,1: needs two limits, the lower one first");
  EXPECT_EQ(label_message([&] { standardised_label(model, Weighting::exp, 1, 2, NAN); }),
            "--label-clip = 2,nan: needs two limits, the lower one first");
  EXPECT_NE(label_message([&] {
              standardised_label(model, Weighting::exp, 0, -kUnbounded, kUnbounded);
            }).find("--feature-temperature = 0: "),
            std::string::npos);
  EXPECT_NO_THROW(standardised_label(model, Weighting::none, 0, -kUnbounded, kUnbounded));
  EXPECT_EQ(label_message([&] {
              standardised_label({parse_link("formula:0*z"), Noise()}, Weighting::none, 1,
                                 -kUnbounded, kUnbounded);
            }),
            "--link = 0*z: the weighted label is always 0, so that nothing can be learned; "
            "take another link, or a wider --label-clip");
  EXPECT_THROW(weighted_label_moments(model, {}, -1), UsageError);
  std::vector<double> two(2);
  std::vector<double> three(3);
  EXPECT_THROW(WeightedLabel().apply(two, three), InternalError);
}

TEST(WeightedLabel, WeightingsAreReadByTheirNames) {
  for (const Weighting weighting :
       {Weighting::none, Weighting::exp, Weighting::label_exp, Weighting::centred}) {
    EXPECT_EQ(parse_weighting(weighting_name(weighting)), weighting);
  }
  EXPECT_EQ(label_message([] { parse_weighting("labelexp", "--weighting"); }),
            "--weighting = labelexp: no weighting has this name; did you mean label_exp? "
            "write none, exp, label_exp or centred");
  EXPECT_EQ(label_message([] { parse_weighting("boltzmann"); }),
            "weighting = boltzmann: no weighting has this name; "
            "write none, exp, label_exp or centred");
}

}  // namespace
}  // namespace esscher
