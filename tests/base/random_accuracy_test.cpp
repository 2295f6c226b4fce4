// The error of Box-Muller's arithmetic, on every instruction set of this machine, against long
// double. Deterministic grids: no false alarms. The bounds are those measured, rounded up; the
// worst cases come from the grids' ends, where all words are taken.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/random_fill.h"
#include "random_reference.h"

namespace esscher {
namespace {

// Feeds words to the kernels 16 pairs (float) or 16 points (double) at a time, and tells check of
// the two normals of each.
template <class Check>
class Feeder {
 public:
  explicit Feeder(Check check) : check_(check) {}
  ~Feeder() {
    // The last superblock is filled with copies of its last pair.
    while (size_ != 0) add(radius_[size_ - 1], angle_[size_ - 1]);
  }
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

  void add(std::uint64_t radius, std::uint64_t angle) {
    radius_[size_] = radius;
    angle_[size_] = angle;
    if (++size_ == 16) flush();
  }

 private:
  void flush() {
    std::uint32_t words[internal::kElements32];
    if constexpr (Check::kIsFloat) {
      for (std::size_t b = 0; b < 16; ++b) {
        words[b] = words[32 + b] = static_cast<std::uint32_t>(radius_[b]);
        words[16 + b] = words[48 + b] = static_cast<std::uint32_t>(angle_[b]);
      }
      float out[internal::kElements32];
      internal::normals_from_words(words, 1, out);
      for (std::size_t b = 0; b < 16; ++b) {
        check_(radius_[b], angle_[b], out[b], out[16 + b]);
        ASSERT_EQ(out[b], out[32 + b]);
        ASSERT_EQ(out[16 + b], out[48 + b]);
      }
    } else {
      for (std::size_t b = 0; b < 16; ++b) {
        words[b] = static_cast<std::uint32_t>(radius_[b]);
        words[16 + b] = static_cast<std::uint32_t>(radius_[b] >> 32);
        words[32 + b] = static_cast<std::uint32_t>(angle_[b]);
        words[48 + b] = static_cast<std::uint32_t>(angle_[b] >> 32);
      }
      double out[internal::kElements64];
      internal::normals_from_words(words, 1, out);
      for (std::size_t b = 0; b < 16; ++b) check_(radius_[b], angle_[b], out[b], out[16 + b]);
    }
    size_ = 0;
  }

  Check check_;
  std::size_t size_ = 0;
  std::uint64_t radius_[16];
  std::uint64_t angle_[16];
};

struct Worst {
  long double absolute = 0;   // |z - exact| / (1 + |exact|)
  long double of_radius = 0;  // |z - exact| / r
  long double radius = 0;     // |r - exact| / r, from r = hypot of the pair
  long double least = 1e9;    // of |z|
  long double greatest = 0;
};

template <bool is_float>
struct Compare {
  static constexpr bool kIsFloat = is_float;
  Worst* worst;

