#include "pipeline/held_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "../support/all_rows.h"
#include "../support/sanitized.h"
#include "esscher/data/folds.h"
#include "pipeline/folded_fits.h"
#include "pipeline/table_features.h"
#include "pipeline/training_labels.h"
#include "single_index_table.h"

namespace esscher::internal {
namespace {

/// Three kernels on the rows of a table, one of which has a metric of its own in each of two folds.
struct Streamed {
  Streamed(std::size_t rows, std::size_t landmarks)
      : data(rows, 3, 3, 8),
        numbers(all_rows(rows)),
        x(data.features, numbers, transform, 1),
        labels(data.table(), numbers),
        folds(assign_folds(rows, {}, 2, 1)),
        even(labels.even_log_weights()) {
    options.landmarks = landmarks;
    options.deployment_temperatures = {1};
    const auto metric = [](double a) { return KernelMetric{{}, {1, a, 0.3}}; };
    metrics.kernels = {
        {KernelFamily::networks, true, {metric(0.2), metric(0.3), metric(0.25)}, 1e-3, 0.2, 0.5},
        {KernelFamily::networks, false, {metric(1), metric(1), metric(1)}, 1e-2, 0.3, 0.3},
        {KernelFamily::quadratic, false, {metric(1), metric(1), metric(1)}, 1e-2, 0.4, 0.2}};
  }
  static FeatureTransform identity() {
    FeatureTransform transform;
    transform.kind = TransformKind::none;
    transform.mean.assign(3, 0.0);
    transform.scale.assign(3, 1.0);
    return transform;
  }
  /// Plain regression and two weighted ones.
  std::vector<CrossFit> fits(std::uint64_t most_held) const {
    FoldedFits fits(folded_features(x, metrics, folds, options, most_held), labels.values(), folds,
                    {}, even, options);
    std::vector<CrossFit> result{fits.choose()};
    const std::vector<double> factors{1.5, 2};
    const std::vector<double> tilted = labels.tilted_log_weights(labels.values(), 2);
    std::ranges::move(fits.fit({even, tilted}, factors), std::back_inserter(result));
    for (CrossFit& each : result) each.fit.coefficients = fits.lift(each.fit.coefficients);
    return result;
  }

  testing_support::SingleIndexTable data;
  std::vector<std::uint64_t> numbers;
  FeatureTransform transform = identity();
  TransformedRows x;
  TrainingLabels labels;
  std::vector<std::uint32_t> folds;
  std::vector<double> even;
  MetricRounds metrics;
  TrainingOptions options;
};

/// For one set at a time; with none rows are made anew for each pass.
constexpr std::uint64_t one_set(std::size_t rows, std::size_t landmarks) {
  return rows * landmarks * sizeof(double);
}

void expect_same_fits(const std::vector<CrossFit>& held, const std::vector<CrossFit>& anew) {
  ASSERT_EQ(held.size(), 3);
  ASSERT_EQ(anew.size(), held.size());
  for (std::size_t i = 0; i < held.size(); ++i) {
    EXPECT_EQ(anew[i].fit.coefficients, held[i].fit.coefficients);
    EXPECT_EQ(anew[i].fit.intercept, held[i].fit.intercept);
    EXPECT_EQ(anew[i].fit.degrees_of_freedom, held[i].fit.degrees_of_freedom);
    EXPECT_EQ(anew[i].held_out, held[i].held_out);
  }
}

TEST(HeldBytes, ChangeNoBitInDoublePrecision) {
  // Of more columns than threads share strips of, and of fewer.
  for (const auto& [rows, landmarks] : {std::pair(350UL, 200UL), {150UL, 80UL}}) {
    const Streamed table(rows, landmarks);
    const std::vector<CrossFit> held = table.fits(kHeldBytes);
    expect_same_fits(held, table.fits(one_set(rows, landmarks)));
    expect_same_fits(held, table.fits(0));
  }
}

TEST(HeldBytes, ChangeLittleInSinglePrecision) {
  for (const auto& [rows, landmarks] : {std::pair(500UL, 40UL), {600UL, 200UL}}) {
    const Streamed table(rows, landmarks);
    const std::vector<CrossFit> held = table.fits(kHeldBytes);
    expect_same_fits(held, table.fits(one_set(rows, landmarks)));
    // Products of other numbers of rows round in other ways.
    const std::vector<CrossFit> anew = table.fits(0);
    ASSERT_EQ(anew.size(), held.size());
    for (std::size_t i = 0; i < held.size(); ++i) {
      for (std::size_t j = 0; j < rows; ++j) {
        EXPECT_NEAR(anew[i].held_out[j], held[i].held_out[j], 1e-5);
      }
    }
  }
}

#if defined(__linux__) && !defined(ESSCHER_TEST_SANITIZED)

std::uint64_t anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  std::string name;
  std::uint64_t kib = 0;
  while (status >> name) {
    if (name == "RssAnon:" && status >> kib) return kib << 10;
    std::getline(status, name);
  }
  return 0;
}

TEST(HeldBytes, AreNotSurpassed) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  // Four sets of 30 MiB in single precision and one of 60 in double.
  constexpr std::size_t kRows = 30'720;
  Streamed table(kRows, 256);
  std::uint64_t peak = 0;
  table.options.callbacks.progress = [&](const Progress&) {
    peak = std::max(peak, anonymous_bytes());
  };
  ASSERT_GT(anonymous_bytes(), 0U);
  const auto peak_with = [&](std::uint64_t most_held) {
    peak = 0;
    table.fits(most_held);
    return peak;
  };
  const std::uint64_t none = peak_with(0);
  constexpr std::uint64_t kBudget = 32 * kMiB;
  // Of heap, pages and blocks that wait for reuse.
  constexpr std::uint64_t kRounding = 30 * kMiB;
  EXPECT_LT(peak_with(kBudget), none + kBudget + kRounding);
  // That it would be seen.
  EXPECT_GT(peak_with(kHeldBytes), none + 120 * kMiB);
}

#endif

}  // namespace
}  // namespace esscher::internal
