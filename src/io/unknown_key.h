#pragma once

/// \file
/// Arrays known by a key within their file.

#include <string>
#include <string_view>
#include <vector>

namespace esscher::internal {

/// "FILE[KEY]": what messages call an array.
std::string array_name(const std::string& file, const std::string& key);

/// \throws UsageError always: \p file has no array \p key, but those of \p keys; names the nearest,
///         or some of them
[[noreturn]] void refuse_unknown_key(std::string_view field, const std::string& key,
                                     const std::string& file, const std::vector<std::string>& keys);

}  // namespace esscher::internal
