#pragma once

/// \file
/// Random numbers without state: every draw is a function f(seed, stream name, index, position),
/// so that results depend neither on threads nor on the order of calls.
///
/// The generator is Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
/// as 1, 2, 3", SC 2011). It maps a counter of four 32-bit words, under a key of two, to four
/// random words: a "block". Here
/// - the counter's words 0 and 1 (low, high) are the block's position, words 2 and 3 the index;
/// - the key's words 0 and 1 are the low and high half of `key() ^ tag(kind)`.
///
/// The key comes from seed and name: the name is hashed by FNV-1a to 64 bits, and key() is words 0
/// and 1 of Philox at counter (seed, hash) under the key (0x65737363, 0x68657231). Distinct indices
/// of one stream never overlap. Two streams of distinct seed or name do, in some kind or kinds,
/// with a probability of about 49 * 2^-64: for a million streams, 1 in a million.
///
/// Kinds of draw never share words. The tags are the first 64 fractional bits of the cube roots of
/// the first primes:
///
///     words           0                        signs           0x428a2f98d728ae22
///     uniforms, f32   0x7137449123ef65cd       uniforms, f64   0xb5c0fbcfec4d3b2f
///     normals, f32    0xe9b5dba58189dbbc       normals, f64    0x3956c25bf348b538
///     gamma           0x59f111f1b605d019
///
/// Hence normal_f32(i) and normal(i) are independent, not roundings of each other. The gamma family
/// is one kind: gamma(i, a), gamma_log(i, a) and chi_square(i, 2a) are one draw, told in three
/// ways, and gamma(i, a), gamma(i, b) of unequal shapes are dependent.
///
/// Layout, for all kinds but gamma: blocks come in groups of 16, "superblocks".
/// - 32-bit kinds: superblock s holds elements 64 s ... 64 s + 63, and element 64 s + 16 w + b is
///   made from word w of block 16 s + b. Normals are made in pairs: those of words 0 and 1, and
///   those of words 2 and 3, are the two coordinates of one Box-Muller point.
/// - 64-bit kinds: superblock s holds elements 32 s ... 32 s + 31, and element 32 s + 16 h + b is
///   made from words 2h (low) and 2h + 1 (high) of block 16 s + b. The normals of h = 0 and h = 1
///   are one point.
/// - Signs: sign i is bit i mod 32 of element i / 32 of the 32-bit layout.
/// - Gamma: draw i owns blocks 256 i ... 256 i + 255; see gamma().
///
/// So element i is the same for whatever offset, length and alignment a fill has. It is the same
/// bit for bit on every instruction set with fused multiply-add (AVX2, AVX-512, NEON, SVE); where
/// that is missing (SSE4 and older) words, uniforms and signs are still the same, but the last bits
/// of normals may differ. Gamma draws take log, cos and exp from the C library, and follow its last
/// bits.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace esscher {

/// One stream of random numbers: 16 bytes, no state, cheap to copy, safe to share among threads.
///
/// Fills write whole spans: element `first + j` of the stream goes to `out[j]`. They throw
/// UsageError where first + out.size() exceeds 2^64, and allocate nothing.
class RandomStream {
 public:
  /// The stream \p name of \p seed; costs two blocks (tens of nanoseconds). \p index is the third
  /// part of the address: a chunk, a repetition, a row.
  RandomStream(std::uint64_t seed, std::string_view name, std::uint64_t index = 0) noexcept;

  /// The stream under a key given outright, for published test vectors and saved keys.
  static RandomStream from_key(std::uint64_t key, std::uint64_t index = 0) noexcept;

  /// The same stream at another index.
  RandomStream at(std::uint64_t index) const noexcept { return from_key(key_, index); }

  std::uint64_t key() const noexcept { return key_; }
  std::uint64_t index() const noexcept { return index_; }

  /// Block \p position of the kind "words", as Random123 gives it.
  std::array<std::uint32_t, 4> block(std::uint64_t position) const noexcept;

  /// 32 random bits. Cost: one block, about 10 ns; so for uniforms and signs.
  std::uint32_t word(std::uint64_t i) const noexcept;

