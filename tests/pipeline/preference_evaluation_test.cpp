#include "esscher/pipeline/preference_evaluation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

/// Pairs of standard normal rows in three dimensions; the log-odds of the first side against the
/// second are a reward's difference, 1.5 x_1 of one less that of the other.
struct StatedPairs {
  explicit StatedPairs(std::size_t pairs, std::uint64_t seed)
      : features(rows_of(pairs, seed)), truth(2 * pairs), rewards(2 * pairs), groups(2 * pairs) {
    const RandomStream stream(seed, "test/wins");
    for (std::size_t i = 0; i < truth.size(); ++i) {
      truth[i] = 1.5 * features.values()(i, 0);
      groups[i] = static_cast<std::uint32_t>(i / 2);
    }
    for (std::size_t p = 0; p < pairs; ++p) {
      const double share = 1 / (1 + std::exp(truth[2 * p + 1] - truth[2 * p]));
      state(p, stream.uniform(p) < share ? 1 : -1);
    }
  }
  /// \param lead  twice the share of wins of the first side, less one
  void state(std::size_t p, double lead) {
    rewards[2 * p] = lead / 2;
    rewards[2 * p + 1] = -lead / 2;
  }
  RewardTable table() const { return {features, rewards, groups, log_weights, {}, true}; }

  HeldFeatures features;
  std::vector<double> truth;
  std::vector<double> rewards;
  std::vector<std::uint32_t> groups;
  std::vector<double> log_weights{};

 private:
  static HeldFeatures rows_of(std::size_t pairs, std::uint64_t seed) {
    std::vector<double> values(2 * pairs * 3);
    RandomStream(seed, "test/sides").fill_normal(0, values);
    Matrix<double> x(2 * pairs, 3);
    std::ranges::copy(values, x.values().begin());
    return HeldFeatures(std::move(x));
  }
};

TrainingOptions pair_options() {
  TrainingOptions options;
  options.deployment_temperatures = {1};
  options.loss = ReadoutLoss::preferences;
  options.weights = {FitWeights::uniform};
  return options;
}

