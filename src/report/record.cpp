#include "esscher/report/record.h"

#include <array>
#include <utility>

#include "esscher/base/error.h"
#include "report/reader.h"

namespace esscher {
namespace {

constexpr std::array<std::pair<RecordKind, const char*>, 6> kKinds = {{
    {RecordKind::theory, "theory"},
    {RecordKind::simulate, "simulate"},
    {RecordKind::fit, "fit"},
    {RecordKind::evaluate, "evaluate"},
    {RecordKind::pairs, "pairs"},
    {RecordKind::audit, "audit"},
}};

}  // namespace

std::string_view record_kind_name(RecordKind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  throw InternalError("a kind of record without a name");
}

RecordKind record_kind(std::string_view json, std::string_view field) {
  const internal::Json parsed = internal::Json::parse(json, nullptr, false);
  const internal::Reader record(parsed);
  if (parsed.is_discarded() || !parsed.is_object()) {
    throw DataError(std::string(field) +
                    ": is no JSON object; name a result.json, a folder that holds one, or what "
                    "--format json printed");
  }
  const double version = record["record_version"].number_or(0);
  if (version > kRecordVersion) {
    throw DataError(std::string(field) + ": is a record of version " +
                    std::to_string(static_cast<int>(version)) + ", and this esscher reads up to " +
                    std::to_string(kRecordVersion) + "; take a newer esscher");
  }
  const std::string named = record["record"].text();
  for (const auto& [kind, name] : kKinds) {
    if (named == name) return kind;
  }
  // From before records had names.
  if (version == 0 && named.empty()) {
    if (record["rewards"][0]["policies"].size() > 0) return RecordKind::evaluate;
    if (record["rewards"][0]["log_loss"].exists()) return RecordKind::pairs;
    if (record["policies"].exists() && record["features"].exists()) return RecordKind::simulate;
    if (record["temperatures"].exists() && record["exponents"].exists()) return RecordKind::theory;
  }
  throw DataError(
      std::string(field) +
      ": is no result of theory, simulate, fit, evaluate or audit; name a result.json of "
      "one of them");
}

}  // namespace esscher
