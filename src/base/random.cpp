#include "esscher/base/random.h"

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "base/random_fill.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

using internal::kElements32;
using internal::kElements64;
using internal::PhiloxAddress;

// One tag a kind; random.h lists them, and tests pin them.
constexpr std::uint64_t kWords = 0;
constexpr std::uint64_t kSigns = 0x428a2f98d728ae22;
constexpr std::uint64_t kUniformsF32 = 0x7137449123ef65cd;
constexpr std::uint64_t kUniformsF64 = 0xb5c0fbcfec4d3b2f;
constexpr std::uint64_t kNormalsF32 = 0xe9b5dba58189dbbc;
constexpr std::uint64_t kNormalsF64 = 0x3956c25bf348b538;
constexpr std::uint64_t kGamma = 0x59f111f1b605d019;

constexpr std::uint64_t kBlocksPerGamma = 256;
constexpr std::size_t kSignsPerWord = 32;

using Philox = r123::Philox4x32;
using Block = Philox::ctr_type;

std::uint32_t low_word(std::uint64_t bits) { return static_cast<std::uint32_t>(bits); }
std::uint32_t high_word(std::uint64_t bits) { return static_cast<std::uint32_t>(bits >> 32); }
std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return low | (std::uint64_t{high} << 32);
}

Block philox(std::uint64_t low, std::uint64_t high, std::uint64_t key) {
  const Block counter = {{low_word(low), high_word(low), low_word(high), high_word(high)}};
  const Philox::key_type words = {{low_word(key), high_word(key)}};
  return Philox()(counter, words);
}

