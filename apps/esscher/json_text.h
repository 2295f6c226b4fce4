#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace esscher::app {

/// \p json as a file holds it. Bytes that are not UTF-8, as in the name of a file, become U+FFFD.
inline std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace esscher::app
