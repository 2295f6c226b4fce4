#pragma once

/// \file
/// Tables of features, row by row, wherever they are kept: in memory, in a mapped file, or made
/// from other columns on demand.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "esscher/base/matrix.h"

namespace esscher {

/// n rows of d numbers. gather() must give the same row for the same number and be safe to call
/// from several threads; ascending row numbers are the fast order where rows lie in a file.
class FeatureRows {
 public:
  virtual ~FeatureRows() = default;
  virtual std::uint64_t rows() const = 0;
  virtual std::size_t columns() const = 0;
  /// out.row(i) = row number rows[i]; out is rows.size() x columns().
  /// \throws DataError where what is kept is not a finite number: says where it lies
  virtual void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const = 0;
};

/// A table in memory. Owns its values.
class HeldFeatures final : public FeatureRows {
 public:
  explicit HeldFeatures(Matrix<double> values) : values_(std::move(values)) {}
  std::uint64_t rows() const override { return values_.rows(); }
  std::size_t columns() const override { return values_.columns(); }
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override;
  const Matrix<double>& values() const { return values_; }

 private:
  Matrix<double> values_;
};

}  // namespace esscher
