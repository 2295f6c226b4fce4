#pragma once

/// \file
/// Names and values out of UTF-8 tables, for messages of one line.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace esscher {

/// Bytes of the code point that \p text, not empty, begins with; 0 where it begins with none (RFC
/// 3629: no overlong forms, no surrogates).
std::size_t code_point_length(std::string_view text);

/// \p text as it is, but for control characters and bytes that are not UTF-8 ("?"), and at most 48
/// characters of it.
std::string shown(std::string_view text);

/// "'text'" of that.
std::string in_quotes(std::string_view text);

/// "'a', 'b', 'c'", of many the first 8 and how many there are.
std::string list_in_quotes(const std::vector<std::string>& texts);

}  // namespace esscher
