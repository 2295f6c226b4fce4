// The addresses of random draws: published vectors, pinned values, the documented layout, and what
// must not change them. Exact tests: no false alarms.

#include "esscher/base/random.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/random_fill.h"
#include "esscher/base/error.h"
#include "random_reference.h"

namespace esscher {
namespace {

using Words = std::array<std::uint32_t, 4>;

constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();

struct Vector {
  std::uint64_t position, index, key;
  Words words;
};

// Random123's kat_vectors for philox4x32 with 10 rounds.
const Vector kPublished[] = {
    {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {kGreatest, kGreatest, kGreatest, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {0x85a308d3243f6a88,
     0x0370734413198a2e,
     0x299f31d0a4093822,
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

TEST(Random, PublishedVectorsHold) {
  for (const Vector& vector : kPublished) {
    EXPECT_EQ(RandomStream::from_key(vector.key, vector.index).block(vector.position),
              vector.words);
  }
}

TEST(Random, PublishedVectorsHoldOnEveryInstructionSet) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    const reference::ForcedTarget forced(target);
    for (const Vector& vector : kPublished) {
      std::uint32_t words[internal::kElements32];
      internal::fill_words({vector.key, vector.index}, vector.position / 16, 1, words);
      const std::size_t b = vector.position % 16;
      EXPECT_EQ((Words{words[b], words[16 + b], words[32 + b], words[48 + b]}), vector.words)
          << hwy::TargetName(target);
    }
  }
}

// Values of this implementation, not of any publication: they change only if a stream changes, and
// with it every result that was ever reported under a seed.
TEST(Random, PinnedDrawsStay) {
  const RandomStream stream(20260417, "pinned", 3);
  EXPECT_EQ(stream.key(), 0x76d44c59fbd9ea12u);
  EXPECT_EQ(stream.word(1000), 0x8eaf3b52u);
  EXPECT_EQ(stream.uniform(1000), 0x1.684d781140431p-1);
  EXPECT_EQ(stream.uniform_f32(1000), 0x1.e63e7cp-2F);
  std::string signs;
  for (std::uint64_t i = 1000; i < 1016; ++i) signs += stream.sign(i) > 0 ? '+' : '-';
  EXPECT_EQ(signs, "+-+--+++-+--+++-");
  // Without fused multiply-add, the last bits of a normal may differ.
  const std::int64_t targets = hwy::SupportedTargets();
  const bool fused = reference::is_fused(targets & -targets);
  EXPECT_NEAR(stream.normal(1000), 0x1.39435b39513d1p-1, fused ? 0 : 1e-15);
  EXPECT_NEAR(stream.normal_f32(1000), 0x1.296ec4p+1F, fused ? 0 : 1e-6);
  // Gamma draws follow the last bits of the C library; 1e-13 is far above them.
  const auto expect_close = [](double value, double pinned) {
    EXPECT_NEAR(value / pinned, 1, 1e-13);
  };
  expect_close(stream.gamma(1000, 0.25), 0x1.2dbe0c9958565p-8);
  expect_close(stream.gamma(1000, 2.5), 0x1.e08e467b35e2cp-1);
  expect_close(stream.gamma_log(1000, 0.001), -0x1.e70eb9d9317c2p+9);
  expect_close(stream.chi_square(1000, 1e12), 0x1.d1a91bbf1725ap+39);
}

TEST(Random, SeedNameAndIndexAllMatter) {
  const RandomStream stream(7, "noise", 5);
  EXPECT_NE(stream.key(), RandomStream(8, "noise").key());
  EXPECT_NE(stream.key(), RandomStream(7 + (std::uint64_t{1} << 32), "noise").key());
  EXPECT_NE(stream.key(), RandomStream(7, "noisf").key());
  EXPECT_NE(stream.key(), RandomStream(7, "").key());
  EXPECT_NE(stream.word(0), stream.at(6).word(0));
  EXPECT_NE(stream.word(0), stream.at(5 + (std::uint64_t{1} << 32)).word(0));
  EXPECT_EQ(stream, RandomStream(7, "noise").at(5));
}

// The key as random.h tells it, from FNV-1a's published hash of "foobar".
TEST(Random, KeyIsPhiloxOfSeedAndHashedName) {
  const std::uint64_t seed = 0x123456789abcdef0;
  const std::uint64_t hash = 0x85944171f73967e8;
  const auto words =
      reference::philox({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                         static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(hash >> 32)},
                        {0x65737363, 0x68657231});
  EXPECT_EQ(RandomStream(seed, "foobar").key(), words[0] | (std::uint64_t{words[1]} << 32));
}

// Positions at which an address could go wrong: within a superblock, across the carry into the
// counter's word 1 (block 2^32 is element 2^34 or 2^33), and at the end of all.
rc::Gen<std::uint64_t> any_position() {
  return rc::gen::map(
      rc::gen::tuple(
          rc::gen::element<std::uint64_t>(0, std::uint64_t{1} << 33, std::uint64_t{1} << 34,
                                          std::uint64_t{1} << 39, kGreatest - 9999),
          rc::gen::inRange<std::uint64_t>(0, 5000), rc::gen::arbitrary<bool>()),
      [](const std::tuple<std::uint64_t, std::uint64_t, bool>& parts) {
        const auto [base, step, below] = parts;
        return below && base != 0 ? base - step : base + step;
      });
}

RandomStream any_stream() {
  return RandomStream::from_key(*rc::gen::arbitrary<std::uint64_t>(),
                                *rc::gen::arbitrary<std::uint64_t>());
}

RC_GTEST_PROP(Random, DrawsAreWhereTheHeaderSays, ()) {
  const RandomStream stream = any_stream();
  const std::uint64_t i = *any_position();
  RC_ASSERT(stream.word(i) == reference::word(stream, 0, i));
  const double u =
      (static_cast<double>(reference::bits(stream, reference::kUniformsF64, i) >> 12) + 0.5) *
      0x1p-52;
  RC_ASSERT(stream.uniform(i) == u);
  const float u32 =
      (static_cast<float>(reference::word(stream, reference::kUniformsF32, i) >> 9) + 0.5F) *
      0x1p-23F;
  RC_ASSERT(stream.uniform_f32(i) == u32);
  const bool minus = (reference::word(stream, reference::kSigns, i / 32) >> (i % 32)) & 1;
  RC_ASSERT(stream.sign(i) == (minus ? -1 : 1));

  // Pairs: elements 16 apart, the first of a pair where i's bit 4 is 0. Against exact arithmetic,
  // to within the tolerance that random.h states.
  const std::uint64_t first = i & ~std::uint64_t{16};
  const reference::Point point =
      reference::box_muller(reference::bits(stream, reference::kNormalsF64, first),
                            reference::bits(stream, reference::kNormalsF64, first + 16));
  RC_ASSERT(std::abs(stream.normal(first) - point.first) <= 6e-16L * (1 + std::abs(point.first)));
  RC_ASSERT(std::abs(stream.normal(first + 16) - point.second) <=
            6e-16L * (1 + std::abs(point.second)));
  const reference::Point point32 =
      reference::box_muller(reference::word(stream, reference::kNormalsF32, first),
                            reference::word(stream, reference::kNormalsF32, first + 16));
  RC_ASSERT(std::abs(stream.normal_f32(first) - point32.first) <=
            3e-7L * (1 + std::abs(point32.first)));
  RC_ASSERT(std::abs(stream.normal_f32(first + 16) - point32.second) <=
            3e-7L * (1 + std::abs(point32.second)));
}

// A fill of any offset, length and alignment holds the single draws, and writes nothing beside.
template <class T, class Fill, class Single>
void check_fill(Fill fill, Single single) {
  const std::uint64_t first = *any_position();
  const auto most = static_cast<std::size_t>(
      std::min<std::uint64_t>(5000, kGreatest - first));  // the last element is tested apart
  const auto size = *rc::gen::inRange<std::size_t>(0, most + 1);
  const auto shift = *rc::gen::inRange<std::size_t>(1, 17);
  const T mark = T(77);
  std::vector<T> store(size + shift + 1, mark);
  fill(first, std::span<T>(store).subspan(shift, size));
  RC_ASSERT(store[shift - 1] == mark);
  RC_ASSERT(store[shift + size] == mark);
  for (std::size_t j = 0; j < size; j += 1 + j % 7) {
    RC_ASSERT(store[shift + j] == static_cast<T>(single(first + j)));
  }
}

RC_GTEST_PROP(Random, FillsOfWordsHoldTheSingleDraws, ()) {
  const RandomStream s = any_stream();
  check_fill<std::uint32_t>([&](auto i, auto out) { s.fill_words(i, out); },
                            [&](auto i) { return s.word(i); });
}

RC_GTEST_PROP(Random, FillsOfUniformsHoldTheSingleDraws, ()) {
  const RandomStream s = any_stream();
  check_fill<double>([&](auto i, auto out) { s.fill_uniform(i, out); },
                     [&](auto i) { return s.uniform(i); });
  check_fill<float>([&](auto i, auto out) { s.fill_uniform(i, out); },
                    [&](auto i) { return s.uniform_f32(i); });
}

RC_GTEST_PROP(Random, FillsOfNormalsHoldTheSingleDraws, ()) {
  const RandomStream s = any_stream();
  check_fill<double>([&](auto i, auto out) { s.fill_normal(i, out); },
                     [&](auto i) { return s.normal(i); });
  check_fill<float>([&](auto i, auto out) { s.fill_normal(i, out); },
                    [&](auto i) { return s.normal_f32(i); });
}

RC_GTEST_PROP(Random, FillsOfSignsHoldTheSingleDraws, ()) {
  const RandomStream s = any_stream();
  check_fill<double>([&](auto i, auto out) { s.fill_sign(i, out); },
                     [&](auto i) { return s.sign(i); });
  check_fill<float>([&](auto i, auto out) { s.fill_sign(i, out); },
                    [&](auto i) { return s.sign(i); });
}

// Bit patterns of everything that the kernels make, from one stream.
std::vector<std::uint64_t> kernel_bits(bool with_normals) {
  constexpr std::size_t count = 41;
  const internal::PhiloxAddress address{0x0123456789abcdef, 0xfedcba9876543210};
  const std::uint64_t first = (std::uint64_t{1} << 28) - 5;  // the carry comes after 5
  std::vector<std::uint32_t> words(count * internal::kElements32);
  std::vector<float> floats(words.size());
  std::vector<double> doubles(words.size() / 2);
  std::vector<std::uint64_t> all;
  const auto add32 = [&](const auto& from) {
    for (const auto x : from) all.push_back(std::bit_cast<std::uint32_t>(x));
  };
  const auto add64 = [&] {
    for (const double x : doubles) all.push_back(std::bit_cast<std::uint64_t>(x));
  };
  internal::fill_words(address, first, count, words.data());
  add32(words);
  internal::fill_uniforms(address, first, count, floats.data());
  add32(floats);
  internal::fill_uniforms(address, first, count, doubles.data());
  add64();
  internal::expand_signs(words.data(), count, floats.data());
  add32(floats);
  internal::expand_signs(words.data(), count, doubles.data());
  add64();
  if (with_normals) {
    internal::fill_normals(address, first, count, floats.data());
    add32(floats);
    internal::fill_normals(address, first, count, doubles.data());
    add64();
  }
  return all;
}

TEST(Random, AllInstructionSetsGiveTheSameBits) {
  for (const bool with_normals : {false, true}) {
    const std::vector<std::uint64_t> best = kernel_bits(with_normals);
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
      if (with_normals && !reference::is_fused(target)) continue;
      const reference::ForcedTarget forced(target);
      ASSERT_EQ(random_instruction_set(), hwy::TargetName(target));
      EXPECT_EQ(kernel_bits(with_normals), best) << hwy::TargetName(target);
    }
  }
}

template <class Call>
std::string usage_refusal(Call call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Random, FillsUpToTheLastPositionAndNotBeyond) {
  const RandomStream stream(1, "end");
  std::vector<float> out(3);
  stream.fill_normal(kGreatest - 2, out);
  EXPECT_EQ(out[2], stream.normal_f32(kGreatest));
  EXPECT_EQ(usage_refusal([&] { stream.fill_normal(kGreatest - 1, out); }),
            "first = 18446744073709551614: first + size must not exceed 2^64, with size = 3; "
            "take another index of the stream");
  EXPECT_NE(usage_refusal([&] { stream.fill_sign(kGreatest, out); }), "");
  out.clear();
  EXPECT_NO_THROW(stream.fill_normal(kGreatest, out));
}

TEST(Random, GammaRefusesWhatItCannotDraw) {
  const RandomStream stream(1, "refused");
  EXPECT_EQ(usage_refusal([&] { stream.gamma(0, 0); }), "shape = 0: must lie in [1e-300, 1e300]");
  EXPECT_EQ(usage_refusal([&] { stream.chi_square(0, -1); }),
            "dof = -1: must lie in [2e-300, 2e300]");
  EXPECT_NE(usage_refusal([&] { stream.gamma(0, std::numeric_limits<double>::quiet_NaN()); }), "");
  EXPECT_NE(usage_refusal([&] { stream.gamma_log(0, std::numeric_limits<double>::infinity()); }),
            "");
  EXPECT_NE(usage_refusal([&] { stream.chi_square_log(std::uint64_t{1} << 56, 1); }), "");
  EXPECT_NO_THROW(stream.gamma((std::uint64_t{1} << 56) - 1, 1));
}

}  // namespace
}  // namespace esscher
