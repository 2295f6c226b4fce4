#pragma once

/// \file
/// The features of a dataset's rows: numbers and one-hot levels held in memory, arrays in their
/// file.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "esscher/io/feature_rows.h"
#include "esscher/io/mapped_array.h"

namespace esscher::internal {

/// One numeric column.
struct HeldNumbers {
  std::size_t feature = 0;
  std::vector<double> values;  ///< one for each row
};

/// One block of one-hot features.
struct HeldLevels {
  std::size_t feature = 0;  ///< its first
  std::size_t width = 0;
  std::vector<std::uint16_t> levels;  ///< one for each row, below width
};

/// Columns of an array.
struct ArrayColumns {
  MappedArray array;
  std::vector<std::size_t> columns;   ///< ascending
  std::vector<std::size_t> features;  ///< one for each of them
  /// For missing values, one for each; empty: those are refused.
  std::vector<double> means = {};
  std::vector<std::uint64_t> file_rows = {};  ///< of the rows kept
  /// Of pairs, the other side: rows 2p are row p of `array`, rows 2p + 1 row p of this.
  std::optional<MappedArray> rejected = {};
  bool advises_impute = true;

  /// The whole rows of these numbers.
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const;
};

/// Rows of a dataset. gather() costs the features it writes.
class DatasetRows final : public FeatureRows {
 public:
  DatasetRows(std::uint64_t rows, std::size_t columns) : rows_(rows), columns_(columns) {}

  void add(HeldNumbers numbers) { numbers_.push_back(std::move(numbers)); }
  void add(HeldLevels levels) { levels_.push_back(std::move(levels)); }
  void set(ArrayColumns array);

  std::uint64_t rows() const override { return rows_; }
  std::size_t columns() const override { return columns_; }
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override;

 private:
  void gather_held(std::span<const std::uint64_t> rows, MatrixView<double> out) const;
  void gather_array(std::span<const std::uint64_t> rows, MatrixView<double> out) const;

  std::uint64_t rows_;
  std::size_t columns_;
  std::vector<HeldNumbers> numbers_;
  std::vector<HeldLevels> levels_;
  std::optional<ArrayColumns> array_;
  bool whole_array_ = false;  ///< all its columns, side by side
};

/// The means of the columns over the rows kept, missing values left out, and how many those are.
/// One pass. \throws DataError for infinities and columns without any value
struct ArrayMeans {
  /// For missing values, one for each; empty: those are refused.
  std::vector<double> means = {};
  std::vector<std::uint64_t> missing;
};
ArrayMeans array_means(const ArrayColumns& array);

}  // namespace esscher::internal
