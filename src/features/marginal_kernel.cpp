#include "features/marginal_kernel.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "features/marginal_kernel.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

#include "base/random_box_muller-inl.h"
#include "base/random_philox-inl.h"
#include "model/link_kernel_exp2-inl.h"

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::RebindToFloat<Words>;
// As many doubles as there are floats in half a vector.
using HalfFloats = hn::CappedTag<float, kNeuronPadding / 2>;
using Doubles = hn::CappedTag<double, kNeuronPadding / 2>;
using Double = hn::Vec<Doubles>;

/// Samples that are drawn at once: their words and draws fit the first-level cache.
constexpr std::size_t kTile = 8;

/// Row i belongs to sample i of the tile, column j to neuron j of the group.
struct Tile {
  HWY_ALIGN std::uint32_t words[kTile][4][kMarginalGroup];
  HWY_ALIGN float a[kTile][kMarginalGroup];
  HWY_ALIGN float b[kTile][kMarginalGroup];
  HWY_ALIGN float noise[kTile][kMarginalGroup];   // xi / noise_scale
  HWY_ALIGN float normal[kTile][kMarginalGroup];  // for the chi-square
  HWY_ALIGN double slope[kTile][kMarginalGroup];  // phi'(a + bias)
  HWY_ALIGN double chi_square[kMarginalGroup];
  HWY_ALIGN double z[kMarginalGroup];
  HWY_ALIGN double y[kMarginalGroup];
};

HWY_INLINE Double widen(const float* HWY_RESTRICT from) {
  return hn::PromoteTo(Doubles(), hn::Load(hn::Rebind<float, Doubles>(), from));
}

/// Block first + j of one index, for the neurons j of a group.
HWY_INLINE void draw_words(PhiloxAddress address, std::uint64_t first, std::size_t size,
                           std::uint32_t (*HWY_RESTRICT words)[kMarginalGroup]) {
  const Words d;
  const Prologue prologue(address, first);
  const std::uint64_t low = first & kLow;
  for (std::size_t j = 0; j < size; j += kBlocksPerSuperblock) {
    for (std::size_t k = 0; k < kBlocksPerSuperblock; k += hn::Lanes(d)) {
      const PackedBlock block = packed_blocks(prologue, low + j, k);
      hn::Store(block.w0, d, words[0] + j + k);
      hn::Store(block.w1, d, words[1] + j + k);
      hn::Store(block.w2, d, words[2] + j + k);
      hn::Store(block.w3, d, words[3] + j + k);
    }
  }
}

HWY_INLINE void draw_normals(const std::uint32_t* HWY_RESTRICT radius_words,
                             const std::uint32_t* HWY_RESTRICT angle_words, std::size_t size,
                             float* HWY_RESTRICT x, float* HWY_RESTRICT y) {
  const Words d;
  const Floats df;
  for (std::size_t j = 0; j < size; j += hn::Lanes(d)) {
    const auto point = box_muller(d, hn::Load(d, radius_words + j), hn::Load(d, angle_words + j));
    hn::Store(point.first, df, x + j);
    hn::Store(point.second, df, y + j);
  }
}

/// The draws of \p count samples from \p first on.
HWY_INLINE void draw_tile(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t first,
                          std::size_t count, Tile& tile) {
  const Words d;
  const Floats df;
  const std::size_t size = group.size;
  for (std::size_t i = 0; i < count; ++i) {
    draw_words({law.sample_key, first + i}, group.first, size, tile.words[i]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto& words = tile.words[i];
    draw_normals(words[0], words[1], size, tile.a[i], tile.b[i]);
    switch (law.noise) {
      case NoiseKind::none:
      case NoiseKind::gaussian:
        draw_normals(words[2], words[3], size, tile.noise[i], tile.normal[i]);
        break;
      case NoiseKind::uniform:
        for (std::size_t j = 0; j < size; j += hn::Lanes(d)) {
          const auto u = uniform(d, hn::Load(d, words[2] + j));
          hn::Store(hn::Sub(u, hn::Set(df, 0.5F)), df, tile.noise[i] + j);
        }
        break;
      case NoiseKind::rademacher:
        for (std::size_t j = 0; j < size; j += hn::Lanes(d)) {
          const auto sign = hn::BitCast(df, hn::Load(d, words[2] + j));
          hn::Store(hn::CopySign(hn::Set(df, 1.0F), sign), df, tile.noise[i] + j);
        }
        break;
    }
  }
}

/// phi'(a + bias) of the tile's samples.
HWY_INLINE void draw_slopes(const MarginalGroup& group, std::size_t count, Tile& tile) {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < group.size; j += hn::Lanes(Doubles())) {
      hn::Store(widen(tile.a[i] + j), Doubles(), tile.slope[i] + j);
    }
  }
  activation_slopes(*group.activation, group.biases,
                    {tile.slope[0], count, group.size, kMarginalGroup});
}