  /// Uniform in (0, 1), never 0 or 1: (k + 1/2) 2^-52 with k of 52 bits, which is exact in the 53
  /// of a double and symmetric about 1/2. (k of 53 bits could round to 1.)
  double uniform(std::uint64_t i) const noexcept;
  /// The same in float: (k + 1/2) 2^-23 with k of 23 bits.
  float uniform_f32(std::uint64_t i) const noexcept;

  /// +1 or -1.
  int sign(std::uint64_t i) const noexcept;

  /// Standard normal by Box-Muller, at most 8.66 in size, never 0. Bit for bit what fill_normal
  /// gives; costs a superblock (about 100 ns), so fill spans where speed matters.
  /// Against exact arithmetic on the same words, the error is at most 4.5e-16 of the pair's radius.
  double normal(std::uint64_t i) const noexcept;
  /// The same in float, at most 6.77 in size, never 0. Error at most 3e-7 of the pair's radius
  /// (1.7e-7 from the radius and 1.4e-7 from the angle, each over all 2^32 words).
  float normal_f32(std::uint64_t i) const noexcept;

  /// Gamma with the given shape and scale 1, for 0 < shape. Marsaglia and Tsang, "A simple method
  /// for generating gamma variables", ACM TOMS 26 (2000); a shape below 1 is drawn as
  /// Gamma(shape + 1) U^(1/shape). Draw i owns 256 blocks: attempt t of the rejection takes its
  /// normal from block 256 i + 2t (words 0-1 radius, 2-3 angle) and its uniform from words 0-1 of
  /// block 256 i + 2t + 1; U comes from words 2-3 of block 256 i + 1. An attempt fails with
  /// probability below 0.05, so that 128 are never used up (below 1e-166).
  ///
  /// The acceptance test is written without cancellation, so that shapes up to 1e300 are right;
  /// the draw's relative rounding error of about 4e-16 stays small against its relative deviation
  /// 1/sqrt(shape) up to shapes of 1e25.
  ///
  /// Below shape 0.05 or so a draw can be less than any double: chi-square with 0.01 degrees of
  /// freedom does so in 1 of 40. Such a draw is returned as 2.2e-308, the least normal double,
  /// never as 0; gamma_log() gives its true logarithm.
  /// Cost: about 100 ns.
  /// \throws UsageError unless 1e-300 <= shape <= 1e300 and i < 2^56.
  double gamma(std::uint64_t i, double shape) const;
  /// The logarithm of the same draw; finite for every shape.
  double gamma_log(std::uint64_t i, double shape) const;
  /// Chi-square with \p dof degrees of freedom, not necessarily a whole number:
  /// 2 gamma(i, dof / 2), with its limits and its floor.
  double chi_square(std::uint64_t i, double dof) const;
  /// The logarithm of the same draw; finite for every dof.
  double chi_square_log(std::uint64_t i, double dof) const;

  void fill_words(std::uint64_t first, std::span<std::uint32_t> out) const;
  void fill_uniform(std::uint64_t first, std::span<double> out) const;
  void fill_uniform(std::uint64_t first, std::span<float> out) const;
  /// Fastest of the fills per byte is the one to float: some 0.6 ns an element with AVX-512.
  void fill_normal(std::uint64_t first, std::span<double> out) const;
  void fill_normal(std::uint64_t first, std::span<float> out) const;
  void fill_sign(std::uint64_t first, std::span<double> out) const;
  void fill_sign(std::uint64_t first, std::span<float> out) const;

  friend bool operator==(const RandomStream&, const RandomStream&) = default;

 private:
  RandomStream(std::uint64_t key, std::uint64_t index) noexcept : key_(key), index_(index) {}

  std::uint64_t key_;
  std::uint64_t index_;
};

/// The instruction set on which the fills run: "AVX3" (AVX-512), "AVX2", "SSE4", "NEON", ...
/// Fixed for the life of the process; belongs into every record of a run.
std::string_view random_instruction_set() noexcept;

}  // namespace esscher
