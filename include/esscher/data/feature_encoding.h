#pragma once

/// \file
/// How a table's columns become features; recorded in models, so that a prediction reads a table as
/// the fit did.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace esscher {

/// How the text of a sequence column is read.
struct SequenceReading {
  bool fold_case = false;  ///< lower case as upper case
  /// Not empty: cells hold substitutions of this sequence, as parse_substitutions() reads them.
  std::string wild_type = {};
  std::int64_t first_position = 1;  ///< the number of the sequence's first letter

  friend bool operator==(const SequenceReading&, const SequenceReading&) = default;
};

/// One column and the features that it gives.
struct EncodedColumn {
  enum class Kind {
    numeric,   ///< one feature, the number
    category,  ///< one-hot: a feature for each of `levels`
    sequence,  ///< text of `length` symbols (code points): one-hot at each position with two or
               ///< more
    vector,    ///< `length` numbers in one cell, a feature each
  };

  std::string name = {};
  Kind kind = Kind::numeric;
  std::vector<std::string> levels = {};  ///< category: the distinct values, sorted by bytes
  std::size_t length = 0;                ///< sequence: positions; vector: numbers
  /// sequence: for each position the distinct symbols there, sorted by bytes. A position with one
  /// symbol gives no feature, but others are still refused there.
  std::vector<std::vector<std::string>> position_levels = {};
  SequenceReading reading = {};  ///< sequence

  /// Number of features.
  std::size_t width() const;

  friend bool operator==(const EncodedColumn&, const EncodedColumn&) = default;
};

/// All columns, in the table's order; their features stand one behind another in that order. No
/// level is left out of a one-hot block: its features sum to 1 in every row.
struct FeatureEncoding {
  std::vector<EncodedColumn> columns = {};
  /// For each numeric column, in order, what stands for a missing value; empty: those are refused.
  std::vector<double> impute_means = {};
  /// Words for a missing number that the fit was told of.
  std::vector<std::string> missing = {};
  /// Columns of the array that the features were taken from (all or some of them, x0, x1, ...); 0
  /// for a table. An array of another width is not what the model was fitted on.
  std::size_t array_columns = 0;

  /// Number of features.
  std::size_t width() const;
  /// One name a feature: "name", "name=level", "name[3]=A" (positions count from 1, or from the
  /// wild type's first), "name[0]" (numbers of a vector count from 0).
  std::vector<std::string> feature_names() const;
  /// For each feature the number of its one-hot block (a category, or a position of a sequence),
  /// from 0 in order of features; -1 for numeric ones.
  std::vector<int> blocks() const;

  /// One line of JSON. from_json(to_json()) is the same encoding.
  std::string to_json() const;
  /// \throws DataError with \p name for anything that to_json() does not write
  static FeatureEncoding from_json(std::string_view text, std::string_view name);

  friend bool operator==(const FeatureEncoding&, const FeatureEncoding&) = default;
};

}  // namespace esscher
