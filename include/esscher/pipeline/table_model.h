#pragma once

/// \file
/// A reward learned from a table, in one file: all that is needed to predict on another table.

#include <map>
#include <string>

#include "esscher/data/feature_encoding.h"
#include "esscher/pipeline/table_training.h"

namespace esscher {

struct TableModel {
  FeatureEncoding encoding;  ///< how columns become features, by name
  int interactions = 1;      ///< 2: products of pairs of features stand behind the features
  TrainedReward reward;      ///< its remarks are not kept in a file
  /// What else the file tells: version, options, data. Kept as it is.
  std::map<std::string, std::string> facts;
};

/// Writes safetensors, all F64, with metadata; the file appears only when it is whole.
/// \throws IoError
void save_table_model(const std::string& path, const TableModel& model);

/// Bit for bit what was saved. \throws IoError where the file cannot be read, DataError where it is
/// malformed, truncated, no such model, or of a newer format (says which version is needed).
TableModel load_table_model(const std::string& path);

}  // namespace esscher
