#include "model/link_kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "esscher/model/link_catalogue.h"

namespace esscher::internal {
namespace {

/// A grid over [-10, 10] whose length is a multiple of the block, without round numbers.
std::vector<double> grid() {
  std::vector<double> z(4000);
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = 0.005 * (static_cast<double>(i) - 1999.7);
  return z;
}

void expect_same(const Link& link) {
  const std::vector<double> z = grid();
  std::vector<double> exact(z.size());
  std::vector<double> fast(z.size());
  link.evaluate(z, exact);
  LinkKernel(link).evaluate(z.data(), fast.data(), z.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    ASSERT_LE(std::abs(fast[i] - exact[i]), 1e-9 * (1 + std::abs(exact[i])))
        << link.name() << " at " << z[i];
  }
}

// 1e-9 is what the header promises.
TEST(LinkKernel, AgreesWithTheWholeCatalogue) {
  for (const CatalogueEntry& entry : link_catalogue()) expect_same(parse_link(entry.example));
  for (int order = 1; order <= 16; ++order) {
    const std::string k = std::to_string(order);
    expect_same(parse_link("hermite:" + k));
    expect_same(parse_link("damped_hermite:" + k));
    expect_same(parse_link("damped_hermite:" + k + ",2.5"));
  }
  for (const char* spec : {"tanh:-3", "sin:7", "cos:0.3", "leaky_relu:-0.5", "hermite_series:0",
                           "hermite_series:1,-2,0,0.5,0.1", "gaussian_bump:0.5,2"}) {
    expect_same(parse_link(spec));
  }
}

TEST(LinkKernel, AppliesModifiersInTheirOrder) {
  for (const char* modifiers : {"@clip:-1,2", "@scale:-2@shift:1", "@shift:1@scale:-2",
                                "@clip:-1,2@scale:3@clip:-0.5,4@shift:-7"}) {
    for (const char* base : {"hermite:2", "identity", "damped_hermite:3", "sin"}) {
      expect_same(parse_link(std::string(base) + modifiers));
    }
  }
}

TEST(LinkKernel, KnowsTheCatalogueAndLeavesTheRestToTheLink) {
  for (const char* spec :
       {"identity", "relu", "abs", "sign", "tanh:2", "erf", "sigmoid", "softplus", "sin", "cos:2",
        "hermite:3", "damped_hermite:3,0.1", "z2exp", "hermite:2@clip:-1,1"}) {
    EXPECT_TRUE(LinkKernel(parse_link(spec)).vectorised()) << spec;
  }
  for (const char* spec : {"tanh(z^3-3*z)", "formula:z@scale:2", "hermite:40", "gaussian_bump"}) {
    EXPECT_FALSE(LinkKernel(parse_link(spec)).vectorised()) << spec;
    expect_same(parse_link(spec));
  }
}

/// z + 1, under whatever name.
class Shifted final : public LinkFunction {
 public:
  double value(double z) const override { return z + 1; }
};

TEST(LinkKernel, DoesNotTrustANameThatTheFunctionBelies) {
  const Link link({"relu", "z + 1", {}, {}, Parity::none}, std::make_shared<Shifted>());
  EXPECT_FALSE(LinkKernel(link).vectorised());
  expect_same(link);
}

}  // namespace
}  // namespace esscher::internal
