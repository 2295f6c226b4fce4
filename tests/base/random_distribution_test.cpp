// The laws of the draws. Seeds are fixed, so that a test that passes once passes always; the stated
// false-alarm rates are those of a correct generator under a fresh seed. They are 1e-6 a comparison
// unless said otherwise; about 60 comparisons here, 6e-5 together.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "esscher/base/random.h"
#include "random_statistics.h"

namespace esscher {
namespace {

using statistics::kOneInAMillion;
using statistics::normal_cdf;

constexpr std::size_t kSize = 1 << 20;

template <class T>
std::vector<T> normals(const RandomStream& stream, std::size_t size = kSize) {
  std::vector<T> out(size);
  stream.fill_normal(0, out);
  return out;
}

template <class T>
std::vector<T> uniforms(const RandomStream& stream) {
  std::vector<T> out(kSize);
  stream.fill_uniform(0, out);
  return out;
}

TEST(RandomDistribution, UniformsAreUniform) {
  const RandomStream stream(1, "uniforms");
  const auto cdf = [](double u) { return u; };
  EXPECT_LT(statistics::kolmogorov_smirnov(uniforms<double>(stream), cdf),
            statistics::kolmogorov_smirnov_limit(kSize));
  EXPECT_LT(statistics::kolmogorov_smirnov(uniforms<float>(stream), cdf),
            statistics::kolmogorov_smirnov_limit(kSize));
}

TEST(RandomDistribution, NormalsAreNormal) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const RandomStream stream(seed, "normals");
    EXPECT_LT(statistics::kolmogorov_smirnov(normals<double>(stream), normal_cdf),
              statistics::kolmogorov_smirnov_limit(kSize));
    EXPECT_LT(statistics::kolmogorov_smirnov(normals<float>(stream), normal_cdf),
              statistics::kolmogorov_smirnov_limit(kSize));
  }
}

// The mean of z^p is within kOneInAMillion deviations of its expectation; the p-th power has
// variance (2p - 1)!! - ((p - 1)!!)^2 for even p.
template <class T>
void check_moments(const std::vector<T>& z) {
  const double expected[] = {1, 0, 1, 0, 3, 0, 15};
  const double of_squares[] = {1, 1, 3, 15, 105, 945, 10395};
  for (int p = 1; p <= 6; ++p) {
    double sum = 0;
    for (const T x : z) sum += std::pow(static_cast<double>(x), p);
    const double mean = sum / static_cast<double>(z.size());
    const double deviation =
        std::sqrt((of_squares[p] - expected[p] * expected[p]) / static_cast<double>(z.size()));
    EXPECT_NEAR(mean, expected[p], kOneInAMillion * deviation) << "power " << p;
  }
}

TEST(RandomDistribution, NormalsHaveTheirMoments) {
  check_moments(normals<double>(RandomStream(1, "moments"), 4 * kSize));
  check_moments(normals<float>(RandomStream(1, "moments"), 4 * kSize));
}

// Counts beyond 4, 5 and 5.5 among 2^27 (2^25 in double) are Poisson; two-sided, 1e-6 each.
template <class T>
void check_tails(std::size_t chunks) {
  const RandomStream stream(1, "tails");
  const double thresholds[] = {4, 5, 5.5};
  std::vector<T> z(kSize);
  std::vector<double> counts(3);
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    stream.fill_normal(chunk * kSize, z);
    for (std::size_t k = 0; k < 3; ++k) {
      const auto limit = static_cast<T>(thresholds[k]);
      counts[k] += static_cast<double>(
          std::count_if(z.begin(), z.end(), [limit](T x) { return std::abs(x) > limit; }));
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    const double mean =
        static_cast<double>(chunks * kSize) * std::erfc(thresholds[k] / std::sqrt(2.0));
    EXPECT_TRUE(statistics::is_plausible_poisson(counts[k], mean, 1e-6))
        << counts[k] << " beyond " << thresholds[k] << " where " << mean << " are expected";
  }
}

