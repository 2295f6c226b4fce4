#pragma once

#include <string>
#include <string_view>

namespace esscher::internal {

/// \p text as one word of a POSIX shell: in single quotes, unless no shell would part or change it.
std::string shell_word(std::string_view text);

}  // namespace esscher::internal
