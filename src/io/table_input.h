#pragma once

/// \file
/// What tables of text are read from.

#include <string>
#include <string_view>

#include "esscher/io/table_reader.h"
#include "io/byte_source.h"

namespace esscher::internal {

/// The bytes of a file, or of standard input for "-", unpacked if they are compressed.
/// \throws IoError where it cannot be read; UsageError for files of another kind, as
///         require_table(); DataError as unpacked()
BlockInput open_table_input(const std::string& path, const TableFormat& format);

/// \p bytes without the mark of their byte order. \throws DataError where they are UTF-16
std::string_view text_of(std::string_view bytes, const std::string& name);

/// Whether the name says that it holds JSON lines.
bool is_named_jsonl(std::string_view name);

}  // namespace esscher::internal
