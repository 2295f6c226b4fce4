#include "pipeline/noise_free_gain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "esscher/base/random.h"
#include "esscher/pipeline/table_evaluation.h"

namespace esscher::internal {
namespace {

enum class Law { normal, skewed, two_point };

/// One draw, of variance 1.
double reward_of(Law law, double z) {
  if (law == Law::two_point) return z > 0 ? 1 : -1;
  if (law == Law::normal) return z;
  // Log-normal with a shape of 0.4.
  constexpr double kShape = 0.4;
  const double mean = std::exp(kShape * kShape / 2);
  return (std::exp(kShape * z) - mean) / (mean * std::sqrt(std::exp(kShape * kShape) - 1));
}

struct Gains {
  double truth = 0;
  double corrected = 0;
  double plain = 0;
};

/// Means over tables of 600 designs, each measured twice with so much noise.
Gains mean_gains(Law law, double noise_sd, double beta, bool grouped) {
  constexpr std::size_t kDesigns = 600;
  constexpr int kTables = 20;
  Gains mean;
  for (std::uint64_t seed = 1; seed <= kTables; ++seed) {
    std::vector<double> f(kDesigns);
    std::vector<double> y(kDesigns);
    RandomStream(seed, "test/f").fill_normal(0, f);
    RandomStream(seed, "test/e").fill_normal(0, y);
    std::vector<std::uint32_t> groups;
    for (std::size_t i = 0; i < kDesigns; ++i) {
      f[i] = reward_of(law, f[i]);
      y[i] = f[i] + noise_sd / std::sqrt(2.0) * y[i];
      if (grouped) groups.push_back(static_cast<std::uint32_t>(i / 6));
    }
    const TableReference reference{kDesigns, groups};
    TablePolicyOptions options{.beta = beta, .bootstrap = 0};
    const LabelNoise noise{noise_sd, std::vector<double>(kDesigns, 0.5)};
    const std::vector<double> betas{beta};
    mean.truth += table_policy_value(f, f, reference, options).gain.value / kTables;
    mean.plain += table_policy_value(y, y, reference, options).gain.value / kTables;
    mean.corrected += noise_free_gain(y, noise, reference, betas, options)[0] / kTables;
  }
  return mean;
}

// At a reliability of 0.8 (of the mean of two labels) within 8 % down to half a standard deviation
// and 15 % at a fifth, whatever the law, where the labels themselves are off by up to 69 %; of 20
// tables' mean 1 to 2 % are chance.
TEST(NoiseFreeGain, IsWhatNoiseFreeRewardsWouldGain) {
  for (const Law law : {Law::normal, Law::skewed, Law::two_point}) {
    for (const bool grouped : {false, true}) {
      for (const double beta : {2.0, 1.0, 0.5, 0.2}) {
        const Gains gains = mean_gains(law, 0.7, beta, grouped);
        EXPECT_NEAR(gains.corrected / gains.truth, 1, beta < 0.5 ? 0.15 : 0.08)
            << static_cast<int>(law) << " " << beta << " " << grouped;
        EXPECT_LT(std::abs(gains.corrected - gains.truth), std::abs(gains.plain - gains.truth))
            << static_cast<int>(law) << " " << beta << " " << grouped;
      }
    }
  }
}

// At one of 0.5 within 20 %, where the labels are off by up to a factor of two.
TEST(NoiseFreeGain, BearsAsMuchNoiseAsReward) {
  for (const Law law : {Law::normal, Law::skewed}) {
    for (const bool grouped : {false, true}) {
      for (const double beta : {2.0, 1.0, 0.5}) {
        const Gains gains = mean_gains(law, 1.4, beta, grouped);
        EXPECT_NEAR(gains.corrected / gains.truth, 1, 0.2)
            << static_cast<int>(law) << " " << beta << " " << grouped;
      }
    }
  }
}

TEST(NoiseFreeGain, GroupsOfOneRowTellNothingOfTheLaw) {
  constexpr std::size_t kRows = 120;
  std::vector<double> y(kRows);
  RandomStream(3, "test/y").fill_normal(0, y);
  std::vector<std::uint32_t> groups;
  for (std::size_t i = 0; i < kRows; ++i) groups.push_back(static_cast<std::uint32_t>(i / 6));
  const std::vector<double> betas{0.5};
  const auto gain = [&] {
    return noise_free_gain(y, {0.5, std::vector<double>(y.size(), 0.5)}, {y.size(), groups}, betas,
                           {.beta = 0.5, .bootstrap = 0})[0];
  };
  const double alone = gain();
  // As many groups again, in which there is nothing to choose: half the mean over groups.
  for (std::uint32_t g = 20; g < 40; ++g) {
    y.push_back(7);
    groups.push_back(g);
  }
  EXPECT_GT(alone, 0.1);
  EXPECT_NEAR(2 * gain(), alone, 1e-9);
}

TEST(NoiseFreeGain, OfNoiseAloneIsNone) {
  std::vector<double> y(400);
  RandomStream(3, "test/e").fill_normal(0, y);
  const LabelNoise noise{1.2, std::vector<double>(400, 1.0)};
  const std::vector<double> betas{1, 0.5};
  EXPECT_EQ(noise_free_gain(y, noise, {400}, betas, {.bootstrap = 0}), (std::vector<double>{0, 0}));
}

TEST(NoiseFreeGain, OfLittleNoiseIsNearlyThatOfTheLabels) {
  std::vector<double> y(300);
  RandomStream(4, "test/y").fill_normal(0, y);
  const LabelNoise noise{1e-4, std::vector<double>(300, 1.0)};
  const std::vector<double> betas{0.5};
  const TablePolicyOptions options{.beta = 0.5, .bootstrap = 0};
  // Of 512 cells over 6 standard deviations a draw is off by 0.006 / sqrt(12) at most.
  EXPECT_NEAR(noise_free_gain(y, noise, {300}, betas, options)[0],
              table_policy_value(y, y, {300}, options).gain.value, 0.003);
}

}  // namespace
}  // namespace esscher::internal
