#pragma once

/// \file
/// What a file holds, by its name and by its first bytes: kinds that are read here, and those that
/// are not, with the command that converts them.

#include <optional>
#include <string>
#include <string_view>

namespace esscher::internal {

/// A kind of file that is not read, and how to make of it one that is.
struct UnreadKind {
  std::string name;     ///< "Parquet"
  std::string command;  ///< to be pasted into a shell: converts or unpacks the file
};

/// Tables of other programs (Parquet, Arrow and Feather, PyTorch, spreadsheets, HDF5, pickles, R,
/// SPSS, Stata, SAS, SQLite, PDF, one JSON document), web pages, and what is packed by other
/// programs than gzip and zstd (xz, bzip2, lz4, zip). By the first bytes where the file can be read
/// and they tell, else by the extension. \return none for all other files Cost: opens the file and
/// reads some hundred bytes. Pipes and devices are not touched.
std::optional<UnreadKind> unread_kind(const std::string& path);

/// Refuses a file that unread_kind() knows, or that the first bytes tell to be of another kind than
/// its name says (an npz archive named .csv). Does nothing where there is no such file.
/// \param field  what messages call the path
/// \throws UsageError with the command that converts it, or the name that it should have. So it is
///         wherever a kind is told, by name, by bytes, inside a packed file or from standard input:
///         nothing is wrong with such data, and no row of them can be mended; the call names what
///         is not read.
void require_readable_kind(const std::string& path, std::string_view field);

/// Refuses what is no text of a table: the kinds above, arrays, and what is still packed.
/// \param bytes  the first ones, behind gzip or zstd
/// \param path  where they come from, "-" for standard input
/// \throws UsageError, as require_readable_kind()
void require_table(std::string_view bytes, const std::string& path);

/// What makes UTF-8 of a text in encoding \p from, as iconv calls it: "convert it: ", and the
/// command. \param path  where it comes from, packed or not; "-" for standard input
std::string remedy_for_encoding(std::string_view from, const std::string& path);

/// The extension without its dot, in small letters; "" where there is none.
std::string lower_extension(const std::string& path);

/// \p text within a double-quoted word of a shell as a string of Python or R, which mean the same
/// bytes by it: 'text', with escapes for all that a shell, Python or R would take for something
/// else.
std::string quoted_for_shell(std::string_view text);

}  // namespace esscher::internal
