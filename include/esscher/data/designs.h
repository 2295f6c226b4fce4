#pragma once

/// \file
/// Rows of equal features: copies, and designs that were measured several times.

#include <cstdint>
#include <span>
#include <vector>

#include "esscher/io/feature_rows.h"

namespace esscher {

/// Which of some rows are of one design. Numbers of designs are dense, in order of first
/// occurrence.
struct Designs {
  std::vector<std::uint32_t> of_row;  ///< n: the design of each row
  std::vector<std::uint64_t> first;   ///< of each design, its first row's place among the n
  std::vector<std::uint32_t> count;   ///< rows of each design
  std::size_t size() const { return first.size(); }
};

/// Rows are of one design where all features have the same bits (but that 0 is -0) and, with
/// \p groups, the group is the same. Compared by hashes of 128 bits, so that two designs of n are
/// taken for one with a probability below n^2 2^-128.
/// \param rows    numbers of rows of \p features
/// \param groups  as long as the table, or empty
/// \throws DataError as FeatureRows::gather()
/// Cost: one pass over the rows, a sort, and 32 bytes a row, of which 4 and 12 a design are kept.
/// The same for any number of threads.
Designs find_designs(const FeatureRows& features, std::span<const std::uint64_t> rows,
                     std::span<const std::uint32_t> groups = {}, int threads = 0);

/// Some rows of a table, as a table. \p features must outlive this.
class ChosenRows final : public FeatureRows {
 public:
  ChosenRows(const FeatureRows& features, std::vector<std::uint64_t> rows)
      : features_(features), rows_(std::move(rows)) {}
  std::uint64_t rows() const override { return rows_.size(); }
  std::size_t columns() const override { return features_.columns(); }
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override;

 private:
  const FeatureRows& features_;
  std::vector<std::uint64_t> rows_;
};

}  // namespace esscher