std::vector<std::uint64_t> all_rows(const StatedPairs& data) {
  std::vector<std::uint64_t> rows(data.rewards.size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  return rows;
}

/// The slope of predicted differences within pairs on true ones, and their correlation.
std::pair<double, double> against_truth(const StatedPairs& data, const TrainedReward& reward) {
  const std::vector<double> r =
      predict_reward(reward, data.features, all_rows(data), TrainedReward::kUniform);
  double rr = 0;
  double rt = 0;
  double tt = 0;
  for (std::size_t p = 0; p < r.size() / 2; ++p) {
    const double a = r[2 * p] - r[2 * p + 1];
    const double b = data.truth[2 * p] - data.truth[2 * p + 1];
    rr += a * a;
    rt += a * b;
    tt += b * b;
  }
  return {rt / tt, rt / std::sqrt(rr * tt)};
}

TEST(PreferenceEvaluation, QualityIsWhatItSays) {
  const StatedPairs data(2000, 1);
  // The true log-odds: calibrated, and as often right as they say.
  const PreferenceQuality quality = preference_quality(data.truth, data.table());
  double expected = 0;
  double entropy = 0;
  for (std::size_t p = 0; p < 2000; ++p) {
    const double sure = 1 / (1 + std::exp(-std::abs(data.truth[2 * p] - data.truth[2 * p + 1])));
    expected += sure / 2000;
    entropy -= (sure * std::log(sure) + (1 - sure) * std::log1p(-sure)) / 2000;
  }
  // Four standard errors each: a false alarm in 5000 for the three.
  EXPECT_NEAR(quality.accuracy.value, expected, 4 * quality.accuracy.standard_error);
  EXPECT_NEAR(quality.log_loss->value, entropy, 4 * quality.log_loss->standard_error);
  EXPECT_NEAR(quality.calibration->value, 1, 4 * quality.calibration->standard_error);
  EXPECT_NEAR(quality.accuracy.standard_error, std::sqrt(expected * (1 - expected) / 2000), 2e-4);
  ASSERT_EQ(quality.bins.size(), 5U);
  std::uint64_t pairs = 0;
  for (const CalibrationBin& bin : quality.bins) {
    pairs += bin.pairs;
    // Five bins more, a false alarm in 3000.
    EXPECT_NEAR(bin.observed.value, bin.predicted, 4 * bin.observed.standard_error);
  }
  EXPECT_EQ(pairs, 2000U);
  // Twice as sure as it may be.
  std::vector<double> twice = data.truth;
  for (double& value : twice) value *= 2;
  const PreferenceQuality sure = preference_quality(twice, data.table());
  EXPECT_NEAR(sure.calibration->value, quality.calibration->value / 2, 1e-3);
  EXPECT_EQ(sure.accuracy.value, quality.accuracy.value);
  EXPECT_GT(sure.log_loss->value, quality.log_loss->value);
}

TEST(PreferenceEvaluation, TiesAndWeightsCountAsTheySay) {
  StatedPairs data(3, 2);
  data.state(0, 1);
  data.state(1, -1);
  data.state(2, 0);
  const std::vector<double> r{1, 0, 1, 0, 2, 0};
  const PreferenceQuality equal = preference_quality(r, data.table());
  EXPECT_EQ(equal.pairs, 3U);
  EXPECT_DOUBLE_EQ(equal.accuracy.value, 0.5);
  const double loss = std::log1p(std::exp(-1.0));
  const double tie = std::log1p(std::exp(-2.0)) + 1;
  EXPECT_NEAR(equal.log_loss->value, (loss + (loss + 1) + tie) / 3, 1e-14);
  const double log3 = std::log(3.0);
  data.log_weights = {log3, log3, 0, 0, 0, 0};
  const PreferenceQuality weighted = preference_quality(r, data.table());
  EXPECT_DOUBLE_EQ(weighted.accuracy.value, 0.75);
  EXPECT_NEAR(weighted.log_loss->value, (3 * loss + (loss + 1) + tie) / 5, 1e-14);
  for (std::size_t p = 0; p < 3; ++p) data.state(p, 0);
  EXPECT_THROW(preference_quality(r, data.table()), DataError);
}

TEST(PreferenceEvaluation, RewardsFromPairsAreLogOdds) {
  const StatedPairs data(400, 3);
  const auto [slope, correlation] =
      against_truth(data, train_reward(data.table(), all_rows(data), pair_options()));
  // 400 outcomes tell a slope of log-odds to some 0.1; the fit shrinks a little.
  EXPECT_NEAR(slope, 1, 0.35);
  EXPECT_GT(correlation, 0.9);
}

TEST(PreferenceEvaluation, MarginsTellMoreThanWins) {
  StatedPairs data(150, 4);
  const double wins =
      against_truth(data, train_reward(data.table(), all_rows(data), pair_options())).second;
  for (std::size_t p = 0; p < 150; ++p) {
    data.state(p, std::tanh((data.truth[2 * p] - data.truth[2 * p + 1]) / 2));
  }
  const auto [slope, margins] =
      against_truth(data, train_reward(data.table(), all_rows(data), pair_options()));
  EXPECT_GT(margins, wins);
  EXPECT_GT(margins, 0.98);
  // Their labels are the very log-odds.
  EXPECT_NEAR(slope, 1, 0.12);
}

TEST(PreferenceEvaluation, ExchangedSidesAndTiesChangeNoOrder) {
  // A tie has no winner: what it says is the same from both sides.
  StatedPairs data(60, 5);
  data.state(7, 0);
  const TrainedReward first = train_reward(data.table(), all_rows(data), pair_options());
  data.rewards[14] = -0.0;
  data.rewards[15] = 0.0;
  const TrainedReward second = train_reward(data.table(), all_rows(data), pair_options());
  EXPECT_EQ(predict_reward(first, data.features, all_rows(data), 0),
            predict_reward(second, data.features, all_rows(data), 0));
  ASSERT_TRUE(first.preferences);
  EXPECT_EQ(first.preferences->pairs, 60U);
  EXPECT_EQ(first.preferences->ties, 1U);
}

TEST(PreferenceEvaluation, PairsOfNoWeightSayNothing) {
  // Half the pairs are stated the wrong way round, with next to no weight.
  StatedPairs data(300, 6);
  data.log_weights.assign(600, 0.0);
  for (std::size_t p = 0; p < 300; p += 2) {
    const double right = data.truth[2 * p] > data.truth[2 * p + 1] ? 1 : -1;
    data.state(p, -right);
    data.log_weights[2 * p] = data.log_weights[2 * p + 1] = std::log(1e-9);
  }
  // Were they counted, what is learned would be next to nothing.
  EXPECT_GT(against_truth(data, train_reward(data.table(), all_rows(data), pair_options())).second,
            0.85);
}

TEST(PreferenceEvaluation, HeldOutPairsTellTheTruth) {
  const StatedPairs data(400, 7);
  const PairEvaluation result = evaluate_pairs(data.table(), pair_options(), 4);
  ASSERT_EQ(result.rewards.size(), 2U);
  EXPECT_EQ(result.rewards[0].name, "uniform");
  EXPECT_EQ(result.rewards[1].name, "linear");
  const double best = preference_quality(data.truth, data.table()).accuracy.value;
  for (const auto& [name, quality] : result.rewards) {
    EXPECT_EQ(quality.pairs, 400U);
    // Hardly better than the truth, and not much worse: two standard errors of 400 pairs are 0.05.
    EXPECT_NEAR(quality.accuracy.value, best, 0.06) << name;
    EXPECT_LT(quality.log_loss->value, std::log(2.0)) << name;
    EXPECT_NEAR(quality.calibration->value, 1, 4 * quality.calibration->standard_error) << name;
  }
}

TEST(PreferenceEvaluation, CoinsAreNoReward) {
  StatedPairs data(120, 8);
  const RandomStream stream(8, "test/coins");
  for (std::size_t p = 0; p < 120; ++p) data.state(p, stream.uniform(p) < 0.5 ? 1 : -1);
  const PairEvaluation result = evaluate_pairs(data.table(), pair_options(), 3);
  EXPECT_TRUE(std::ranges::any_of(result.remarks, [](const std::string& remark) {
    return remark.find("not surely better than a coin") != std::string::npos;
  }));
}

TEST(PreferenceEvaluation, TheTablesOwnFoldsAreHeldOut) {
  const StatedPairs data(90, 10);
  std::vector<std::uint32_t> folds(180);
  for (std::size_t i = 0; i < folds.size(); ++i) folds[i] = i / 2 % 3 == 0 ? 1 : i < 90 ? 0 : 2;
  RewardTable table = data.table();
  table.folds = folds;
  const PairEvaluation result = evaluate_pairs(table, pair_options(), 5);
  EXPECT_EQ(result.folds, 3);
  EXPECT_EQ(result.penalties.size(), 3U);
  EXPECT_EQ(result.rewards[0].quality.pairs, 90U);
  const auto refusal = [&] {
    try {
      evaluate_pairs(table, pair_options(), 5);
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string("(no error)");
  };
  std::vector<std::uint32_t> clusters = data.groups;
  clusters[6] = clusters[7] = 0;
  table.clusters = clusters;
  folds[6] = folds[7] = 0;
  EXPECT_EQ(
      refusal(),
      "--fold: pairs 1 and 4 are of one cluster, and lie in folds 2 and 1; put them into one, "
      "or leave --fold out");
  table.clusters = {};
  std::ranges::fill(folds, 0U);
  EXPECT_EQ(refusal(), "--fold: all rows are of one fold; give a column of two values or more");
}

/// Statements \p chosen, by number, of the pairs of \p data.
StatedPairs restated(const StatedPairs& data, std::span<const std::size_t> chosen) {
  StatedPairs result(chosen.size(), 1);
  Matrix<double> sides(2 * chosen.size(), 3);
  for (std::size_t i = 0; i < 2 * chosen.size(); ++i) {
    const std::size_t row = 2 * chosen[i / 2] + i % 2;
    std::ranges::copy(data.features.values().row(row), sides.row(i).begin());
    result.rewards[i] = data.rewards[row];
  }
  result.features = HeldFeatures(std::move(sides));
  return result;
}

TEST(PreferenceEvaluation, CopiesOfAPairAreItsWeight) {
  constexpr std::size_t kPairs = 90;
  StatedPairs once(kPairs, 11);
  std::vector<std::size_t> copies;
  once.log_weights.resize(2 * kPairs);
  // The first copy of each pair first, so that the rest stand far from theirs.
  for (std::size_t copy = 0; copy < 3; ++copy) {
    for (std::size_t p = 0; p < kPairs; ++p) {
      const std::size_t count = p % 3 + 1;
      if (copy < count) copies.push_back(p);
      once.log_weights[2 * p] = once.log_weights[2 * p + 1] = std::log(static_cast<double>(count));
    }
  }
  const StatedPairs many = restated(once, copies);
  const TrainedReward weighted = train_reward(once.table(), all_rows(once), pair_options());
  const TrainedReward copied = train_reward(many.table(), all_rows(many), pair_options());
  EXPECT_EQ(copied.preferences->pairs, 180U);
  EXPECT_EQ(copied.replicates->text(),
            "180 pairs are 90 distinct ones (pair 3 is there 3 times), merged into one weighted "
            "pair each, with its share of wins.");
  const Matrix<double> a = predict_rewards(weighted, once.features, all_rows(once));
  const Matrix<double> b = predict_rewards(copied, once.features, all_rows(once));
  for (std::size_t i = 0; i < a.values().size(); ++i) {
    EXPECT_NEAR(a.values()[i], b.values()[i], 1e-9);
  }
  // Accuracy and log-loss are those of all statements, with the error of distinct pairs.
  const PairEvaluation of_weights = evaluate_pairs(once.table(), pair_options(), 4);
  const PairEvaluation of_copies = evaluate_pairs(many.table(), pair_options(), 4);
  const PreferenceQuality& one = of_weights.rewards[0].quality;
  const PreferenceQuality& other = of_copies.rewards[0].quality;
  EXPECT_EQ(one.pairs, kPairs);
  EXPECT_EQ(other.pairs, 180U);
  EXPECT_NEAR(one.accuracy.value, other.accuracy.value, 1e-9);
  EXPECT_NEAR(one.accuracy.standard_error, other.accuracy.standard_error, 1e-9);
  EXPECT_NEAR(one.log_loss->value, other.log_loss->value, 1e-9);
}

TEST(PreferenceEvaluation, APairThatIsStatedBothWaysIsItsShareOfWins) {
  constexpr std::size_t kPairs = 60;
  StatedPairs shares(kPairs, 12);
  std::vector<std::size_t> copies;
  for (std::size_t p = 0; p < kPairs; ++p) {
    copies.insert(copies.end(), 4, p);
    shares.state(p, 1);
  }
  StatedPairs many = restated(shares, copies);
  for (std::size_t i = 0; i < copies.size(); ++i) {
    if (i % 4 == 3) many.state(i, -1);
  }
  for (std::size_t p = 0; p < kPairs; ++p) shares.state(p, 0.5);
  const TrainedReward stated = train_reward(shares.table(), all_rows(shares), pair_options());
  const TrainedReward merged = train_reward(many.table(), all_rows(many), pair_options());
  const Matrix<double> a = predict_rewards(stated, shares.features, all_rows(shares));
  const Matrix<double> b = predict_rewards(merged, shares.features, all_rows(shares));
  for (std::size_t i = 0; i < a.values().size(); ++i) {
    EXPECT_NEAR(a.values()[i], b.values()[i], 1e-9);
  }
}

TEST(PreferenceEvaluation, OptionsThatNeedARewardAreRefused) {
  const StatedPairs data(20, 9);
  const auto refusal = [&](const TrainingOptions& options) {
    try {
      train_reward(data.table(), all_rows(data), options);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("(no error)");
  };
  TrainingOptions options = pair_options();
  options.loss = ReadoutLoss::squared;
  EXPECT_EQ(refusal(options),
            "--loss = squared: pairs are preferences, without a reward; take preferences");
  options = pair_options();
  options.weights = {FitWeights::label};
  EXPECT_EQ(refusal(options), "--weights = label: pairs have no reward to weigh by; take uniform");
}

}  // namespace
}  // namespace esscher
