#include "io/table_input.h"

#include <algorithm>
#include <array>

#include "esscher/base/error.h"
#include "io/unpacking.h"

namespace esscher::internal {
namespace {

using namespace std::string_view_literals;

struct Kind {
  std::string_view first;  ///< bytes of its files
  const char* name;
  const char* remedy;
};

constexpr const char* kPackAnew = "unpack it, or compress it by gzip or zstd";
constexpr const char* kExport = "write the table as csv (pandas: to_csv) or as JSON lines";

constexpr std::array<Kind, 13> kOtherKinds{{
    {"PK\x03\x04"sv, "a zip archive, perhaps an Excel workbook",
     "unpack it, or save the sheet as csv"},
    {"\xD0\xCF\x11\xE0"sv, "an Excel workbook", "save the sheet as csv"},
    {"\xFD"
     "7zXZ\0"sv,
     "compressed by xz", kPackAnew},
    {"BZh"sv, "compressed by bzip2", kPackAnew},
    {"\x04\x22\x4D\x18"sv, "compressed by lz4", kPackAnew},
    {"\x1F\x8B\x08"sv, "compressed twice", "unpack it once"},
    {"\x28\xB5\x2F\xFD"sv, "compressed twice", "unpack it once"},
    {"\x93NUMPY"sv, "a NumPy array",
     "arrays are read in place: unpack it, and let its name end in .npy"},
    {"PAR1"sv, "a Parquet file", kExport},
    {"ARROW1"sv, "an Arrow file", kExport},
    {"\x89HDF\r\n"sv, "an HDF5 file", kExport},
    {"SQLite format 3\0"sv, "an SQLite database", kExport},
    {"%PDF-"sv, "a PDF document", "find the table that it was made from"},
}};

bool is_web_page(std::string_view bytes) {
  const std::size_t begin = std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size());
  std::string start(bytes.substr(begin, 14));
  for (char& letter : start) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return start == "<!doctype html" || start.starts_with("<html");
}

}  // namespace

void refuse_other_kinds(std::string_view bytes, const std::string& name) {
  for (const Kind& kind : kOtherKinds) {
    if (!bytes.starts_with(kind.first)) continue;
    // A column may be called so; the digit and the block's mark behind it are not.
    if (kind.first == "BZh" && bytes.substr(std::min<std::size_t>(4, bytes.size()), 3) != "1AY") {
      continue;
    }
    throw DataError(name + ": it is " + kind.name + "; " + kind.remedy);
  }
  if (is_web_page(bytes)) {
    throw DataError(name + ": it is a web page; is it what came in place of a download?");
  }
}

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
  refuse_other_kinds(input.first(), name);
  return input;
}

}  // namespace esscher::internal
