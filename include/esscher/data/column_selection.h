#pragma once

/// \file
/// Columns of a table, chosen by name.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace esscher {

/// The columns that a comma-separated \p pattern chooses among \p names: their positions,
/// ascending, each once. A part is
/// - a name, or that of a list whose numbers are columns: "v" for "v[0]", "v[1]", ...;
/// - "first:last", two names and all columns between them, as the table has them;
/// - a glob, in which "*" stands for any characters and "?" for one;
/// - "!" and any of these: columns to leave out, wherever the part stands. Where all parts are
/// such,
///   they leave out of all columns.
/// A part that is a column's whole name means that column, even if it looks like another form.
/// \param field  what messages call the pattern ("--features")
/// \throws UsageError where a part is empty, names no column (with the nearest name), is a glob
/// that
///         fits none, or a range in the wrong order; or where nothing is left
std::vector<std::size_t> select_columns(std::string_view pattern,
                                        const std::vector<std::string>& names,
                                        std::string_view field);

/// Whether all parts of \p pattern leave columns out.
bool only_excludes(std::string_view pattern, const std::vector<std::string>& names);

namespace internal {

/// Whether \p name is that of a number of \p list: "v[12]" of "v".
bool is_number_of_list(std::string_view name, std::string_view list);

/// Whether all of \p text fits \p glob; "?" is one code point. Costs |glob| x |text| at worst.
bool fits_glob(std::string_view glob, std::string_view text);

/// The parts of a comma-separated list, without the spaces around them.
std::vector<std::string_view> list_parts(std::string_view list);

}  // namespace internal
}  // namespace esscher
