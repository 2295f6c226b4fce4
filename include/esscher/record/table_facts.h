#pragma once

/// \file
/// What records tell of the table behind a result.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "esscher/data/dataset.h"
#include "esscher/data/preference_counts.h"

namespace esscher {

struct TableFacts {
  std::uint64_t rows = 0;
  std::uint64_t groups = 0;                       ///< 0: rows are in none
  std::uint64_t clusters = 0;                     ///< likewise
  std::uint64_t reference_rows = 0;               ///< of an audit: those beside the table
  std::vector<std::string> features{};            ///< names of its columns
  std::optional<PreferenceCounts> preferences{};  ///< of stated pairs
  std::vector<std::string> remarks{};             ///< on the data, plain sentences
};

/// Those of a table from files. Cost: a copy of names and remarks.
TableFacts table_facts(const Dataset& dataset);

}  // namespace esscher
