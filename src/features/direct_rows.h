#pragma once

#include <cstddef>
#include <span>

#include "esscher/base/matrix.h"

namespace esscher::internal {

/// m unit rows in R^d, each coordinate kept as the sum of two floats: the leading one is what
/// matrix products read, the trailing one what it leaves over. Together they hold 48 bits, in less
/// memory than a double beside its float copy. Single precision alone would not do: a step of
/// relative size 1e-7 and less, as small step sizes in high dimension make it, would round to
/// nothing.
class DirectRows {
 public:
  DirectRows(std::size_t rows, std::size_t dim) : leading_(rows, dim), trailing_(rows, dim) {}

  static constexpr std::size_t kBytesPerEntry = 2 * sizeof(float);

  std::size_t rows() const { return leading_.rows(); }
  std::size_t dim() const { return leading_.columns(); }
  MatrixView<const float> leading() const { return leading_.view(); }
  double operator()(std::size_t j, std::size_t k) const {
    return static_cast<double>(leading_(j, k)) + static_cast<double>(trailing_(j, k));
  }

  /// Row j <- values / |values|.
  void set(std::size_t j, std::span<const double> values);
  /// Row j <- normalise(keep row j + gain gradient). Different rows may be stepped side by side.
  /// Returns the length before it was normalised; where that is not a positive number the row is
  /// spoilt.
  double step(std::size_t j, double keep, double gain, std::span<const float> gradient);

 private:
  Matrix<float> leading_;
  Matrix<float> trailing_;
};

/// a += b, element by element.
void add_to(std::span<float> a, std::span<const float> b);

}  // namespace esscher::internal
