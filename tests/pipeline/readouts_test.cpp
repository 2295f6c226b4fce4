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
  std::vector<std::unique_ptr<const MetricRows>> features() const {
    std::vector<std::unique_ptr<const MetricRows>> made;
    for (std::uint32_t fold = 0; fold <= 5; ++fold) {
      std::vector<std::uint64_t> others;
      for (std::uint64_t i = 0; i < 120; ++i) {
        if (folds[i] != fold) others.push_back(i);
      }
      made.push_back(
          std::make_unique<const MetricRows>(rows, KernelMetric{{}, {1, 1, 1}}, others, 1));
    }
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
  std::vector<double> penalties{0.01};
  TrainedReward reward{};
  Readouts readouts{fits, penalties, labels, labels, options, reward};
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
  const CrossFit fit = data.fits.choose(data.penalties);
  const std::vector<double> targets =
      predict(data.fits.all(), fit.fit.coefficients, fit.fit.intercept, 1);
  const KernelPoints landmarks =
      data.fits.all().kernel().points(data.fits.all().landmarks().view());
  Matrix<double> k(landmarks.size(), landmarks.size());
  data.fits.all().kernel().values(landmarks, landmarks, k.view());
  // All rows are landmarks, in their order.
  for (std::size_t i = 0; i < 120; ++i) {
    double r = head.intercept;
    for (std::size_t j = 0; j < 120; ++j) r += k(i, j) * head.readout[j];
    EXPECT_NEAR(r, data.labels.mean() + data.labels.sd() * targets[i], 1e-6);
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
