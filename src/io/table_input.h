#pragma once

/// \file
/// What tables of text are read from.

#include <string>
#include <string_view>

#include "esscher/io/table_reader.h"
#include "io/byte_source.h"

namespace esscher::internal {

/// The bytes of a file, or of standard input for "-", unpacked if they are compressed, as UTF-8.
/// \throws IoError where it cannot be read; UsageError for files of another kind, as
///         require_table(); DataError as unpacked() and as_utf8()
BlockInput open_table_input(const std::string& path, const TableFormat& format);

/// The same for bytes in memory, which are not packed and must outlive it.
BlockInput table_input_over(std::string_view bytes, const std::string& name);

/// \p bytes without the mark of UTF-8.
std::string_view text_of(std::string_view bytes);

/// Whether the name says that it holds JSON lines.
bool is_named_jsonl(std::string_view name);

}  // namespace esscher::internal
