#pragma once

/// \file
/// The one list of kinds of files that are told by name or by first bytes.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace esscher::internal {

/// Bytes by which a kind is known, from `offset` on. A zip archive is known by its first member.
struct Mark {
  std::size_t offset = 0;
  std::string_view bytes;
  /// Of a zip archive: what its first member's name begins, or with `ends` ends, with.
  std::string_view member = {};
  bool ends = false;
};

/// What is done about a file of a kind.
enum class KindUse {
  array,      ///< read in place under its own extension
  packing,    ///< unpacked while a table is read, whatever its name
  converted,  ///< not read; `program` makes of it what is
  unpacked,   ///< not read; `program` unpacks it
};

/// One kind. In the `program` that converts, FROM and TO stand for the names of the files, as
/// strings; the program that unpacks is the beginning of a command.
struct KnownKind {
  std::string_view name;
  std::string_view extensions;  ///< between blanks; empty: known by its bytes alone
  std::array<Mark, 4> marks;
  std::string_view program;
  std::string_view target = "csv";  ///< extension of what it writes
  KindUse use = KindUse::converted;
};

/// The kind of a file that begins with \p bytes, some hundred of them; null where they tell none.
const KnownKind* kind_by_bytes(std::string_view bytes);

/// The kind of files of that extension, in small letters; null where it tells none.
const KnownKind* kind_by_extension(const std::string& extension);

bool has_extension(const KnownKind& kind, const std::string& extension);

}  // namespace esscher::internal
