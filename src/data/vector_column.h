#pragma once

/// \file
/// Columns whose cells hold several numbers each.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataset_tables.h"
#include "esscher/data/feature_encoding.h"

namespace esscher::internal {

/// The numbers of a cell, apart by semicolons, blanks or commas (unless these are the decimal
/// mark), in brackets or without: why it holds none, a clause, or "". \p values is overwritten.
std::string read_vector(std::string_view text, const NumberFormat& numbers,
                        std::vector<double>& values);

class VectorColumn {
 public:
  /// \param length  of the vectors; 0: the first row tells
  explicit VectorColumn(TableColumn at, std::size_t length = 0) : at_(at), length_(length) {}

  /// The current row's vector. \throws DataError for anything else
  void add(const DatasetTables& tables);
  EncodedColumn encoded(const std::string& name) const;
  /// The numbers of one place in all rows.
  std::vector<double> component(std::size_t place) const;

 private:
  TableColumn at_;
  std::size_t length_;
  std::uint64_t first_row_ = 0;  ///< whose length is every row's; 0: the model's is
  std::vector<double> values_;   ///< row by row
  std::vector<double> row_;
};

}  // namespace esscher::internal
