#include "column_advice.h"

#include <algorithm>

#include "esscher/base/shown_text.h"
#include "io/shell_word.h"

namespace esscher::internal {

bool is_listable(const std::string& name) {
  const bool parts =
      name.find(',') != std::string::npos || name.starts_with(' ') || name.ends_with(' ');
  return !parts && std::ranges::none_of(name, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

std::string list_word(const std::string& part) {
  return is_listable(part) ? shell_word(part) : in_quotes(part);
}

std::string leaving_out(const std::string& name) {
  if (is_listable(name)) return "--features " + list_word("!" + name);
  return "--features '!NAME' (rename it first, since no list of columns can name it)";
}

}  // namespace esscher::internal