/// z = m a + q b of the tile's sample i.
HWY_INLINE void project(const MarginalGroup& group, std::size_t i, Tile& tile) {
  const Doubles d;
  for (std::size_t j = 0; j < group.size; j += hn::Lanes(d)) {
    const Double across = hn::Mul(hn::Load(d, group.rest + j), widen(tile.b[i] + j));
    hn::Store(hn::MulAdd(hn::Load(d, group.overlap + j), widen(tile.a[i] + j), across), d,
              tile.z + j);
  }
}

/// The chi-square of the batch that ends with sample i of the tile, which has number \p sample.
HWY_INLINE void draw_chi_square(const MarginalLaw& law, const MarginalGroup& group,
                                std::uint64_t sample, std::size_t i, Tile& tile) {
  const Doubles d;
  const std::size_t lanes = hn::Lanes(d);
  if (law.chi_square.empty()) {
    // The definition: a sum of squares.
    std::fill_n(tile.chi_square, group.size, 0.0);
    HWY_ALIGN float x[2][kMarginalGroup];
    for (double done = 0; done < law.dof; done += 4) {
      const std::uint64_t block = static_cast<std::uint64_t>(done / 4) << 32;
      draw_words({law.chi_square_key, sample}, group.first + block, group.size, tile.words[i]);
      for (std::size_t half = 0; half < 2; ++half) {
        draw_normals(tile.words[i][2 * half], tile.words[i][2 * half + 1], group.size, x[0], x[1]);
        for (std::size_t k = 0; k < 2 && done + static_cast<double>(2 * half + k) < law.dof; ++k) {
          for (std::size_t j = 0; j < group.size; j += lanes) {
            const Double w = widen(x[k] + j);
            hn::Store(hn::MulAdd(w, w, hn::Load(d, tile.chi_square + j)), d, tile.chi_square + j);
          }
        }
      }
    }
    return;
  }
  const float* normal = tile.normal[i];
  if (law.noise == NoiseKind::uniform || law.noise == NoiseKind::rademacher) {
    HWY_ALIGN float unused[kMarginalGroup];
    draw_words({law.chi_square_key, sample}, group.first, group.size, tile.words[i]);
    draw_normals(tile.words[i][0], tile.words[i][1], group.size, tile.normal[i], unused);
  }
  const std::vector<double>& c = law.chi_square;
  for (std::size_t j = 0; j < group.size; j += lanes) {
    const Double w = widen(normal + j);
    Double sum = hn::Set(d, c.back());
    for (std::size_t k = c.size() - 1; k-- > 0;) sum = hn::MulAdd(sum, w, hn::Set(d, c[k]));
    hn::Store(sum, d, tile.chi_square + j);
  }
}

/// The weighted label with its constants at hand, to a relative 1e-10.
template <Weighting kWeighting>
class LabelKernel {
 public:
  explicit LabelKernel(const WeightedLabel& label)
      : centre_(hn::Set(Doubles(), kWeighting == Weighting::centred ? label.centre : 0.0)),
        rate_(hn::Set(Doubles(), label.inverse_temperature * std::numbers::log2e)),
        offset_(hn::Set(Doubles(), label.log_scale * std::numbers::log2e)),
        factor_(hn::Set(Doubles(), std::exp(-label.log_scale))) {
    // One pair of limits does for three: the clip, the exponents of a double, and T^2 finite. T has
    // root mean square 1, so that the last two are never met.
    double low = -1e100 * std::exp(label.log_scale);
    double high = -low;
    if constexpr (kWeighting != Weighting::none) {
      const double rate = label.inverse_temperature * std::numbers::log2e;
      const double offset = label.log_scale * std::numbers::log2e;
      low = (offset - 1000) / rate;
      high = (offset + 200) / rate;
    }
    low_ = hn::Set(Doubles(), std::clamp(label.clip_low, low, high));
    high_ = hn::Set(Doubles(), std::clamp(label.clip_high, low, high));
  }

