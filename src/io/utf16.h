#pragma once

/// \file
/// UTF-16, as spreadsheets write "Unicode text", as UTF-8.

#include <memory>
#include <string>
#include <string_view>

#include "io/byte_source.h"

namespace esscher::internal {

/// Whether as_utf8() has more to do for what begins with \p bytes than to hand it on. 512 of them
/// tell, as do fewer of a shorter file.
bool is_other_than_utf8(std::string_view bytes);

/// The bytes of \p source, as UTF-8 without a mark of byte order if they are UTF-16: by that mark,
/// of either order, or since each of the first 256 characters is one of Latin 1, with a zero beside
/// it in one order, as no other text has them.
/// \param path  where they come from, for messages; "-" for standard input
/// \throws DataError where the first bytes may be UTF-16 or are UTF-32, with the command that
///         converts them; in read() where half a character is missing; as the source
std::unique_ptr<ByteSource> as_utf8(std::unique_ptr<ByteSource> source, const std::string& path);

}  // namespace esscher::internal
