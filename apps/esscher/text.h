#pragma once

#include <cstddef>
#include <string>

namespace esscher::app {

/// Columns that a terminal is taken to have.
inline constexpr std::size_t kPageWidth = 98;

/// \p text with line breaks at blanks, so that no line is longer than \p width where it can be;
/// lines behind the first begin with \p indent.
std::string wrapped(const std::string& text, std::size_t width, const std::string& indent = "");

}  // namespace esscher::app
