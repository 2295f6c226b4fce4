#pragma once

/// \file
/// One-hot columns on their way from text to levels.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "dataset_tables.h"
#include "esscher/data/feature_encoding.h"

namespace esscher::internal {

/// For each one-hot block of a column the level of every row.
using BlockLevels = std::vector<std::vector<std::uint16_t>>;

/// Takes a column's texts, row by row, and says in the end which levels they are.
class LevelColumn {
 public:
  virtual ~LevelColumn() = default;
  /// The current row's text. \throws DataError where it cannot be encoded
  virtual void add(const DatasetTables& tables) = 0;
  /// Call once, last. \throws DataError where all together cannot be encoded
  virtual EncodedColumn finish(BlockLevels& blocks) = 0;
};

/// Finds the levels as they come. \param kind  empty: whatever serves (DatasetOptions::one_hot)
std::unique_ptr<LevelColumn> learn_levels(const DatasetTables& tables, TableColumn at,
                                          std::optional<EncodedColumn::Kind> kind);

/// Knows them from a model, and refuses others.
std::unique_ptr<LevelColumn> known_levels(const EncodedColumn& column, TableColumn at);

}  // namespace esscher::internal
