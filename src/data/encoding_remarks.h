#pragma once

/// \file
/// What a user should know of columns that became features otherwise than as numbers.

#include <cstdint>
#include <string>
#include <vector>

#include "esscher/data/feature_encoding.h"

namespace esscher::internal {

/// Plain sentences: a sequence's positions and letters, columns that never vary or tell little.
/// \param rows  of the table
std::vector<std::string> encoding_remarks(const EncodedColumn& column, std::uint64_t rows);

}  // namespace esscher::internal
