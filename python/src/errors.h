#pragma once

/// \file
/// The library's errors as Python's, in the words of a Python user.

#include <string>
#include <string_view>
#include <vector>

namespace esscher::python {

/// A message of the library with the program's options spelled as parameters: "--beta-unit = x"
/// becomes "beta_unit = x", "--group" "groups", "--reward" "y".
std::string in_python_words(std::string_view message);
/// The same of remarks.
std::vector<std::string> in_python_words(const std::vector<std::string>& sentences);

}  // namespace esscher::python
