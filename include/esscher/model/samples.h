#pragma once

/// \file
/// Samples (x, y) for the stages: generated on demand, never all at once.

#include <cstdint>
#include <span>
#include <string_view>

#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "esscher/model/multi_index.h"

namespace esscher {

/// Rows of x with their labels, by number. fill() must give the same row for the same number, be
/// safe to call from several threads, and cost about its own size.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual std::uint64_t dim() const = 0;
  /// How many samples there are; 2^63 for a generator, which never ends.
  virtual std::uint64_t size() const = 0;
  /// Samples first, first + 1, ...: x is B x d, y of length B.
  virtual void fill(std::uint64_t first, MatrixView<float> x, std::span<double> y) const = 0;
};

/// The label noise of samples first, first + 1, ... of a stream: element i is a function of i.
/// Adds xi to \p y. Cost: about 2 ns a sample for gaussian noise, 1 ns for the others.
void add_noise(const Noise& noise, const RandomStream& stream, std::uint64_t first,
               std::span<double> y);

/// The model itself: x ~ N(0, I_d), its hidden directions the first q coordinates (no loss: the law
/// of x is invariant under rotations), y = f(x_1, ..., x_q) + xi. Sample i is f(seed, stage, i), so
/// that a longer run begins with the samples of a shorter one; x takes the stream "<stage>/x" at
/// index i, xi element i of "<stage>/noise".
class MultiIndexSamples final : public SampleSource {
 public:
  /// \throws UsageError unless the model's directions are at most dim, and 1 <= dim
  MultiIndexSamples(MultiIndexModel model, std::uint64_t dim, std::uint64_t seed,
                    std::string_view stage);
  std::uint64_t dim() const override { return dim_; }
  std::uint64_t size() const override { return std::uint64_t{1} << 63; }
  void fill(std::uint64_t first, MatrixView<float> x, std::span<double> y) const override;

 private:
  MultiIndexModel model_;
  std::uint64_t dim_;
  RandomStream x_;
  RandomStream noise_;
};

/// The same with one hidden direction, theta* = e_1.
using SingleIndexSamples = MultiIndexSamples;

}  // namespace esscher
