#include "esscher/model/numeric_link.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "esscher/base/error.h"

namespace esscher {
namespace {

/// A function of the caller's own, value by value.
class Own final : public LinkFunction {
 public:
  explicit Own(std::function<double(double)> f) : f_(std::move(f)) {}
  double value(double z) const override { return f_(z); }

 private:
  std::function<double(double)> f_;
};

Link link_of(std::function<double(double)> f,
             const std::optional<std::vector<double>>& breaks = std::nullopt) {
  return numeric_link("own", "of one's own", std::make_shared<Own>(std::move(f)), breaks);
}

std::string refusal(std::function<double(double)> f) {
  try {
    link_of(std::move(f));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(NumericLink, FindsTheFactsThatTheSameFormulaHas) {
  const Link own = link_of([](double z) { return std::abs(z) < 1 ? z * z : 1; });
  const Link formula = parse_link("clip(z^2,-1,1)");
  ASSERT_EQ(own.breaks().size(), formula.breaks().size());
  for (std::size_t i = 0; i < own.breaks().size(); ++i) {
    // Slopes jump at breaks that are told to about 1e-11.
    EXPECT_NEAR(own.breaks()[i], formula.breaks()[i], 1e-9);
  }
  EXPECT_EQ(own.parity(), Parity::even);
  EXPECT_TRUE(own.growth().right.bounded);
  EXPECT_EQ(own.name(), "own");
  EXPECT_EQ(own.formula(), "of one's own");
}

TEST(NumericLink, TakesBreaksThatAreGiven) {
  const Link own = link_of([](double z) { return z < 0.25 ? -1 : 1; }, std::vector{0.25});
  ASSERT_EQ(own.breaks().size(), 1);
  EXPECT_EQ(own.breaks()[0], 0.25);
}

TEST(NumericLink, HoldsWhatOverflowsFarOut) {
  const Link own = link_of([](double z) { return std::exp(z * z / 8); });
  EXPECT_TRUE(std::isfinite(own(1e3)));
}

TEST(NumericLink, RefusesWhatIsNotFiniteNearby) {
  EXPECT_EQ(refusal([](double z) { return std::log(z); }).substr(0, 24),
            "is not a number at z = -");
}

/// Counts how often it is asked.
class Counted final : public LinkFunction {
 public:
  explicit Counted(std::size_t& calls) : calls_(calls) {}
  double value(double z) const override {
    ++calls_;
    return std::abs(z) < 1 ? std::cos(3 * z) : std::exp(-z * z);
  }
  void values(std::span<const double> z, std::span<double> out) const override {
    LinkFunction::values(z, out);
    calls_ -= z.size() - 1;
  }

 private:
  std::size_t& calls_;
};

TEST(PanelledLink, IsTheFunctionToRoundingWithoutAskingAgain) {
  std::size_t calls = 0;
  const auto function = std::make_shared<Counted>(calls);
  const Link link = numeric_link("own", "own", function, std::vector<double>{-1, 1});
  const Link copy = panelled(link);
  EXPECT_EQ(copy.name(), "own");
  ASSERT_EQ(copy.breaks().size(), 2);
  std::vector<double> z;
  for (double at = -39.9; at < 40; at += 0.0137) z.push_back(at);
  std::vector<double> f(z.size());
  const std::size_t before = calls;
  copy.evaluate(z, f);
  // A panel's worst agreement, of its largest value; between checks no polynomial of such degree
  // does much worse.
  for (std::size_t i = 0; i < z.size(); ++i) EXPECT_NEAR(f[i], function->value(z[i]), 1e-13);
  EXPECT_EQ(calls, before + z.size());  // by the comparison alone
}

TEST(PanelledLink, AsksForWhatNoPolynomialFits) {
  const auto noisy = [](double z) { return std::abs(z - 0.3) < 0.01 ? std::sin(1e9 * z) : z; };
  const Link link = panelled(link_of(noisy, std::vector<double>{}));
  EXPECT_EQ(link(0.30001), noisy(0.30001));
  EXPECT_NEAR(link(2.5), 2.5, 1e-13);
}

}  // namespace
}  // namespace esscher
