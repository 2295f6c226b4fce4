#include "base/random_fill.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "base/random_fill.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

#include "base/random_box_muller-inl.h"
#include "base/random_philox-inl.h"

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void words_kernel(PhiloxAddress address, std::uint64_t first, std::size_t count,
                  std::uint32_t* HWY_RESTRICT out) {
  const Words d;
  std::size_t done = 0;
  while (done < count) {
    const std::uint64_t position = (first + done) * kBlocksPerSuperblock;
    const std::uint64_t low = position & kLow;
    const std::uint64_t room = ((kLow + 1) - low) / kBlocksPerSuperblock;
    const auto run =
        static_cast<std::size_t>(std::min<std::uint64_t>(room, std::uint64_t{count - done}));
    const Prologue prologue(address, position);
    for (std::size_t j = 0; j < run; ++j) {
      for (std::size_t b = 0; b < kBlocksPerSuperblock; b += hn::Lanes(d)) {
        const PackedBlock block = packed_blocks(prologue, low + j * kBlocksPerSuperblock, b);
        std::uint32_t* to = out + (done + j) * kElements32 + b;
        hn::StoreU(block.w0, d, to);
        hn::StoreU(block.w1, d, to + 16);
        hn::StoreU(block.w2, d, to + 32);
        hn::StoreU(block.w3, d, to + 48);
      }
    }
    done += run;
  }
}

/// Words to uniforms: any number of superblocks.
HWY_INLINE void uniforms_from_words(const std::uint32_t* HWY_RESTRICT words, std::size_t count,
                                    float* HWY_RESTRICT out) {
  const Words d;
  const hn::RebindToFloat<Words> df;
  for (std::size_t e = 0; e < count * kElements32; e += hn::Lanes(d)) {
    hn::StoreU(uniform(d, hn::LoadU(d, words + e)), df, out + e);
  }
}

void words_to_normals_f32_kernel(const std::uint32_t* HWY_RESTRICT words, std::size_t count,
                                 float* HWY_RESTRICT out) {
  const Words d;
  const hn::RebindToFloat<Words> df;
  // Half superblocks: words 0 and 1 of 16 blocks, then words 2 and 3.
  for (std::size_t half = 0; half < 2 * count; ++half) {
    for (std::size_t b = 0; b < kBlocksPerSuperblock; b += hn::Lanes(d)) {
      const std::size_t at = half * 2 * kBlocksPerSuperblock + b;
      const auto point =
          box_muller(d, hn::LoadU(d, words + at), hn::LoadU(d, words + at + kBlocksPerSuperblock));
      hn::StoreU(point.first, df, out + at);
      hn::StoreU(point.second, df, out + at + kBlocksPerSuperblock);
    }
  }
}

/// 64 bits a lane from words 2h and 2h + 1 of blocks b ... of one superblock.
HWY_INLINE Lane load_bits(const std::uint32_t* HWY_RESTRICT superblock, std::size_t h,
                          std::size_t b) {
  const Lanes d;
  const hn::Rebind<std::uint32_t, Lanes> half;
  const std::uint32_t* from = superblock + 2 * h * kBlocksPerSuperblock + b;
  const Lane low = hn::PromoteTo(d, hn::LoadU(half, from));
  const Lane high = hn::PromoteTo(d, hn::LoadU(half, from + kBlocksPerSuperblock));
  return hn::Or(hn::ShiftLeft<32>(high), low);
}

HWY_INLINE void uniforms_from_words(const std::uint32_t* HWY_RESTRICT words, std::size_t count,
                                    double* HWY_RESTRICT out) {
  const Lanes d;
  const hn::RebindToFloat<Lanes> df;
  for (std::size_t j = 0; j < count; ++j) {
    for (std::size_t e = 0; e < kElements64; e += hn::Lanes(d)) {
      const Lane bits =
          load_bits(words + j * kElements32, e / kBlocksPerSuperblock, e % kBlocksPerSuperblock);
      hn::StoreU(uniform_f64(d, bits), df, out + j * kElements64 + e);
    }
  }
}

void words_to_normals_f64_kernel(const std::uint32_t* HWY_RESTRICT words, std::size_t count,
                                 double* HWY_RESTRICT out) {
  const Lanes d;
  const hn::RebindToFloat<Lanes> df;
  for (std::size_t j = 0; j < count; ++j) {
    const std::uint32_t* superblock = words + j * kElements32;
    double* to = out + j * kElements64;
    for (std::size_t b = 0; b < kBlocksPerSuperblock; b += hn::Lanes(d)) {
      const auto point =
          box_muller_f64(d, load_bits(superblock, 0, b), load_bits(superblock, 1, b));
      hn::StoreU(point.first, df, to + b);
      hn::StoreU(point.second, df, to + b + kBlocksPerSuperblock);
    }
  }
}

/// Words first, then what is made of them, a few superblocks at a time by way of the first-level
/// cache. One loop for both would save the store and the load, but its dependency chains are so
/// long that the processor's scheduler cannot see past one superblock (measured: a fifth slower).
template <class T, class Convert>
HWY_INLINE void convert_fill(PhiloxAddress address, std::uint64_t first, std::size_t count,
                             T* HWY_RESTRICT out, Convert convert) {
  constexpr std::size_t kAtOnce = 16;
  constexpr std::size_t kElements = kElements32 * sizeof(float) / sizeof(T);
  HWY_ALIGN std::uint32_t words[kAtOnce * kElements32];
  for (std::size_t j = 0; j < count; j += kAtOnce) {
    const std::size_t now = std::min(kAtOnce, count - j);
    words_kernel(address, first + j, now, words);
    convert(words, now, out + j * kElements);
  }
}

