#include "esscher/model/multi_index.h"

#include <gtest/gtest.h>

namespace esscher {
namespace {

TEST(MultiIndexModel, OfOneDirectionIsTheSingleIndexModel) {
  const MultiIndexModel model = SingleIndexModel{parse_link("tanh"), parse_noise("gaussian:0.3")};
  ASSERT_TRUE(model.single().has_value());
  EXPECT_EQ(model.single()->link.name(), "tanh");
  EXPECT_EQ(model.single()->noise.name(), "gaussian:0.3");
  EXPECT_EQ(model.link.directions(), 1U);
}

TEST(MultiIndexModel, OfSeveralDirectionsIsNone) {
  const MultiIndexModel model{parse_multi_link("z1*z2"), Noise()};
  EXPECT_FALSE(model.single().has_value());
}

}  // namespace
}  // namespace esscher
