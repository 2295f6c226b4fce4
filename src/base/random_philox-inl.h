/// \file
/// Philox 4x32-10 on vectors: one block a 64-bit lane. Compiled once for each instruction set.
///
/// A 32-bit word rides in the low half of its lane, and its high half may hold anything: the
/// widening multiplication, the only step that mixes bits within a lane, ignores it. That
/// multiplication then delivers both halves of the product in place, and a round for one vector is
/// two multiplications, two shifts and two three-way xors.

#if defined(ESSCHER_BASE_RANDOM_PHILOX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ESSCHER_BASE_RANDOM_PHILOX_INL_H_
#undef ESSCHER_BASE_RANDOM_PHILOX_INL_H_
#else
#define ESSCHER_BASE_RANDOM_PHILOX_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "base/random_fill.h"

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// No tag may be wider than a superblock, which matters on scalable vectors only.
using Words = hn::CappedTag<std::uint32_t, kBlocksPerSuperblock>;
using Lanes = hn::CappedTag<std::uint64_t, kBlocksPerSuperblock / 2>;
using Word = hn::Vec<Words>;
using Lane = hn::Vec<Lanes>;

constexpr std::uint64_t kMultiplier0 = 0xD2511F53;
constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;
constexpr std::uint64_t kLow = 0xFFFFFFFF;

HWY_INLINE Lane multiply_low_words(Lane a, Lane b) {
#if HWY_TARGET == HWY_SCALAR
  const Lanes d;
  return hn::Mul(hn::And(a, hn::Set(d, kLow)), hn::And(b, hn::Set(d, kLow)));
#else
  const hn::Repartition<std::uint32_t, Lanes> d32;
  return hn::MulEven(hn::BitCast(d32, a), hn::BitCast(d32, b));
#endif
}

/// The four words of one block a lane.
struct Block {
  Lane w0, w1, w2, w3;
};

/// Rounds 1 and 2, and part of round 3, of all blocks whose positions share their upper 32 bits
/// (2^28 superblocks): only word 0 of the counter varies among them, and so half of those rounds is
/// the same for all.
class Prologue {
 public:
  Prologue(PhiloxAddress address, std::uint64_t position) {
    auto k0 = static_cast<std::uint32_t>(address.key);
    auto k1 = static_cast<std::uint32_t>(address.key >> 32);
    for (int round = 0; round < kRounds; ++round) {
      key0_[round] = k0;
      key1_[round] = k1;
      k0 += kWeyl0;
      k1 += kWeyl1;
    }
    const std::uint64_t first = kMultiplier1 * (address.index & kLow);
    const std::uint64_t word0 = (first >> 32) ^ (position >> 32) ^ key0_[0];
    const std::uint64_t second = kMultiplier0 * word0;
    first_word2_ = (address.index >> 32) ^ key1_[0];
    second_word0_ = (first & kLow) ^ key0_[1];
    second_word2_ = (second >> 32) ^ key1_[1];
    third_word2_ = (second & kLow) ^ key1_[2];
  }

  /// The blocks whose counter word 0, times kMultiplier0, is product.
  HWY_INLINE Block run(Lane product) const {
    const Lanes d;
    // Round 1 leaves two words that vary: 2, and 3 (the product's low half).
    Lane w2 = hn::Xor(hn::ShiftRight<32>(product), hn::Set(d, first_word2_));
    Lane w3 = product;
    // Round 2: word 3 becomes a constant, which second_word2_ and third_word2_ stand for.
    const Lane m1 = hn::Set(d, kMultiplier1);
    product = multiply_low_words(w2, m1);
    Lane w0 = hn::Xor(hn::ShiftRight<32>(product), hn::Set(d, second_word0_));
    Lane w1 = product;
    w2 = hn::Xor(w3, hn::Set(d, second_word2_));
    // Round 3.
    const Lane m0 = hn::Set(d, kMultiplier0);
    Lane even = multiply_low_words(w0, m0);
    Lane odd = multiply_low_words(w2, m1);
    w0 = hn::Xor3(hn::ShiftRight<32>(odd), w1, hn::Set(d, key0_[2]));
    w2 = hn::Xor(hn::ShiftRight<32>(even), hn::Set(d, third_word2_));
    w1 = odd;
    w3 = even;
    HWY_UNROLL(7)
    for (int round = 3; round < kRounds; ++round) {
      even = multiply_low_words(w0, m0);
      odd = multiply_low_words(w2, m1);
      w0 = hn::Xor3(hn::ShiftRight<32>(odd), w1, hn::Set(d, key0_[round]));
      w2 = hn::Xor3(hn::ShiftRight<32>(even), w3, hn::Set(d, key1_[round]));
      w1 = odd;
      w3 = even;
    }
    return {w0, w1, w2, w3};
  }

 private:
  // 64 bits wide, so that they can be broadcast straight from memory.
  std::uint64_t key0_[kRounds];
  std::uint64_t key1_[kRounds];
  std::uint64_t first_word2_;
  std::uint64_t second_word0_;
  std::uint64_t second_word2_;
  std::uint64_t third_word2_;
};

/// kMultiplier0 times the positions low ... low + lanes - 1, low being below 2^32.
HWY_INLINE Lane first_products(std::uint64_t low, std::size_t offset) {
  HWY_ALIGN static constexpr std::uint64_t kSteps[kBlocksPerSuperblock] = {
      0,
      kMultiplier0,
      2 * kMultiplier0,
      3 * kMultiplier0,
      4 * kMultiplier0,
      5 * kMultiplier0,
      6 * kMultiplier0,
      7 * kMultiplier0,
      8 * kMultiplier0,
      9 * kMultiplier0,
      10 * kMultiplier0,
      11 * kMultiplier0,
      12 * kMultiplier0,
      13 * kMultiplier0,
      14 * kMultiplier0,
      15 * kMultiplier0,
  };
  const Lanes d;
  return hn::Add(hn::Set(d, kMultiplier0 * low), hn::Load(d, kSteps + offset));
}

/// Four words of one block a 32-bit lane.
struct PackedBlock {
  Word w0, w1, w2, w3;
};

/// The blocks low + offset ... of 32-bit lanes; low, a multiple of 16, is the superblock's start.
HWY_INLINE PackedBlock packed_blocks(const Prologue& prologue, std::uint64_t low,
                                     std::size_t offset) {
  const Words d;
  const Block lower = prologue.run(first_products(low, offset));
#if HWY_TARGET == HWY_SCALAR
  const auto pack = [d](Lane a) { return hn::Set(d, static_cast<std::uint32_t>(hn::GetLane(a))); };
  return {pack(lower.w0), pack(lower.w1), pack(lower.w2), pack(lower.w3)};
#else
  const Block upper = prologue.run(first_products(low, offset + hn::Lanes(Lanes())));
  const auto pack = [d](Lane a, Lane b) HWY_ATTR {
    return hn::ConcatEven(d, hn::BitCast(d, b), hn::BitCast(d, a));
  };
  return {pack(lower.w0, upper.w0), pack(lower.w1, upper.w1), pack(lower.w2, upper.w2),
          pack(lower.w3, upper.w3)};
#endif
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
