#include "io/table_input.h"

#include "esscher/base/error.h"
#include "io/file_kind.h"
#include "io/unpacking.h"

namespace esscher::internal {

std::string_view text_of(std::string_view bytes, const std::string& name) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    throw DataError(name + ": the file is UTF-16; save it as UTF-8");
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  return bytes;
}

bool is_named_jsonl(std::string_view name) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.remove_suffix(packed.size());
  }
  return name.ends_with(".jsonl") || name.ends_with(".ndjson");
}

BlockInput open_table_input(const std::string& path, const TableFormat& format) {
  const std::string name = table_name(path);
  BlockInput input(unpacked(open_bytes(path), name, format.unpack_limit));
  require_table(input.first(), path);
  return input;
}

}  // namespace esscher::internal
