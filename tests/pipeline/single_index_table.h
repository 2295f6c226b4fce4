#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/io/feature_rows.h"
#include "esscher/pipeline/table_training.h"

namespace esscher::testing_support {

/// n rows of d normals with reward tanh(2 x_1) + noise, in groups of `group` rows; a function of
/// the seed.
struct SingleIndexTable {
  SingleIndexTable(std::size_t n, std::size_t d, std::size_t group, std::uint64_t seed,
                   double noise = 0.3)
      : features(make(n, d, seed)), rewards(n), groups(n) {
    RandomStream(seed, "test/noise").fill_normal(0, rewards);
    for (std::size_t i = 0; i < n; ++i) {
      rewards[i] = std::tanh(2 * features.values()(i, 0)) + noise * rewards[i];
      groups[i] = static_cast<std::uint32_t>(i / group);
    }
  }
  static HeldFeatures make(std::size_t n, std::size_t d, std::uint64_t seed) {
    Matrix<double> x(n, d);
    RandomStream(seed, "test/x").fill_normal(0, x.values());
    return HeldFeatures(std::move(x));
  }
  RewardTable table(bool grouped = false) const {
    return {features, rewards,
            grouped ? std::span<const std::uint32_t>(groups) : std::span<const std::uint32_t>{}};
  }

  HeldFeatures features;
  std::vector<double> rewards;
  std::vector<std::uint32_t> groups;
};

}  // namespace esscher::testing_support
