#pragma once

/// \file
/// One-hot columns on their way from text to levels.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataset_tables.h"
#include "esscher/data/feature_encoding.h"

namespace esscher::internal {

/// What a user may say that a column of text holds.
enum class TextForm { category, sequence, mutations, vector };

/// For each one-hot block of a column the level of every row.
using BlockLevels = std::vector<std::vector<std::uint16_t>>;

/// Takes a column's texts, row by row, and says in the end which levels they are.
class LevelColumn {
 public:
  virtual ~LevelColumn() = default;
  /// The current row's text. \throws DataError where it cannot be encoded
  virtual void add(const DatasetTables& tables) = 0;
  /// Whether add() would know the levels of the current row. \throws DataError likewise but for
  /// that
  virtual bool known(const DatasetTables& /*tables*/) const { return true; }
  /// Call once, last. \throws DataError where all together cannot be encoded
  virtual EncodedColumn finish(BlockLevels& blocks) = 0;
  /// Why a column that was only tried does not serve; empty where it does.
  virtual std::string misfit() const { return ""; }
  /// Rows before that.
  virtual std::size_t fitting_rows() const { return 0; }
  /// What finish() refuses of a column that another may stand in for; empty where it does not.
  virtual std::string unlike() const { return ""; }
};

/// Finds the levels as they come.
/// \param form     empty: whatever serves (DatasetOptions::one_hot)
/// \param reading  its wild type is for mutations
std::unique_ptr<LevelColumn> learn_levels(const DatasetTables& tables, TableColumn at,
                                          std::optional<TextForm> form,
                                          const SequenceReading& reading);

/// Mutations of the wild type of \p reading. \param tried  a cell that holds none is a misfit()
/// instead of an error, as is a column without a single one
std::unique_ptr<LevelColumn> learn_mutations(TableColumn at, const SequenceReading& reading,
                                             bool tried);

/// Knows them from a model, and refuses others.
std::unique_ptr<LevelColumn> known_levels(const EncodedColumn& column, TableColumn at);

}  // namespace esscher::internal