Block block_of(PhiloxAddress address, std::uint64_t position) {
  return philox(position, address.index, address.key);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

PhiloxAddress address_of(const RandomStream& stream, std::uint64_t tag) {
  return {stream.key() ^ tag, stream.index()};
}

/// Element i of the 32-bit layout.
std::uint32_t word_at(PhiloxAddress address, std::uint64_t i) {
  constexpr std::uint64_t kBlocks = internal::kBlocksPerSuperblock;
  const std::uint64_t in_superblock = i % kElements32;
  const Block block = block_of(address, i / kElements32 * kBlocks + in_superblock % kBlocks);
  return block[in_superblock / kBlocks];
}

/// Element i of the 64-bit layout.
std::uint64_t bits_at(PhiloxAddress address, std::uint64_t i) {
  constexpr std::uint64_t kBlocks = internal::kBlocksPerSuperblock;
  const std::uint64_t in_superblock = i % kElements64;
  const Block block = block_of(address, i / kElements64 * kBlocks + in_superblock % kBlocks);
  const std::size_t half = in_superblock / kBlocks;
  return join(block[2 * half], block[2 * half + 1]);
}

/// Both are exact: the numerator is odd and below 2^53 (2^24).
double uniform_from(std::uint64_t bits) {
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}
float uniform_from(std::uint32_t word) { return (static_cast<float>(word >> 9) + 0.5F) * 0x1p-23F; }

void require_range(std::uint64_t first, std::size_t size) {
  if (size > 0 && size - 1 > std::numeric_limits<std::uint64_t>::max() - first) {
    throw UsageError(
        rejection("first", std::to_string(first),
                  "first + size must not exceed 2^64, with size = " + std::to_string(size),
                  "take another index of the stream"));
  }
}

/// fill(address, superblock, count, to) for all superblocks that the span touches: whole ones in
/// place, the ends by way of a buffer.
template <class T, class Fill>
void fill_span(PhiloxAddress address, std::uint64_t first, std::span<T> out, Fill fill) {
  constexpr std::size_t kElements = sizeof(T) == 8 ? kElements64 : kElements32;
  require_range(first, out.size());
  const auto partial = [&](std::size_t skip, std::size_t size) {
    alignas(64) T buffer[kElements];
    fill(address, first / kElements, 1, buffer);
    std::copy_n(buffer + skip, size, out.data());
    first += size;
    out = out.subspan(size);
  };
  if (const std::size_t skip = first % kElements; skip != 0 && !out.empty()) {
    partial(skip, std::min(out.size(), kElements - skip));
  }
  if (const std::size_t count = out.size() / kElements; count > 0) {
    fill(address, first / kElements, count, out.data());
    first += count * kElements;
    out = out.subspan(count * kElements);
  }
  if (!out.empty()) partial(0, out.size());
}

template <class T>
void fill_sign_span(PhiloxAddress address, std::uint64_t first, std::span<T> out) {
  require_range(first, out.size());
  constexpr std::size_t kPerSuperblock = kElements32 * kSignsPerWord;
  alignas(64) std::uint32_t words[kElements32];
  std::size_t done = 0;
  while (done < out.size()) {
    internal::fill_words(address, (first + done) / kPerSuperblock, 1, words);
    const std::size_t start = (first + done) % kPerSuperblock;
    const std::size_t end = start + std::min(kPerSuperblock - start, out.size() - done);
    std::size_t at = start;
    while (at < end) {
      if (at % kSignsPerWord == 0 && end - at >= kSignsPerWord) {
        const std::size_t whole = (end - at) / kSignsPerWord;
        internal::expand_signs(words + at / kSignsPerWord, whole, out.data() + done + (at - start));
        at += whole * kSignsPerWord;
      } else {
        const bool minus = (words[at / kSignsPerWord] >> (at % kSignsPerWord)) & 1;
        out[done + (at - start)] = minus ? T{-1} : T{1};
        ++at;
      }
    }
    done += end - start;
  }
}

/// log(1 + w) - w + w^2/2 - w^3/3, which is -w^4/4 + ..., without cancellation for small w.
double log1p_after_cube(double w) {
  if (std::abs(w) > 0.1) return std::log1p(w) - w * (1 - w * (0.5 - w / 3));
  // At |w| = 0.1 the first term left out, w^20/20, is 2e-17 of the leading one.
  double sum = 0;
  for (int n = 19; n >= 4; --n) sum = (n % 2 == 0 ? -1.0 : 1.0) / n + w * sum;
  return sum * (w * w) * (w * w);
}

void require_gamma(std::uint64_t i, double parameter, double least, double most,
                   std::string_view name) {
  if (!(parameter >= least && parameter <= most)) {
    throw UsageError(rejection(
        name, parameter,
        least < 1.5e-300 ? "must lie in [1e-300, 1e300]" : "must lie in [2e-300, 2e300]"));
  }
  if (i >> 56 != 0) {
    throw UsageError(rejection("i", std::to_string(i), "gamma draws are numbered below 2^56",
                               "take another index of the stream"));
  }
}

/// A gamma draw as the product base e^{log_factor}: the second is the boost of a shape below 1,
/// which may underflow, and is 0 otherwise.
struct GammaDraw {
  double base;
  double log_factor;
};

GammaDraw draw_gamma(PhiloxAddress address, std::uint64_t i, double shape) {
  const double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3.0;
  const double c = 1 / (3 * std::sqrt(d));
  const std::uint64_t start = i * kBlocksPerGamma;
  for (std::uint64_t t = 0; t < kBlocksPerGamma; t += 2) {
    const Block point = block_of(address, start + t);
    const double radius = std::sqrt(-2 * std::log(uniform_from(join(point[0], point[1]))));
    const double angle = 2 * std::numbers::pi * uniform_from(join(point[2], point[3]));
    const double w = c * radius * std::cos(angle);
    if (w <= -1) continue;
    const Block rest = block_of(address, start + t + 1);
    // Marsaglia and Tsang accept where log u < x^2/2 + d (1 - v + log v), v = (1 + w)^3, w = c x.
    // For a large shape the terms of the right side cancel to nothing but rounding error. But as
    // 9 d c^2 = 1, it equals 3 d (log(1 + w) - w + w^2/2 - w^3/3) exactly.
    const double log_u = std::log(uniform_from(join(rest[0], rest[1])));
    if (log_u >= 3 * d * log1p_after_cube(w)) continue;
    const double base = d * (1 + w) * (1 + w) * (1 + w);
    if (shape >= 1) return {base, 0};
    const Block boost = t == 0 ? rest : block_of(address, start + 1);
    return {base, std::log(uniform_from(join(boost[2], boost[3]))) / shape};
  }
  throw InternalError("gamma: 128 attempts were rejected, which has probability below 1e-166");
}

double value_of(GammaDraw draw, double scale) {
  // In logs where the factor alone might underflow though the product does not.
  const double value = draw.log_factor < -600
                           ? std::exp(std::log(scale * draw.base) + draw.log_factor)
                           : scale * draw.base * std::exp(draw.log_factor);
  return std::max(value, std::numeric_limits<double>::min());
}

double log_of(GammaDraw draw, double scale) {
  return std::log(scale * draw.base) + draw.log_factor;
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view name, std::uint64_t index) noexcept
    : index_(index) {
  const Block block = philox(seed, fnv1a(name), join(0x65737363, 0x68657231));
  key_ = join(block[0], block[1]);
}

RandomStream RandomStream::from_key(std::uint64_t key, std::uint64_t index) noexcept {
  return RandomStream(key, index);
}

std::array<std::uint32_t, 4> RandomStream::block(std::uint64_t position) const noexcept {
  const Block words = block_of(address_of(*this, kWords), position);
  return {words[0], words[1], words[2], words[3]};
}

std::uint32_t RandomStream::word(std::uint64_t i) const noexcept {
  return word_at(address_of(*this, kWords), i);
}

double RandomStream::uniform(std::uint64_t i) const noexcept {
  return uniform_from(bits_at(address_of(*this, kUniformsF64), i));
}

float RandomStream::uniform_f32(std::uint64_t i) const noexcept {
  return uniform_from(word_at(address_of(*this, kUniformsF32), i));
}

int RandomStream::sign(std::uint64_t i) const noexcept {
  const std::uint32_t word = word_at(address_of(*this, kSigns), i / kSignsPerWord);
  return (word >> (i % kSignsPerWord)) & 1 ? -1 : 1;
}

double RandomStream::normal(std::uint64_t i) const noexcept {
  alignas(64) double buffer[kElements64];
  internal::fill_normals(address_of(*this, kNormalsF64), i / kElements64, 1, buffer);
  return buffer[i % kElements64];
}

float RandomStream::normal_f32(std::uint64_t i) const noexcept {
  alignas(64) float buffer[kElements32];
  internal::fill_normals(address_of(*this, kNormalsF32), i / kElements32, 1, buffer);
  return buffer[i % kElements32];
}

double RandomStream::gamma(std::uint64_t i, double shape) const {
  require_gamma(i, shape, 1e-300, 1e300, "shape");
  return value_of(draw_gamma(address_of(*this, kGamma), i, shape), 1);
}

double RandomStream::gamma_log(std::uint64_t i, double shape) const {
  require_gamma(i, shape, 1e-300, 1e300, "shape");
  return log_of(draw_gamma(address_of(*this, kGamma), i, shape), 1);
}

double RandomStream::chi_square(std::uint64_t i, double dof) const {
  require_gamma(i, dof, 2e-300, 2e300, "dof");
  return value_of(draw_gamma(address_of(*this, kGamma), i, dof / 2), 2);
}

double RandomStream::chi_square_log(std::uint64_t i, double dof) const {
  require_gamma(i, dof, 2e-300, 2e300, "dof");
  return log_of(draw_gamma(address_of(*this, kGamma), i, dof / 2), 2);
}

void RandomStream::fill_words(std::uint64_t first, std::span<std::uint32_t> out) const {
  fill_span(address_of(*this, kWords), first, out, internal::fill_words);
}

void RandomStream::fill_uniform(std::uint64_t first, std::span<double> out) const {
  fill_span(address_of(*this, kUniformsF64), first, out,
            [](auto... arguments) { internal::fill_uniforms(arguments...); });
}

void RandomStream::fill_uniform(std::uint64_t first, std::span<float> out) const {
  fill_span(address_of(*this, kUniformsF32), first, out,
            [](auto... arguments) { internal::fill_uniforms(arguments...); });
}

void RandomStream::fill_normal(std::uint64_t first, std::span<double> out) const {
  fill_span(address_of(*this, kNormalsF64), first, out,
            [](auto... arguments) { internal::fill_normals(arguments...); });
}

void RandomStream::fill_normal(std::uint64_t first, std::span<float> out) const {
  fill_span(address_of(*this, kNormalsF32), first, out,
            [](auto... arguments) { internal::fill_normals(arguments...); });
}

void RandomStream::fill_sign(std::uint64_t first, std::span<double> out) const {
  fill_sign_span(address_of(*this, kSigns), first, out);
}

void RandomStream::fill_sign(std::uint64_t first, std::span<float> out) const {
  fill_sign_span(address_of(*this, kSigns), first, out);
}

std::string_view random_instruction_set() noexcept { return internal::fill_target_name(); }

}  // namespace esscher
