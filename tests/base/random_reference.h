#pragma once

/// What random.h documents, computed a second time from Random123 alone and in plain loops, for the
/// tests of streams; and a way to run a test on each instruction set of this machine.

#include <Random123/philox.h>
#include <hwy/highway.h>

#include <array>
#include <cmath>
#include <cstdint>

#include "esscher/base/random.h"

namespace esscher::reference {

inline constexpr std::uint64_t kSigns = 0x428a2f98d728ae22;
inline constexpr std::uint64_t kUniformsF32 = 0x7137449123ef65cd;
inline constexpr std::uint64_t kUniformsF64 = 0xb5c0fbcfec4d3b2f;
inline constexpr std::uint64_t kNormalsF32 = 0xe9b5dba58189dbbc;
inline constexpr std::uint64_t kNormalsF64 = 0x3956c25bf348b538;

using Words = std::array<std::uint32_t, 4>;

inline Words philox(Words counter, std::array<std::uint32_t, 2> key) {
  const r123::Philox4x32::ctr_type from = {{counter[0], counter[1], counter[2], counter[3]}};
  const auto to = r123::Philox4x32()(from, {{key[0], key[1]}});
  return {to[0], to[1], to[2], to[3]};
}

inline Words block(const RandomStream& stream, std::uint64_t tag, std::uint64_t position) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const std::uint64_t key = stream.key() ^ tag;
  return philox(
      {low(position), low(position >> 32), low(stream.index()), low(stream.index() >> 32)},
      {low(key), low(key >> 32)});
}

/// Element i of the 32-bit layout.
inline std::uint32_t word(const RandomStream& stream, std::uint64_t tag, std::uint64_t i) {
  return block(stream, tag, i / 64 * 16 + i % 16)[i % 64 / 16];
}

/// Element i of the 64-bit layout.
inline std::uint64_t bits(const RandomStream& stream, std::uint64_t tag, std::uint64_t i) {
  const Words words = block(stream, tag, i / 32 * 16 + i % 16);
  const std::size_t half = i % 32 / 16;
  return words[2 * half] | (std::uint64_t{words[2 * half + 1]} << 32);
}

struct Point {
  long double first, second;
};

/// (cos, sin) of the angle a, after the swap and the change of signs, times r.
inline Point turned(long double r, long double a, bool swap, bool negate) {
  const long double signed_r = negate ? -r : r;
  const Point point{signed_r * std::cos(a), signed_r * std::sin(a)};
  return swap ? Point{point.second, point.first} : point;
}

inline long double radius(long double v, bool upper) {
  return std::sqrt(-2 * (upper ? std::log1p(-v) : std::log(v)));
}

inline constexpr long double kPi = 3.14159265358979323846264338327950288L;

/// The pair of float normals that two words stand for, in exact arithmetic.
inline Point box_muller(std::uint32_t radius_word, std::uint32_t angle_word) {
  const bool upper = radius_word >> 31;
  const std::uint32_t y = upper ? ~radius_word : radius_word;
  const auto j = static_cast<std::int32_t>(angle_word << 2) / 4;
  return turned(radius((y + 0.5L) * 0x1p-32L, upper), (j + 0.5L) * 0x1p-29L * kPi / 4,
                (angle_word >> 30) & 1, angle_word >> 31);
}

/// The pair of double normals that twice 64 bits stand for, in exact arithmetic.
inline Point box_muller(std::uint64_t radius_bits, std::uint64_t angle_bits) {
  const long double v = (static_cast<long double>(radius_bits >> 12) + 0.5L) * 0x1p-53L;
  const long double w = (static_cast<long double>(angle_bits >> 12) + 0.5L) * 0x1p-52L;
  return turned(radius(v, radius_bits & 1), (w - 0.5L) * kPi / 2, angle_bits & 2, angle_bits & 1);
}

/// Runs the kernels on one instruction set; returns to the best one at the end of its life.
class ForcedTarget {
 public:
  explicit ForcedTarget(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
  }
  ~ForcedTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;
};

/// x86 before AVX2 has no fused multiply-add.
inline bool is_fused(std::int64_t target) {
#if HWY_ARCH_X86
  return target < HWY_SSE4;
#else
  return target != HWY_SCALAR && target != HWY_EMU128;
#endif
}

}  // namespace esscher::reference
