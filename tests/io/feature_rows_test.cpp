#include "esscher/io/feature_rows.h"

#include <gtest/gtest.h>

#include <vector>

namespace esscher {
namespace {

TEST(FeatureRows, HeldOnesComeInTheOrderAskedFor) {
  Matrix<double> values(3, 2);
  for (std::size_t i = 0; i < 6; ++i) values.data()[i] = static_cast<double>(i);
  const HeldFeatures features(std::move(values));
  const std::vector<std::uint64_t> rows{2, 0, 2};
  Matrix<double> out(3, 2);
  features.gather(rows, out.view());
  EXPECT_EQ(std::vector<double>(out.values().begin(), out.values().end()),
            (std::vector<double>{4, 5, 0, 1, 4, 5}));
}

}  // namespace
}  // namespace esscher