void uniforms_f32_kernel(PhiloxAddress address, std::uint64_t first, std::size_t count,
                         float* HWY_RESTRICT out) {
  convert_fill(address, first, count, out, [](auto... a) HWY_ATTR { uniforms_from_words(a...); });
}

void uniforms_f64_kernel(PhiloxAddress address, std::uint64_t first, std::size_t count,
                         double* HWY_RESTRICT out) {
  convert_fill(address, first, count, out, [](auto... a) HWY_ATTR { uniforms_from_words(a...); });
}

void normals_f32_kernel(PhiloxAddress address, std::uint64_t first, std::size_t count,
                        float* HWY_RESTRICT out) {
  convert_fill(address, first, count, out, words_to_normals_f32_kernel);
}

void normals_f64_kernel(PhiloxAddress address, std::uint64_t first, std::size_t count,
                        double* HWY_RESTRICT out) {
  convert_fill(address, first, count, out, words_to_normals_f64_kernel);
}

void signs_f32_kernel(const std::uint32_t* HWY_RESTRICT words, std::size_t count,
                      float* HWY_RESTRICT out) {
  const Words d;
  const hn::RebindToFloat<Words> df;
  const auto one = hn::Set(d, 0x3F800000U);
  for (std::size_t j = 0; j < count; ++j) {
    const auto word = hn::Set(d, words[j]);
    for (std::size_t bit = 0; bit < 32; bit += hn::Lanes(d)) {
      const auto at = hn::Iota(d, static_cast<std::uint32_t>(bit));
      const auto sign = hn::ShiftLeft<31>(hn::Shr(word, at));
      hn::StoreU(hn::BitCast(df, hn::Or(sign, one)), df, out + 32 * j + bit);
    }
  }
}

void signs_f64_kernel(const std::uint32_t* HWY_RESTRICT words, std::size_t count,
                      double* HWY_RESTRICT out) {
  const Lanes d;
  const hn::RebindToFloat<Lanes> df;
  const auto one = hn::Set(d, std::uint64_t{0x3FF0000000000000});
  for (std::size_t j = 0; j < count; ++j) {
    const auto word = hn::Set(d, std::uint64_t{words[j]});
    for (std::size_t bit = 0; bit < 32; bit += hn::Lanes(d)) {
      const auto at = hn::Iota(d, std::uint64_t{bit});
      const auto sign = hn::ShiftLeft<63>(hn::Shr(word, at));
      hn::StoreU(hn::BitCast(df, hn::Or(sign, one)), df, out + 32 * j + bit);
    }
  }
}

const char* name_kernel() { return hwy::TargetName(HWY_TARGET); }

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace esscher::internal {

HWY_EXPORT(words_kernel);
HWY_EXPORT(uniforms_f32_kernel);
HWY_EXPORT(uniforms_f64_kernel);
HWY_EXPORT(normals_f32_kernel);
HWY_EXPORT(normals_f64_kernel);
HWY_EXPORT(words_to_normals_f32_kernel);
HWY_EXPORT(words_to_normals_f64_kernel);
HWY_EXPORT(signs_f32_kernel);
HWY_EXPORT(signs_f64_kernel);
HWY_EXPORT(name_kernel);

void fill_words(PhiloxAddress address, std::uint64_t first, std::size_t count, std::uint32_t* out) {
  HWY_DYNAMIC_DISPATCH(words_kernel)(address, first, count, out);
}

void fill_uniforms(PhiloxAddress address, std::uint64_t first, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(uniforms_f32_kernel)(address, first, count, out);
}

void fill_uniforms(PhiloxAddress address, std::uint64_t first, std::size_t count, double* out) {
  HWY_DYNAMIC_DISPATCH(uniforms_f64_kernel)(address, first, count, out);
}

void fill_normals(PhiloxAddress address, std::uint64_t first, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(normals_f32_kernel)(address, first, count, out);
}

void fill_normals(PhiloxAddress address, std::uint64_t first, std::size_t count, double* out) {
  HWY_DYNAMIC_DISPATCH(normals_f64_kernel)(address, first, count, out);
}

void normals_from_words(const std::uint32_t* words, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(words_to_normals_f32_kernel)(words, count, out);
}

void normals_from_words(const std::uint32_t* words, std::size_t count, double* out) {
  HWY_DYNAMIC_DISPATCH(words_to_normals_f64_kernel)(words, count, out);
}

void expand_signs(const std::uint32_t* words, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(signs_f32_kernel)(words, count, out);
}

void expand_signs(const std::uint32_t* words, std::size_t count, double* out) {
  HWY_DYNAMIC_DISPATCH(signs_f64_kernel)(words, count, out);
}

const char* fill_target_name() { return HWY_DYNAMIC_DISPATCH(name_kernel)(); }

}  // namespace esscher::internal
#endif  // HWY_ONCE
