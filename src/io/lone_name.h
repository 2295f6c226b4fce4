#pragma once

/// \file
/// What a first row of one field may be, where a table has more columns.

#include <string>
#include <string_view>

namespace esscher::internal {

/// What to do about a table that begins with \p body and whose first row is one field, a clause: a
/// title stands before the names of columns where most of the next 100 lines have three fields or
/// more; several blanks part fields where most have as many words as the first. Empty where the
/// table may have one column. For a delimiter that was found, not named.
std::string lone_name_advice(std::string_view body);

}  // namespace esscher::internal
