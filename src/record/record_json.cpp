#include "record/record_json.h"

#include <string_view>
#include <utility>

#include "esscher/base/build_info.h"

namespace esscher::internal {
namespace {

bool holds_sentences(std::string_view key) {
  return key == "verdict" || key == "reason" || key == "finiteness" || key.ends_with("remark") ||
         key.ends_with("remarks");
}

void reword(Json& json, const RunRecord& run, bool sentences) {
  if (json.is_string() && sentences) {
    json = run.words(json.get_ref<const std::string&>());
  } else if (json.is_array()) {
    for (Json& entry : json) reword(entry, run, sentences);
  } else if (json.is_object()) {
    for (auto& [key, value] : json.items()) reword(value, run, holds_sentences(key));
  }
}

Json build_json() {
  const BuildInfo& build = build_info();
  return {{"version", build.version},
          {"commit", build.commit},
          {"compiler", build.compiler},
          {"build_type", build.build_type},
          {"instruction_set", build.instruction_set}};
}

}  // namespace

Json options_json(const RunRecord& run) {
  Json options = Json::object();
  for (const auto& [name, value] : run.options) options[name] = value;
  return options;
}

std::string record_text(RecordKind kind, Json result, const RunRecord& run) {
  if (run.words) reword(result, run, false);
  Json record{{"record", record_kind_name(kind)},
              {"record_version", kRecordVersion},
              {"command", run.command},
              {"esscher", build_json()}};
  for (auto& [key, value] : result.items()) record[key] = std::move(value);
  return record.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace esscher::internal
