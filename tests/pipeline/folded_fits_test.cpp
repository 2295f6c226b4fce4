#include "pipeline/folded_fits.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>

#include "esscher/data/folds.h"
#include "pipeline/training_labels.h"
#include "single_index_table.h"

namespace esscher::internal {
namespace {

/// Features in metrics of their own for each of three folds of 90 rows, and for all of them.
struct Folded {
  explicit Folded(ReadoutLoss loss = ReadoutLoss::squared, bool grouped = false)
      : data(90, 3, 3, 8), numbers(90) {
    std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
    options.loss = loss;
    options.deployment_temperatures = {1};
    labels.emplace(data.table(grouped), numbers);
    folds = assign_folds(90, labels->groups(), 3, 1);
    transform.kind = TransformKind::none;
    transform.mean.assign(3, 0.0);
    transform.scale.assign(3, 1.0);
    rows.emplace(data.features, numbers, transform, 1);
    even = labels->even_log_weights();
  }

  /// With penalties to choose from, on one kernel or several.
  void fit(std::vector<double> penalties, std::size_t kernels = 1) {
    constexpr std::array kFamilies{KernelFamily::networks, KernelFamily::quadratic};
    std::vector<KernelFeatures> features(kernels);
    kept.clear();
    for (std::size_t k = 0; k < kernels; ++k) {
      features[k].penalties = penalties;
      for (std::uint32_t fold = 0; fold <= 3; ++fold) {
        std::vector<std::uint64_t> others;
        for (std::uint64_t i = 0; i < 90; ++i) {
          if (folds[i] != fold) others.push_back(i);
        }
        const KernelMetric metric{{}, {1, 0.2 + 0.1 * fold, 0.3}};
        features[k].rows.push_back(
            std::make_unique<const MetricRows>(*rows, metric, kFamilies[k], others, 1));
        if (k == 0) kept.push_back(features[k].rows.back().get());
      }
    }
    fits.emplace(std::move(features), labels->values(), folds, labels->groups(), even, options);
  }
  double error(std::span<const double> held_out) const {
    double sum = 0;
    for (std::size_t i = 0; i < 90; ++i) sum += std::pow(labels->values()[i] - held_out[i], 2);
    return sum;
  }

  testing_support::SingleIndexTable data;
  std::vector<std::uint64_t> numbers;
  TrainingOptions options;
  std::optional<TrainingLabels> labels;
  std::vector<std::uint32_t> folds;
  FeatureTransform transform;
  std::optional<TransformedRows> rows;
  std::vector<double> even;
  std::vector<const MetricRows*> kept;
  std::optional<FoldedFits> fits;
};

TEST(FoldedFits, PredictEachFoldFromFeaturesAndRowsOfTheOthers) {
  for (const bool grouped : {false, true}) {
    Folded data(ReadoutLoss::squared, grouped);
    data.fit({1});
    data.fits->choose();
    std::vector<double> tilted = data.labels->tilted_log_weights(data.labels->values(), 2);
    const std::vector<double> penalties{0.01, 0.1};
    const std::vector<CrossFit> found = data.fits->fit({data.even, tilted}, penalties);
    ASSERT_EQ(found.size(), 2);
    for (std::size_t k = 0; k < 2; ++k) {
      RidgeOptions ridge;
      ridge.rule = PenaltyRule::fixed;
      ridge.penalty = penalties[k];
      for (std::uint32_t fold = 0; fold < 3; ++fold) {
        std::vector<double> weights = k == 0 ? data.even : tilted;
        for (std::size_t i = 0; i < 90; ++i) {
          if (data.folds[i] == fold) weights[i] = -std::numeric_limits<double>::infinity();
        }
        const RidgeFit fit = fit_ridge(*data.kept[fold], data.labels->values(), weights, ridge,
                                       data.labels->groups());
        const std::vector<double> r = predict(*data.kept[fold], fit.coefficients, fit.intercept, 1);
        for (std::size_t i = 0; i < 90; ++i) {
          if (data.folds[i] != fold) continue;
          EXPECT_NEAR(found[k].held_out[i], r[i], 1e-10);
        }
      }
      const RidgeFit all = fit_ridge(*data.kept[3], data.labels->values(),
                                     k == 0 ? data.even : tilted, ridge, data.labels->groups());
      for (std::size_t j = 0; j < all.coefficients.size(); ++j) {
        EXPECT_NEAR(found[k].fit.coefficients[j], all.coefficients[j], 1e-10);
      }
    }
  }
}

TEST(FoldedFits, ChooseThePenaltyOfLeastErrorOnRowsLeftOut) {
  Folded data;
  const std::vector<double> path{10, 1e-1, 1e-2, 1e-3, 1e-7};
  data.fit(path);
  const CrossFit chosen = data.fits->choose();
  EXPECT_EQ(data.fits->shares(), std::vector<double>{1});
  for (const double penalty : path) {
    const std::vector<double> factor{penalty / chosen.fit.penalty};
    EXPECT_GE(data.error(data.fits->fit({data.even}, factor).front().held_out),
              data.error(chosen.held_out) - 1e-9);
  }
  EXPECT_GT(chosen.fit.degrees_of_freedom, 1);
  EXPECT_LT(chosen.fit.degrees_of_freedom, 90);
}

TEST(FoldedFits, MixKernelsByTheErrorOnRowsLeftOut) {
  Folded data;
  data.fit({1e-2}, 2);
  const CrossFit mixed = data.fits->choose();
  ASSERT_EQ(data.fits->shares().size(), 2);
  EXPECT_NEAR(data.fits->shares()[0] + data.fits->shares()[1], 1, 1e-12);
  data.fit({1e-2}, 1);
  // Errors are taken about their mean, so that shares may cost what that mean is.
  EXPECT_LE(data.error(mixed.held_out), 1.01 * data.error(data.fits->choose().held_out));
  // Weighted readouts keep the shares, and all coefficients lie kernel by kernel.
  data.fit({1e-2}, 2);
  data.fits->choose();
  const std::vector<double> factor{1};
  const CrossFit again = data.fits->fit({data.even}, factor).front();
  ASSERT_EQ(again.fit.coefficients.size(), 180);
  for (std::size_t j = 0; j < 180; ++j) {
    EXPECT_NEAR(again.fit.coefficients[j], mixed.fit.coefficients[j], 1e-9);
  }
  for (std::size_t i = 0; i < 90; ++i) EXPECT_NEAR(again.held_out[i], mixed.held_out[i], 1e-9);
  EXPECT_EQ(data.fits->lift(again.fit.coefficients).size(), 180);
}

TEST(FoldedFits, LookForAPenaltyOfPreferences) {
  Folded data(ReadoutLoss::preferences, true);
  data.fit({});
  const CrossFit found = data.fits->choose();
  ASSERT_EQ(found.held_out.size(), 90);
  EXPECT_GT(found.fit.penalty, 0);
  // Effective parameters of so few pairs are fewer than features.
  EXPECT_GT(found.fit.degrees_of_freedom, 1);
  EXPECT_LT(found.fit.degrees_of_freedom, 60);
  data.fit({0.5});
  EXPECT_EQ(data.fits->choose().fit.penalty, 0.5);
}

TEST(FoldedFits, CanBeCancelled) {
  Folded data;
  CancellationToken token;
  data.options.callbacks.cancellation = &token;
  data.fit({0.1});
  data.fits->choose();
  token.request();
  const std::vector<double> one{1};
  EXPECT_TRUE(data.fits->fit({data.even}, one).empty());
  EXPECT_TRUE(data.fits->choose().held_out.empty());
}

}  // namespace
}  // namespace esscher::internal
