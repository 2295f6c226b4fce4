#include "esscher/gaussian/hermite.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/math/special_functions/hermite.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// He_k by hand, over sqrt(k!).
TEST(Hermite, IsItsPolynomialUpToOrderSix) {
  for (const double z : {-7.5, -1.0, 0.0, 0.3, 1.0, 2.0, 5.25}) {
    const double polynomial[] = {1,
                                 z,
                                 std::pow(z, 2) - 1,
                                 std::pow(z, 3) - 3 * z,
                                 std::pow(z, 4) - 6 * std::pow(z, 2) + 3,
                                 std::pow(z, 5) - 10 * std::pow(z, 3) + 15 * z,
                                 std::pow(z, 6) - 15 * std::pow(z, 4) + 45 * std::pow(z, 2) - 15};
    double factorial = 1;
    for (int k = 0; k <= 6; ++k) {
      if (k > 0) factorial *= k;
      // Terms of either form are at most (|z| + sqrt k)^k / sqrt(k!) together.
      const double terms = std::pow(std::abs(z) + std::sqrt(double(k)), k) / std::sqrt(factorial);
      EXPECT_NEAR(hermite(k, z), polynomial[k] / std::sqrt(factorial), 20 * kEpsilon * (1 + terms))
          << k << " at " << z;
    }
  }
}

// Boost's physicists' H_k in long double: He_k(z) = 2^{-k/2} H_k(z / sqrt 2). The recurrence is
// stable: its error is about k eps of the envelope (1 + |z|)^... of h, which sqrt(h_k^2 +
// h_{k-1}^2) stands for.
TEST(Hermite, AgreesWithAnIndependentOneUpToOrderSixtyFour) {
  for (const double z : {-12.0, -3.3, -0.5, 0.0, 0.01, 1.0, 2.7, 8.0, 20.0}) {
    for (const unsigned k : {7u, 12u, 31u, 64u}) {
      const auto reference = [z](unsigned order) {
        const long double scaled = boost::math::hermite(order, z / std::sqrt(2.0L));
        return double(scaled *
                      std::exp(-0.5L * (order * std::log(2.0L) + std::lgamma(order + 1.0L))));
      };
      const double envelope = std::hypot(reference(k), reference(k - 1));
      EXPECT_NEAR(hermite(static_cast<int>(k), z), reference(k), 10 * k * kEpsilon * envelope)
          << k << " at " << z;
    }
  }
}

TEST(Hermite, AllOrdersAtOnceAreTheSameBits) {
  for (const double z : {-3.0, 0.0, 0.7, 11.0}) {
    for (const std::size_t size : {0u, 1u, 2u, 3u, 65u}) {
      std::vector<double> out(size);
      hermite_all(z, out);
      for (std::size_t k = 0; k < size; ++k) EXPECT_EQ(out[k], hermite(static_cast<int>(k), z));
    }
  }
}

RC_GTEST_PROP(Hermite, HasTheParityOfItsOrder, ()) {
  const int k = *rc::gen::inRange(0, 65);
  const double z = *rc::gen::inRange(-20000, 20000) / 1000.0;
  RC_ASSERT(hermite(k, -z) == (k % 2 == 0 ? 1 : -1) * hermite(k, z));
}

// h_k' = sqrt(k) h_{k-1}. A central difference of step d is off by d^2/6 h_k''' and eps h_k / d.
RC_GTEST_PROP(Hermite, HasTheOrderBelowAsItsDerivative, ()) {
  const int k = *rc::gen::inRange(3, 13);
  const double z = *rc::gen::inRange(-4000, 4000) / 1000.0;
  constexpr double kStep = 0x1p-13;
  const double slope = (hermite(k, z + kStep) - hermite(k, z - kStep)) / (2 * kStep);
  const double third = std::sqrt(double(k * (k - 1) * (k - 2))) *
                       (std::abs(hermite(k - 3, z)) + std::abs(hermite(k - 2, z)) * kStep * k);
  const double envelope = std::hypot(hermite(k, z), std::sqrt(double(k)) * hermite(k - 1, z)) + 1;
  RC_ASSERT(std::abs(slope - std::sqrt(double(k)) * hermite(k - 1, z)) <=
            kStep * kStep / 6 * third * 2 + 10 * k * kEpsilon * envelope / kStep +
                std::pow(kStep, 4) * std::pow(double(k), 5) * 10);
}

TEST(Hermite, RefusesANegativeOrder) { EXPECT_THROW(hermite(-1, 0.5), UsageError); }

}  // namespace
}  // namespace esscher