TEST(RandomDistribution, FloatTailsHaveTheirMass) { check_tails<float>(128); }
TEST(RandomDistribution, DoubleTailsHaveTheirMass) { check_tails<double>(32); }

TEST(RandomDistribution, SignsAreBalancedAtEveryBit) {
  std::vector<float> signs(32 * kSize / 8);
  RandomStream(1, "signs").fill_sign(0, signs);
  const double n = static_cast<double>(signs.size() / 32);
  for (std::size_t bit = 0; bit < 32; ++bit) {
    double sum = 0;
    for (std::size_t j = bit; j < signs.size(); j += 32) sum += static_cast<double>(signs[j]);
    EXPECT_NEAR(sum / n, 0, kOneInAMillion / std::sqrt(n)) << "bit " << bit;
  }
}

// The mean of a[j] b[j] over independent standard normals has deviation 1/sqrt(n).
template <class T>
double correlation(const T* a, const T* b, std::size_t size) {
  double sum = 0;
  for (std::size_t j = 0; j < size; ++j) sum += static_cast<double>(a[j]) * b[j];
  return sum / std::sqrt(static_cast<double>(size));
}

TEST(RandomDistribution, StreamsThatDifferInOnePartAreUncorrelated) {
  const RandomStream stream(1, "stage 1", 0);
  const std::vector<RandomStream> others = {
      RandomStream(2, "stage 1", 0), RandomStream(1, "stage 2", 0), stream.at(1),
      stream.at(std::uint64_t{1} << 32), RandomStream(std::uint64_t{1} << 63 | 1, "stage 1", 0)};
  const auto z = normals<float>(stream);
  for (const RandomStream& other : others) {
    const auto y = normals<float>(other);
    EXPECT_LT(std::abs(correlation(z.data(), y.data(), kSize)), kOneInAMillion);
  }
}

TEST(RandomDistribution, KindsOfOneStreamAreUncorrelated) {
  const RandomStream stream(1, "kinds");
  std::vector<std::vector<double>> kinds(5, std::vector<double>(kSize));
  std::vector<float> floats(kSize);
  const auto from_floats = [&](std::size_t k, double shift, double scale) {
    for (std::size_t j = 0; j < kSize; ++j) kinds[k][j] = (double{floats[j]} - shift) * scale;
  };
  stream.fill_normal(0, kinds[0]);
  stream.fill_normal(0, floats);
  from_floats(1, 0, 1);
  stream.fill_uniform(0, kinds[2]);
  for (double& u : kinds[2]) u = (u - 0.5) * std::sqrt(12.0);
  stream.fill_uniform(0, floats);
  from_floats(3, 0.5, std::sqrt(12.0));
  stream.fill_sign(0, kinds[4]);
  for (std::size_t a = 0; a < kinds.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      EXPECT_LT(std::abs(correlation(kinds[a].data(), kinds[b].data(), kSize)), kOneInAMillion)
          << a << " and " << b;
    }
  }
}

// 16 is the distance of the two coordinates of one point, which share their radius: their squares
// would show it if it had the wrong law.
TEST(RandomDistribution, NeighboursAreUncorrelatedAndSoAreTheirSquares) {
  const auto check = [](const auto& z) {
    std::vector<double> squares(z.size());
    for (std::size_t j = 0; j < z.size(); ++j) {
      squares[j] = (static_cast<double>(z[j]) * z[j] - 1) / std::sqrt(2.0);
    }
    for (const std::size_t lag : {1, 8, 16, 32, 48, 64}) {
      const std::size_t size = z.size() - lag;
      EXPECT_LT(std::abs(correlation(z.data(), z.data() + lag, size)), kOneInAMillion) << lag;
      EXPECT_LT(std::abs(correlation(squares.data(), squares.data() + lag, size)), kOneInAMillion)
          << lag;
    }
  };
  check(normals<float>(RandomStream(1, "lags")));
  check(normals<double>(RandomStream(1, "lags")));
}

}  // namespace
}  // namespace esscher
