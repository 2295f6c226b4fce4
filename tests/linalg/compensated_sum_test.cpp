#include "esscher/linalg/compensated_sum.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace esscher {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

double compensated(const std::vector<double>& terms) {
  CompensatedSum sum;
  for (const double term : terms) sum.add(term);
  return sum.value();
}

TEST(CompensatedSum, OfNothingIsZero) { EXPECT_EQ(CompensatedSum().value(), 0); }

TEST(CompensatedSum, KeepsWhatAPlainLoopLoses) {
  // 1 is below half a unit of 1e100, on either side of it: plain loops give 0.
  EXPECT_EQ(compensated({1, 1e100, 1, -1e100}), 2);
  EXPECT_EQ(compensated({1e100, 1, -1e100, 1}), 2);
  // Kahan's form of the correction would lose the first term here.
  EXPECT_EQ(compensated({1, 1e100, -1e100}), 1);
}

// 0.1 is a multiple of 2^-56, and so are all partial sums of 1e6 of them, below 2^17: what is lost
// by each addition is held exactly in the correction, and only the last addition rounds.
TEST(CompensatedSum, OfAMillionEqualTermsIsCorrectlyRounded) {
  double plain = 0;
  CompensatedSum sum;
  for (int i = 0; i < 1000000; ++i) {
    plain += 0.1;
    sum.add(0.1);
  }
  EXPECT_EQ(sum.value(), 1e6 * 0.1);
  EXPECT_GT(std::abs(plain - 1e6 * 0.1), 1e-7);
}

// Terms m 2^e with |m| < 2^30 and 0 <= e < 60 are summed exactly in 128-bit integers. Neumaier's
// bound: eps |sum| + n^2 eps^2 sum|x|; it is used with 2 for safety.
RC_GTEST_PROP(CompensatedSum, StaysWithinNeumaiersBound, ()) {
  const auto parts = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(-(1 << 30), 1 << 30), rc::gen::inRange(0, 60)));
  __extension__ using Wide = __int128;
  Wide exact = 0;
  double magnitude = 0;
  std::vector<double> terms;
  for (const auto& [mantissa, exponent] : parts) {
    exact += Wide{mantissa} * (Wide{1} << exponent);
    terms.push_back(std::ldexp(double(mantissa), exponent));
    magnitude += std::abs(terms.back());
  }
  const double n = double(terms.size());
  const double reference = static_cast<double>(exact);
  RC_ASSERT(std::abs(compensated(terms) - reference) <=
            2 * (kEpsilon * std::abs(reference) + n * n * kEpsilon * kEpsilon * magnitude));
}

}  // namespace
}  // namespace esscher
