#pragma once

/// \file
/// How advice that is to be pasted into a shell names a column.

#include <string>

namespace esscher::internal {

/// Whether the list of an option can hold \p name, and a line show it: no comma, no blank at an
/// end, no control character.
bool is_listable(const std::string& name);

/// \p part of an option's list, "!x" or "v:vector", as a word of a shell; of one that is_listable()
/// refuses, what a line can show.
std::string list_word(const std::string& part);

/// "--features '!x'", which leaves a column out; of one that is_listable() refuses, what to do
/// first.
std::string leaving_out(const std::string& name);

}  // namespace esscher::internal
