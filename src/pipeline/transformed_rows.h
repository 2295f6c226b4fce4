#pragma once

#include <cstdint>
#include <limits>
#include <mutex>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/data/feature_rows.h"
#include "esscher/data/feature_transform.h"
#include "esscher/model/network.h"
#include "esscher/model/samples.h"
#include "esscher/readout/ridge.h"

namespace esscher::internal {

/// What is held in memory rather than made again, at most, for each kind of rows.
inline constexpr std::uint64_t kHeldBytes = std::uint64_t{1} << 29;

/// Some rows of a table, transformed, by their position in the list given. Held where they fit.
class TransformedRows {
 public:
  TransformedRows(const FeatureRows& features, std::span<const std::uint64_t> rows,
                  const FeatureTransform& transform, int threads,
                  std::uint64_t most_held = kHeldBytes);
  std::uint64_t rows() const { return rows_.size(); }
  std::size_t columns() const { return columns_; }
  /// Positions first, first + 1, ...
  void fill(std::uint64_t first, MatrixView<float> out) const;
  void gather(std::span<const std::uint64_t> positions, MatrixView<float> out) const;
  bool held() const { return !held_.empty(); }

  /// Positions first, first + 1, ... of the table itself less the transform's mean, and weights on
  /// those columns that give what \p weights, m x columns(), give on the transformed ones. Where m
  /// is less than columns() that is the shorter way to a layer.
  std::size_t raw_columns() const { return features_.columns(); }
  void fill_centred(std::uint64_t first, MatrixView<double> out) const;
  Matrix<double> raw_weights(const Matrix<double>& weights) const;

 private:
  void read(std::span<const std::uint64_t> numbers, MatrixView<float> out) const;

  const FeatureRows& features_;
  std::vector<std::uint64_t> rows_;
  const FeatureTransform& transform_;
  std::size_t columns_;
  Matrix<float> held_;
};

/// Stage 1's samples: rows in an order of their own, with labels. Rows that are not held are made a
/// window at a time where batches are small: a window reads the file in few pieces, takes all
/// threads and packs the transform's matrix once, a small batch can do none of it.
class OrderedSamples final : public SampleSource {
 public:
  /// Batches up to this size get a window; the engine takes larger ones in parallel chunks, which
  /// make their rows themselves.
  static constexpr std::uint64_t kSmallBatch = 128;

  /// \param order  positions \param labels  by position
  OrderedSamples(const TransformedRows& rows, std::vector<std::uint64_t> order,
                 std::span<const double> labels, std::uint64_t batch, int threads);
  std::uint64_t dim() const override { return rows_.columns(); }
  std::uint64_t size() const override { return order_.size(); }
  void fill(std::uint64_t first, MatrixView<float> x, std::span<double> y) const override;

 private:
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  void make_window(std::uint64_t begin) const;

  const TransformedRows& rows_;
  std::vector<std::uint64_t> order_;
  std::span<const double> labels_;
  int threads_;
  mutable std::mutex mutex_;  ///< of what follows
  mutable Matrix<float> window_;
  mutable std::uint64_t window_begin_ = kNone;
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

/// Stage 2's rows: phi_j(<w_j, x_i> + b_j). Held where they fit. Where not even the rows below are
/// held, the layer reads the table through raw_weights() in double precision, so that a pass costs
/// 2 d m flops a row and not the transform's 2 d k.
class HiddenRows final : public DesignRows {
 public:
  HiddenRows(const TransformedRows& rows, const FirstLayer& layer, int threads,
             std::uint64_t most_held = kHeldBytes);
  std::uint64_t rows() const override { return rows_.rows(); }
  std::size_t columns() const override { return weights_.rows(); }
  void fill(std::uint64_t first, MatrixView<double> out) const override;

 private:
  void make(std::uint64_t first, MatrixView<float> hidden) const;

  const TransformedRows& rows_;
  Matrix<float> weights_;
  Matrix<double> raw_weights_;  ///< empty where rows_ is held
  LayerActivation activation_;
  Matrix<float> held_;
};

}  // namespace esscher::internal
