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
  std::string command;  ///< to be pasted into a shell: reads the file and writes a csv or npz file
};

/// Tables of other programs: Parquet, Arrow and Feather, PyTorch, spreadsheets, HDF5, pickles, R,
/// SPSS, Stata, SAS, one JSON document. By the first bytes where the file can be read and they
/// tell, else by the extension. \return none for all other files Cost: opens the file and reads
/// some hundred bytes. Pipes and devices are not touched.
std::optional<UnreadKind> unread_kind(const std::string& path);

/// Refuses a file that unread_kind() knows, or that the first bytes tell to be of another kind than
/// its name says (an npz archive named .csv). Does nothing where there is no such file.
/// \param field  what messages call the path
/// \throws UsageError with the command that converts it, or the name that it should have
void require_readable_kind(const std::string& path, std::string_view field);

/// The extension without its dot, in small letters; "" where there is none.
std::string lower_extension(const std::string& path);

/// \p text within a double-quoted word of a shell as a string of Python or R, which mean the same
/// bytes by it: 'text', with escapes for all that a shell, Python or R would take for something
/// else.
std::string quoted_for_shell(std::string_view text);

}  // namespace esscher::internal
