#include "io/table_input.h"

#include <cstddef>
#include <memory>

#include "io/file_kind.h"
#include "io/unpacking.h"
#include "io/utf16.h"

namespace esscher::internal {
namespace {

class BytesInMemory final : public ByteSource {
 public:
  explicit BytesInMemory(std::string_view bytes) : bytes_(bytes) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t count = bytes_.copy(to, size);
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
};

}  // namespace

std::string_view text_of(std::string_view bytes) {
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
  BlockInput input(
      as_utf8(unpacked(open_bytes(path), table_name(path), format.unpack_limit), path));
  require_table(input.first(), path);
  return input;
}

BlockInput table_input_over(std::string_view bytes, const std::string& name) {
  if (!is_other_than_utf8(bytes)) return BlockInput(bytes);
  return BlockInput(as_utf8(std::make_unique<BytesInMemory>(bytes), name));
}

}  // namespace esscher::internal