  HWY_INLINE Double operator()(Double y) const {
    const Doubles d;
    y = hn::Min(hn::Max(y, low_), high_);
    if constexpr (kWeighting == Weighting::none) return hn::Mul(y, factor_);
    const Double weight = exp2_in_range(d, hn::MulSub(rate_, y, offset_));
    if constexpr (kWeighting == Weighting::exp) return weight;
    if constexpr (kWeighting == Weighting::label_exp) return hn::Mul(y, weight);
    return hn::Mul(hn::Sub(y, centre_), weight);
  }

 private:
  Double low_, high_, centre_, rate_, offset_, factor_;
};

/// (1 + x)^{-1/2} for |x| <= kSmall: the binomial series; the first term left out is below 1e-15.
constexpr double kSmall = 0x1p-8;

HWY_INLINE Double inverse_root_near_one(Double x) {
  const Doubles d;
  const Double x2 = hn::Mul(x, x);
  const Double p01 = hn::MulAdd(x, hn::Set(d, -0.5), hn::Set(d, 1.0));
  const Double p23 = hn::MulAdd(x, hn::Set(d, -0.3125), hn::Set(d, 0.375));
  const Double p45 = hn::MulAdd(x, hn::Set(d, -0.24609375), hn::Set(d, 0.2734375));
  return hn::MulAdd(hn::MulAdd(p45, x2, p23), x2, p01);
}

/// The step of neurons (m, q) along a gradient with component \p along their meridian, and squared
/// length \p across outside the plane of row and theta*, the step size included. The row (m, q, 0)
/// becomes (m + q along, q - m along, sqrt(across)), over its length.
///
/// Steps are small as a rule, so that both roots are near known ones: no divisions, no square roots
/// then. Each lane decides for itself, so that no neuron depends on those beside it.
HWY_INLINE void turn(Double along, Double across, const MarginalGroup& group, std::size_t j) {
  const Doubles d;
  const Double one = hn::Set(d, 1.0);
  const Double m = hn::Load(d, group.overlap + j);
  const Double q = hn::Load(d, group.rest + j);
  const Double guess = hn::Load(d, group.inverse_rest + j);
  const Double next = hn::MulAdd(along, q, m);
  const Double other = hn::NegMulAdd(along, m, q);
  const Double other_square = hn::MulAdd(other, other, across);
  const Double square = hn::MulAdd(next, next, other_square);
  const Double excess = hn::Sub(square, one);
  const Double other_excess = hn::MulSub(hn::Mul(other_square, guess), guess, one);
  Double inverse = inverse_root_near_one(excess);
  Double other_inverse = hn::Mul(guess, inverse_root_near_one(other_excess));
  const auto small = hn::Lt(hn::Max(hn::Abs(excess), hn::Abs(other_excess)), hn::Set(d, kSmall));
  if (HWY_UNLIKELY(!hn::AllTrue(d, small))) {
    // A row that has come to lie on theta* to the last digit keeps a root that can be inverted.
    const Double other_root = hn::Sqrt(hn::Max(other_square, hn::Set(d, 0x1p-500)));
    inverse = hn::IfThenElse(small, inverse, hn::Div(one, hn::Sqrt(square)));
    other_inverse = hn::IfThenElse(small, other_inverse, hn::Div(one, other_root));
  }
  hn::Store(hn::Mul(next, inverse), d, group.overlap + j);
  hn::Store(hn::Mul(hn::Mul(other_square, other_inverse), inverse), d, group.rest + j);
  hn::Store(hn::Mul(other_inverse, hn::Mul(square, inverse)), d, group.inverse_rest + j);
}

/// What a batch has summed up: A and V of the mathematics.
struct Sums {
  HWY_ALIGN double along[kMarginalGroup];
  HWY_ALIGN double squares[kMarginalGroup];
};

/// A sample is all of its batch, its first, in its midst, or its last.
enum class Place { only, first, middle, last };

