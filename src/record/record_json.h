#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "esscher/record/run_record.h"
#include "esscher/report/record.h"

namespace esscher::internal {

using Json = nlohmann::ordered_json;

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

/// null where it is not finite.
inline Json number_json(double value) { return std::isfinite(value) ? Json(value) : Json(); }

/// The options of a run, by name.
Json options_json(const RunRecord& run);

/// The record of \p result as a file holds it, behind what every record begins with; sentences are
/// in the words of \p run. Bytes that are not UTF-8, as in the name of a file, become U+FFFD.
std::string record_text(RecordKind kind, Json result, const RunRecord& run);

}  // namespace esscher::internal
