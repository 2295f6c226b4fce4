#pragma once

/// \file
/// The vector kernels behind the fills of random.h, in whole superblocks of 16 Philox blocks, and
/// for the instruction set found at run time. The layout is told in random.h.

#include <cstddef>
#include <cstdint>

namespace esscher::internal {

/// Key and upper half of the counter, the kind's tag already in the key.
struct PhiloxAddress {
  std::uint64_t key = 0;
  std::uint64_t index = 0;
};

inline constexpr std::size_t kBlocksPerSuperblock = 16;
/// Elements of one superblock in the 32-bit and the 64-bit kinds.
inline constexpr std::size_t kElements32 = 64;
inline constexpr std::size_t kElements64 = 32;

/// Superblocks [first, first + count) to out, which holds count times 64 (32 for double) elements
/// of any alignment. first + count <= 2^60, beyond which the block position would wrap.
void fill_words(PhiloxAddress address, std::uint64_t first, std::size_t count, std::uint32_t* out);
void fill_uniforms(PhiloxAddress address, std::uint64_t first, std::size_t count, float* out);
void fill_uniforms(PhiloxAddress address, std::uint64_t first, std::size_t count, double* out);
void fill_normals(PhiloxAddress address, std::uint64_t first, std::size_t count, float* out);
void fill_normals(PhiloxAddress address, std::uint64_t first, std::size_t count, double* out);

/// The second half of fill_normals alone: words (count times 64, in the layout of fill_words) to
/// normals. For tests, which can so reach every bit pattern.
void normals_from_words(const std::uint32_t* words, std::size_t count, float* out);
void normals_from_words(const std::uint32_t* words, std::size_t count, double* out);

/// 32 signs from each of count words, bit 0 first: 1 gives -1, 0 gives +1.
void expand_signs(const std::uint32_t* words, std::size_t count, float* out);
void expand_signs(const std::uint32_t* words, std::size_t count, double* out);

/// Highway's name of the instruction set in use.
const char* fill_target_name();

}  // namespace esscher::internal