/// Takes sample i of the tile, whose labels without noise are in tile.y.
/// \tparam kRelu  slopes are told from a at once, and the tile's are not read
template <Weighting kWeighting, bool kRelu, Place kPlace>
HWY_INLINE void absorb(const MarginalLaw& law, const MarginalGroup& group, std::size_t i,
                       const Tile& tile, Sums& sums) {
  const Doubles d;
  const LabelKernel<kWeighting> label(law.label);
  const Double scale = hn::Set(d, law.noise_scale);
  for (std::size_t j = 0; j < group.size; j += hn::Lanes(d)) {
    const Double y = hn::MulAdd(scale, widen(tile.noise[i] + j), hn::Load(d, tile.y + j));
    Double c = hn::Mul(hn::Load(d, group.gain + j), label(y));
    if constexpr (kRelu) {
      const Double u = hn::Add(widen(tile.a[i] + j), hn::Load(d, group.biases + j));
      c = hn::IfThenElseZero(hn::Gt(u, hn::Zero(d)), c);
    } else {
      c = hn::Mul(c, hn::Load(d, tile.slope[i] + j));
    }
    const Double b = widen(tile.b[i] + j);
    Double along = hn::Mul(c, b);
    Double squares = hn::Mul(c, c);
    if constexpr (kPlace == Place::middle || kPlace == Place::last) {
      along = hn::MulAdd(c, b, hn::Load(d, sums.along + j));
      squares = hn::MulAdd(c, c, hn::Load(d, sums.squares + j));
    }
    if constexpr (kPlace == Place::first || kPlace == Place::middle) {
      hn::Store(along, d, sums.along + j);
      hn::Store(squares, d, sums.squares + j);
    } else {
      turn(along, hn::Mul(squares, hn::Load(d, tile.chi_square + j)), group, j);
    }
  }
}

template <Weighting kWeighting, bool kRelu>
void advance_samples(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t first,
                     std::uint64_t samples) {
  Tile tile;
  Sums sums;
  std::uint64_t in_batch = 0;
  for (std::uint64_t done = 0; done < samples;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kTile, samples - done));
    draw_tile(law, group, first + done, count, tile);
    if (!kRelu) draw_slopes(group, count, tile);
    for (std::size_t i = 0; i < count; ++i) {
      project(group, i, tile);
      law.link->evaluate(tile.z, tile.y, group.size);
      const bool is_first = in_batch == 0;
      const bool is_last = in_batch + 1 == law.batch;
      if (is_last) draw_chi_square(law, group, first + done + i, i, tile);
      if (is_first && is_last) {
        absorb<kWeighting, kRelu, Place::only>(law, group, i, tile, sums);
      } else if (is_first) {
        absorb<kWeighting, kRelu, Place::first>(law, group, i, tile, sums);
      } else if (is_last) {
        absorb<kWeighting, kRelu, Place::last>(law, group, i, tile, sums);
      } else {
        absorb<kWeighting, kRelu, Place::middle>(law, group, i, tile, sums);
      }
      in_batch = is_last ? 0 : in_batch + 1;
    }
    done += count;
  }
}

template <Weighting kWeighting>
void advance_weighted(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t first,
                      std::uint64_t samples) {
  if (group.activation->kind == ActivationKind::relu) {
    advance_samples<kWeighting, true>(law, group, first, samples);
  } else {
    advance_samples<kWeighting, false>(law, group, first, samples);
  }
}

void advance_marginal_kernel(const MarginalLaw& law, const MarginalGroup& group,
                             std::uint64_t first, std::uint64_t batches) {
  const std::uint64_t samples = batches * law.batch;
  switch (law.label.weighting) {
    case Weighting::none:
      return advance_weighted<Weighting::none>(law, group, first, samples);
    case Weighting::exp:
      return advance_weighted<Weighting::exp>(law, group, first, samples);
    case Weighting::label_exp:
      return advance_weighted<Weighting::label_exp>(law, group, first, samples);
    case Weighting::centred:
      return advance_weighted<Weighting::centred>(law, group, first, samples);
  }
}

void draw_marginal_kernel(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t sample,
                          MarginalDraws& draws) {
  Tile tile;
  draw_tile(law, group, sample, 1, tile);
  draw_chi_square(law, group, sample, 0, tile);
  std::copy_n(tile.a[0], group.size, draws.a);
  std::copy_n(tile.b[0], group.size, draws.b);
  std::copy_n(tile.chi_square, group.size, draws.chi_square);
  for (std::size_t j = 0; j < group.size; ++j) {
    draws.noise[j] = law.noise_scale * static_cast<double>(tile.noise[0][j]);
  }
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace esscher::internal {

HWY_EXPORT(advance_marginal_kernel);
HWY_EXPORT(draw_marginal_kernel);

void advance_marginal(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t first,
                      std::uint64_t batches) {
  HWY_DYNAMIC_DISPATCH(advance_marginal_kernel)(law, group, first, batches);
}

void draw_marginal(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t sample,
                   MarginalDraws& draws) {
  HWY_DYNAMIC_DISPATCH(draw_marginal_kernel)(law, group, sample, draws);
}

}  // namespace esscher::internal
#endif  // HWY_ONCE
