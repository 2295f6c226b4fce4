#pragma once

/// \file
/// Elements of files as doubles.

#include <cstddef>
#include <string>

#include "esscher/io/mapped_array.h"

namespace esscher::internal {

/// to[i] = element i, for count elements that lie one behind another, aligned or not. Returns
/// count, or the place of the first element that no double holds (a whole number beyond 2^53).
using ElementConversion = std::size_t (*)(const std::byte* from, std::size_t count, double* to);

ElementConversion element_conversion(ElementType type, bool big_endian);

/// An integer element beyond 2^53, as text. \p from points at it.
std::string whole_number_text(ElementType type, bool big_endian, const std::byte* from);

}  // namespace esscher::internal
