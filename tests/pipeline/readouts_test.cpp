#include "pipeline/readouts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>

#include "esscher/base/random.h"
#include "esscher/data/folds.h"
#include "single_index_table.h"

namespace esscher::internal {
namespace {

/// The readouts of 120 rows on fixed features.
struct Regression {
  static std::vector<std::uint64_t> all() {
    std::vector<std::uint64_t> numbers(120);
    std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
    return numbers;
  }
  static FeatureTransform identity() {
    FeatureTransform transform;
    transform.mean.assign(3, 0.0);
    transform.scale.assign(3, 1.0);
    return transform;
  }
  std::vector<KernelFeatures> features() const {
    std::vector<KernelFeatures> made(2);
    for (std::uint32_t fold = 0; fold <= 5; ++fold) {
      std::vector<std::uint64_t> others;
      for (std::uint64_t i = 0; i < 120; ++i) {
        if (folds[i] != fold) others.push_back(i);
      }
      const KernelMetric metric{{}, {1, 1, 1}};
      made[0].rows.push_back(
          std::make_unique<const MetricRows>(rows, metric, KernelFamily::networks, others, 1));
      made[1].rows.push_back(
          std::make_unique<const MetricRows>(rows, metric, KernelFamily::quadratic, others, 1));
    }
    for (KernelFeatures& kernel : made) kernel.penalties = {0.01};
    return made;
  }

  testing_support::SingleIndexTable data{120, 3, 1, 20};
  std::vector<std::uint64_t> numbers = all();
  FeatureTransform transform = identity();
  TrainingOptions options{.deployment_temperatures = {1}};
  std::vector<std::uint32_t> folds = assign_folds(120, {}, 5, 1);
  TransformedRows rows{data.features, numbers, transform, 1};
  TrainingLabels labels{data.table(), numbers};
  std::vector<double> even = labels.even_log_weights();
  FoldedFits fits{features(), labels.values(), folds, {}, even, options};
  TrainedReward reward{};
  Readouts readouts{fits, labels, labels, options, reward};
};

TEST(Readouts, EachIsFittedOnce) {
  Regression data;
  Readouts& readouts = data.readouts;
  EXPECT_EQ(readouts.deploy(FitWeights::uniform, 1).head, 0);
  EXPECT_EQ(readouts.deploy(FitWeights::uniform, 2).head, 0);
  const std::size_t head = readouts.deploy(FitWeights::label, 1).head;
  EXPECT_EQ(readouts.deploy(FitWeights::label, 1).head, head);
  EXPECT_NE(readouts.deploy(FitWeights::surrogate, 1).head, head);
  EXPECT_EQ(data.reward.heads.size(), 3);
}

TEST(Readouts, HeadsPredictInTheUnitOfTheReward) {
  Regression data;
  const RewardHead& head = data.reward.heads[0];
  const std::size_t m = data.fits.all(0).columns();
  ASSERT_EQ(m, 120);
  ASSERT_EQ(head.readout.size(), 2 * m);
  const std::vector<double> factor{1};
  const CrossFit fit = data.fits.fit({data.even}, factor).front();
  std::vector<double> targets(120, fit.fit.intercept);
  std::vector<double> rewards(120, head.intercept);
  for (std::size_t k = 0; k < 2; ++k) {
    const MetricRows& rows = data.fits.all(k);
    const std::span<const double> own = std::span(fit.fit.coefficients).subspan(k * m, m);
    const std::vector<double> part = predict(rows, {own.begin(), own.end()}, 0, 1);
    // All rows are landmarks, in their order.
    const KernelPoints landmarks = rows.kernel().points(rows.landmarks().view());
    Matrix<double> values(m, m);
    rows.kernel().values(landmarks, landmarks, values.view());
    for (std::size_t i = 0; i < m; ++i) {
      targets[i] += part[i];
      for (std::size_t j = 0; j < m; ++j) rewards[i] += values(i, j) * head.readout[k * m + j];
    }
  }
  for (std::size_t i = 0; i < m; ++i) {
    EXPECT_NEAR(rewards[i], data.labels.mean() + data.labels.sd() * targets[i], 1e-5);
  }
}

TEST(Readouts, AutomaticOnesAreMixedAndScaledOnce) {
  Regression data;
  const Deployment deployment = data.readouts.deploy(FitWeights::automatic, 0.3);
  EXPECT_GT(deployment.scale, 0);
  EXPECT_LE(deployment.scale, 1);
  EXPECT_NE(deployment.reason.find("a mean of readouts: "), std::string::npos);
  ASSERT_LT(deployment.head, data.reward.heads.size());
  if (deployment.head != 0) {
    EXPECT_EQ(data.reward.heads[deployment.head].weights, ReadoutWeights::automatic);
  }
}

}  // namespace
}  // namespace esscher::internal
