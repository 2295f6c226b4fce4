#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace esscher::app {

/// Columns that a terminal is taken to have.
inline constexpr std::size_t kPageWidth = 98;

/// What a formula may be made of, for help texts.
inline constexpr std::string_view kFormulaHelp =
    "Formulas: z or u, pi, e and the operators of muParser (+ - * / ^ < <= > >= == != && || ?:), "
    "with its functions sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp log "
    "ln log2 log10 sqrt abs sign rint min max sum avg, and erf, relu, sigmoid, softplus, "
    "floor, ceil, clip(x,lo,hi), h(k,x) = h_k(x)";

/// \p text with line breaks at blanks, so that no line is longer than \p width where it can be;
/// lines behind the first begin with \p indent.
std::string wrapped(const std::string& text, std::size_t width, const std::string& indent = "");

/// Such a text as a paragraph of a report: indented, as wide as the page.
std::string paragraph(const std::string& text);

/// Words as a shell takes them, quoted where it would part or change them.
std::string shell_line(const std::vector<std::string>& words);

/// The parts of a list, empty ones too.
std::vector<std::string> split_at_commas(const std::string& text);

}  // namespace esscher::app
