#pragma once

/// \file
/// Products of pairs of features, made when rows are read.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/io/feature_rows.h"

namespace esscher {

/// Most columns that pairs may make, the original ones among them.
inline constexpr std::size_t kGreatestInteractionColumns = 20'000;

/// Number of columns of a table with its pairs; blocks as for PairInteractions.
std::size_t interaction_columns(const std::vector<int>& blocks);

/// The columns of another table, and behind them the products of all pairs i < j of columns from
/// different blocks, pairs in lexicographic order. A block is the columns of one one-hot encoded
/// position, of which at most one is not 0 and whose products tell nothing. A numeric column
/// (block -1) is multiplied with every other, but not with itself. A row costs the square of its
/// number of columns that are not 0.
class PairInteractions final : public FeatureRows {
 public:
  /// blocks: a number for each column of \p base, -1 for numeric ones; a block's columns lie side
  /// by side. names: one for each column.
  /// \throws UsageError (field "--interactions") where there would be more columns than
  ///         kGreatestInteractionColumns; InternalError where blocks or names do not fit the table
  PairInteractions(std::shared_ptr<const FeatureRows> base, const std::vector<int>& blocks,
                   const std::vector<std::string>& names);

  std::uint64_t rows() const override { return base_->rows(); }
  std::size_t columns() const override { return names_.size(); }
  /// \throws DataError where a product overflows; as the table's own gather()
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override;
  /// "a", "b", ..., then "a * b".
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::shared_ptr<const FeatureRows> base_;
  /// Column i pairs with those from partner_[i] on, the first of them in column product_[i].
  std::vector<std::size_t> partner_;
  std::vector<std::size_t> product_;
  std::vector<std::string> names_;
};

}  // namespace esscher