  void operator()(std::uint64_t radius, std::uint64_t angle, double first, double second) const {
    reference::Point exact;
    if constexpr (is_float) {
      exact = reference::box_muller(static_cast<std::uint32_t>(radius),
                                    static_cast<std::uint32_t>(angle));
    } else {
      exact = reference::box_muller(radius, angle);
    }
    const long double r = std::hypot(exact.first, exact.second);
    for (const auto& [z, e] : {std::pair<long double, long double>{first, exact.first},
                               std::pair<long double, long double>{second, exact.second}}) {
      const long double error = std::abs(z - e);
      worst->absolute = std::max(worst->absolute, error / (1 + std::abs(e)));
      worst->of_radius = std::max(worst->of_radius, error / r);
      worst->least = std::min(worst->least, std::abs(z));
      worst->greatest = std::max(worst->greatest, std::abs(z));
    }
    const long double got =
        std::hypot(static_cast<long double>(first), static_cast<long double>(second));
    worst->radius = std::max(worst->radius, std::abs(got - r) / r);
  }
};

void report(const char* what, const Worst& worst) {
  const auto record = [what](const char* name, long double value) {
    ::testing::Test::RecordProperty(std::string(what) + "_" + name,
                                    std::to_string(static_cast<double>(value * 1e18L)));
  };
  record("absolute_e-18", worst.absolute);
  record("of_radius_e-18", worst.of_radius);
  record("radius_e-18", worst.radius);
}

// Words near both ends and the middle of the range, all of them; the rest in strides.
template <class Visit>
void visit_words(std::uint32_t dense, std::uint32_t stride, Visit visit) {
  for (std::uint32_t k = 0; k < dense; ++k) {
    visit(k);
    visit(~k);
    visit(0x80000000U + k);
    visit(0x80000000U - 1 - k);
    visit(0x40000000U + k);
    visit(0x40000000U - 1 - k);
  }
  for (std::uint64_t k = 0; k < (std::uint64_t{1} << 32); k += stride) {
    visit(static_cast<std::uint32_t>(k));
  }
}

class RandomAccuracy : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(RandomAccuracy, OfFloatNormals) {
  const reference::ForcedTarget forced(GetParam());
  Worst worst;
  {
    Feeder feeder(Compare<true>{&worst});
    // The radius on a fine grid, with angles that walk through all of theirs, and the reverse.
    std::uint32_t other = 1;
    visit_words(1U << 14, 8191, [&](std::uint32_t word) {
      other = other * 1664525U + 1013904223U;
      feeder.add(word, other);
      feeder.add(other, word);
      feeder.add(0, word);
    });
  }
  report("float", worst);
  EXPECT_LE(worst.absolute, 3.0e-7L);
  EXPECT_LE(worst.of_radius, 2.3e-7L);
  EXPECT_LE(worst.radius, 2.3e-7L);
  // No normal is 0, and none is beyond the radius of the least uniform, 2^-33.
  EXPECT_GT(worst.least, 0);
  EXPECT_NEAR(static_cast<double>(worst.greatest), std::sqrt(66 * std::log(2.0)), 1e-5);
}

TEST_P(RandomAccuracy, OfDoubleNormals) {
  // Debian's machines have a wider long double; some others have none to compare with.
  if (sizeof(long double) <= sizeof(double)) GTEST_SKIP() << "long double is no wider than double";
  const reference::ForcedTarget forced(GetParam());
  Worst worst;
  {
    Feeder feeder(Compare<false>{&worst});
    std::uint64_t other = 1;
    // The grid's words are the upper halves; below them all zeros, all ones, or anything.
    visit_words(1U << 12, 65521, [&](std::uint32_t word) {
      other = other * 6364136223846793005U + 1442695040888963407U;
      const std::uint64_t upper = std::uint64_t{word} << 32;
      for (const std::uint64_t lower : {std::uint64_t{0}, std::uint64_t{0xFFFFFFFF}, other >> 32}) {
        feeder.add(upper | lower, other);
        feeder.add(other, upper | lower);
      }
      // Small numbers of the upper 52 bits: the tail, and the least radii.
      feeder.add(std::uint64_t{word} << (other >> 60), other);
    });
  }
  report("double", worst);
  EXPECT_LE(worst.absolute, 6e-16L);
  EXPECT_LE(worst.of_radius, 4.5e-16L);
  EXPECT_LE(worst.radius, 4.5e-16L);
  EXPECT_GT(worst.least, 0);
  EXPECT_LE(worst.greatest, std::sqrt(108 * std::log(2.0L)) * (1 + 1e-15L));
  EXPECT_GE(worst.greatest, 8.6L);
}

// The least word's neighbours: r^2 must step by its right amount down to the least radius, where a
// uniform rounded near 1 would lose all of it.
TEST_P(RandomAccuracy, SmallRadiiKeepTheirRelativePrecision) {
  const reference::ForcedTarget forced(GetParam());
  Worst worst;
  {
    Feeder feeder(Compare<true>{&worst});
    for (std::uint32_t k = 0; k < (1U << 12); ++k) feeder.add(~k, 0x12345678U * k);
  }
  EXPECT_LE(worst.radius, 2.0e-7L);
}

INSTANTIATE_TEST_SUITE_P(Targets, RandomAccuracy,
                         ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& instance) { return hwy::TargetName(instance.param); });

}  // namespace
}  // namespace esscher
