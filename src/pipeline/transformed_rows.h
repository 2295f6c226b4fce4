#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/data/feature_transform.h"
#include "esscher/io/feature_rows.h"
#include "esscher/readout/ridge.h"
#include "pipeline/held_bytes.h"

namespace esscher::internal {

/// Some rows of a table, transformed, by their position in the list given. Held where they fit.
class TransformedRows {
 public:
  TransformedRows(const FeatureRows& features, std::span<const std::uint64_t> rows,
                  const FeatureTransform& transform, int threads,
                  std::uint64_t most_held = kHeldRowBytes);
  std::uint64_t rows() const { return rows_.size(); }
  std::size_t columns() const { return columns_; }
  /// Positions first, first + 1, ...
  void fill(std::uint64_t first, MatrixView<float> out) const;
  void gather(std::span<const std::uint64_t> positions, MatrixView<float> out) const;
  bool held() const { return !held_.empty(); }

 private:
  void read(std::span<const std::uint64_t> numbers, MatrixView<float> out) const;

  const FeatureRows& features_;
  std::vector<std::uint64_t> rows_;
  const FeatureTransform& transform_;
  std::size_t columns_;
  Matrix<float> held_;
};

/// Linear regression's rows.
class LinearRows final : public DesignRows {
 public:
  explicit LinearRows(const TransformedRows& rows) : rows_(rows) {}
  std::uint64_t rows() const override { return rows_.rows(); }
  std::size_t columns() const override { return rows_.columns(); }
  void fill(std::uint64_t first, MatrixView<double> out) const override;

 private:
  const TransformedRows& rows_;
};

}  // namespace esscher::internal
