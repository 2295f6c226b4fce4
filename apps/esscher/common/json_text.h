#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "esscher/base/build_info.h"
#include "esscher/report/record.h"

namespace esscher::app {

using Json = nlohmann::ordered_json;

/// \p json as a file holds it. Bytes that are not UTF-8, as in the name of a file, become U+FFFD.
inline std::string json_text(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

/// What every record of a run carries.
inline Json build_json() {
  const BuildInfo& build = build_info();
  return {{"version", build.version},
          {"commit", build.commit},
          {"compiler", build.compiler},
          {"build_type", build.build_type},
          {"instruction_set", build.instruction_set}};
}

/// How every record begins. \param command  that computes it again
inline Json record_json(RecordKind kind, const std::string& command) {
  return {{"record", record_kind_name(kind)},
          {"record_version", kRecordVersion},
          {"command", command},
          {"esscher", build_json()}};
}

}  // namespace esscher::app
