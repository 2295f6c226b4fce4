#pragma once

/// \file
/// How a table of text is written, found in its first rows.

#include <cstddef>
#include <string>
#include <string_view>

#include "esscher/io/number_format.h"
#include "esscher/io/table_reader.h"

namespace esscher::internal {

struct Dialect {
  char delimiter = ',';
  NumberFormat numbers = {};
  std::size_t begin = 0;          ///< of the line that names the columns, in bytes
  std::size_t comment_lines = 0;  ///< that begin with '#', before it
  bool names_in_comment = false;  ///< it begins with '#' itself
  std::string thousands = {};     ///< the mark that was seen between them
  bool blanks = false;            ///< no mark parts its fields, but blanks may part numbers

  /// "NAME: read with ';' between fields and decimal commas."; empty for the plain dialect.
  /// \param plain  the delimiter that nobody need be told of
  std::string remark(const std::string& name, char plain) const;
};

/// Looks at the first 1000 rows of \p sample, which is UTF-8 without a mark of its byte order.
///
/// Before the names of the columns, empty lines, lines that begin with '#', and a first line
/// "sep=;" as Excel writes it are passed over; where the first row is all numbers, the last of
/// those lines names the columns, if it has as many fields; also where some of the first row are,
/// if none of that line's two or more fields is one.
///
/// The delimiter is that comma, tab, semicolon or bar outside quotes, at least one in the line of
/// names, which gives rows as many fields as names; among several the one for which most rows have
/// so many, then that by which most fields are numbers, then \p plain, which also serves where
/// there is none.
///
/// The decimal mark is a comma if more columns are numbers throughout with it than with a point.
/// Thousands are parted if a number of such a column can be read in no other way, and by the mark
/// in it alone. A blank or a comma may also part the numbers of a list, which only decimals in the
/// column, or zeros behind the mark as in 1,005, rule out: where one column is in doubt, so are
/// all numbers with that mark. A number without marks beside "1 234" rules nothing out, since a
/// list may hold one number. Where no decimal tells which of comma and point is which, and a column
/// may be read both ways, such numbers stay in doubt, too.
///
/// \param whole  whether the table ends with the sample; else its last row may be cut off
/// \throws UsageError for a format that is none, DataError where comments fill the sample
Dialect find_dialect(std::string_view sample, bool whole, const TableFormat& format, char plain,
                     const std::string& name);

}  // namespace esscher::internal
