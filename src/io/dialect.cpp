#include "io/dialect.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kSampleRows = 1000;

using Fields = std::vector<std::string_view>;

/// The line at \p at without its end; \p at goes behind it.
std::string_view take_line(std::string_view text, std::size_t& at) {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(at, end - at);
  at = std::min(end + 1, text.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Behind the row that begins at \p at; its fields, without outer quotes, go to \p fields. Nothing
/// is refused: a broken row only fits no delimiter.
std::size_t take_row(std::string_view text, std::size_t at, char delimiter, Fields& fields) {
  fields.clear();
  while (true) {
    const bool quoted = at < text.size() && text[at] == '"';
    std::size_t end = quoted ? at + 1 : at;
    // A doubled quote closes a quoted stretch and opens another.
    bool inside = quoted;
    while (end < text.size() &&
           (inside || (text[end] != delimiter && text[end] != '\n' && text[end] != '\r'))) {
      if (quoted && text[end] == '"') inside = !inside;
      ++end;
    }
    std::string_view field = text.substr(at, end - at);
    if (quoted) field.remove_prefix(1);
    if (quoted && field.ends_with('"')) field.remove_suffix(1);
    fields.push_back(field);
    if (end < text.size() && text[end] == delimiter) {
      at = end + 1;
      continue;
    }
    if (text.substr(end).starts_with("\r\n")) return end + 2;
    return std::min(end + 1, text.size());
  }
}

bool is_empty_row(const Fields& fields) { return fields.size() == 1 && fields[0].empty(); }

/// Calls \p take for the rows of the sample, that of the names first, while it returns true.
template <class Take>
void for_rows(std::string_view body, bool whole, char delimiter, Take take) {
  Fields fields;
  std::size_t at = 0;
  for (std::size_t row = 0; row <= kSampleRows && at < body.size();) {
    at = take_row(body, at, delimiter, fields);
    // A first row that is cut off still tells how its names are parted.
    if (at >= body.size() && !whole && row > 0) return;
    if (is_empty_row(fields)) continue;
    if (!take(row++, fields)) return;
  }
}

bool reads_as_number(std::string_view field, char decimal, bool& has_marks) {
  double value = 0;
  const CsvNumber kind = NumberFormat{decimal}.read(field, value);
  has_marks = kind == CsvNumber::grouped;
  return kind == CsvNumber::number || kind == CsvNumber::infinite || has_marks;
}

/// How well a delimiter fits.
struct Fit {
  bool as_names = false;  ///< most rows have as many fields as there are names
  double rows = 0;        ///< share of the rows that have the commonest number of fields
  double numbers = 0;     ///< share of the fields that are numbers

  bool better_than(const Fit& other) const {
    return std::tuple(as_names, rows, numbers) >
           std::tuple(other.as_names, other.rows, other.numbers);
  }
};

std::optional<Fit> fit_of(std::string_view body, bool whole, char delimiter) {
  std::size_t names = 0;
  std::map<std::size_t, std::size_t> counts;  // rows by their number of fields
  std::size_t rows = 0;
  std::size_t fields_read = 0;
  std::size_t numbers = 0;
  for_rows(body, whole, delimiter, [&](std::size_t row, const Fields& fields) {
    if (row == 0) {
      names = fields.size();
      return names > 1;
    }
    ++rows;
    ++counts[fields.size()];
    for (const std::string_view field : fields) {
      bool marks = false;
      const bool is_number =
          reads_as_number(field, '.', marks) || reads_as_number(field, ',', marks);
      ++fields_read;
      numbers += is_number ? 1U : 0U;
    }
    return true;
  });
  if (names < 2) return {};
  if (rows == 0) return Fit{true, 1, 0};
  const auto commonest = std::ranges::max_element(
      counts, {}, [](const auto& count) { return std::pair(count.second, count.first); });
  if (commonest->first < 2) return {};
  const auto share = [](std::size_t part, std::size_t all) {
    return static_cast<double>(part) / static_cast<double>(all);
  };
  return Fit{commonest->first == names, share(commonest->second, rows),
             share(numbers, fields_read)};
}

char find_delimiter(std::string_view body, bool whole, char plain) {
  char best = plain;
  std::optional<Fit> best_fit = fit_of(body, whole, plain);
  for (const char delimiter : {',', '\t', ';', '|'}) {
    if (delimiter == plain) continue;
    const std::optional<Fit> fit = fit_of(body, whole, delimiter);
    if (!fit || (best_fit && !fit->better_than(*best_fit))) continue;
    best = delimiter;
    best_fit = fit;
  }
  return best;
}

/// What the first rows of a column tell.
struct ColumnMarks {
  bool any = false;                          ///< has a value
  bool point = true;                         ///< all are numbers with a decimal point
  bool comma = true;                         ///< with a decimal comma
  std::string_view thousands_by_point = {};  ///< a number that has marks there in any case
  std::string_view thousands_by_comma = {};
};

/// The mark between thousands of a number that has some.
std::string thousands_mark(std::string_view field) {
  const std::size_t first = field.find_first_of("0123456789");
  const std::size_t begin = field.find_first_not_of("0123456789", first);
  const std::size_t end = field.find_first_of("0123456789", begin);
  return std::string(field.substr(begin, end - begin));
}

void find_marks(std::string_view body, bool whole, Dialect& dialect) {
  std::vector<ColumnMarks> columns;
  const NumberFormat& numbers = dialect.numbers;
  double ignored = 0;
  for_rows(body, whole, dialect.delimiter, [&](std::size_t row, const Fields& fields) {
    if (row == 0 && !dialect.names_in_comment) return true;
    columns.resize(std::max(columns.size(), fields.size()));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      ColumnMarks& column = columns[i];
      if (numbers.read(fields[i], ignored) == CsvNumber::missing) continue;
      column.any = true;
      bool by_point = false;
      bool by_comma = false;
      const bool point = reads_as_number(fields[i], '.', by_point);
      const bool comma = reads_as_number(fields[i], ',', by_comma);
      column.point = column.point && point;
      column.comma = column.comma && comma;
      // One comma or point before three digits may part thousands or decimals.
      if (by_point && (!comma || by_comma)) column.thousands_by_point = fields[i];
      if (by_comma && (!point || by_point)) column.thousands_by_comma = fields[i];
    }
    return true;
  });
  const auto count = [&](bool ColumnMarks::*reads) {
    return std::ranges::count_if(columns, [&](const ColumnMarks& c) { return c.any && c.*reads; });
  };
  const bool comma = count(&ColumnMarks::comma) > count(&ColumnMarks::point);
  dialect.numbers.decimal = comma ? ',' : '.';
  for (const ColumnMarks& column : columns) {
    if (!column.any || !(comma ? column.comma : column.point)) continue;
    const std::string_view seen = comma ? column.thousands_by_comma : column.thousands_by_point;
    if (seen.empty()) continue;
    dialect.numbers.grouped = true;
    dialect.thousands = thousands_mark(seen);
    return;
  }
}

char asked_delimiter(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, char>, 6> kNames{{{"comma", ','},
                                                                     {"tab", '\t'},
                                                                     {"\\t", '\t'},
                                                                     {"semicolon", ';'},
                                                                     {"pipe", '|'},
                                                                     {"space", ' '}}};
  for (const auto& [word, delimiter] : kNames) {
    if (text == word) return delimiter;
  }
  const char letter = text[0];
  const bool serves = text.size() == 1 && (letter == '\t' || (letter >= ' ' && letter <= '~')) &&
                      std::string_view("\"+-.#").find(letter) == std::string_view::npos &&
                      !(letter >= '0' && letter <= '9') && !(letter >= 'a' && letter <= 'z') &&
                      !(letter >= 'A' && letter <= 'Z');
  if (serves) return letter;
  throw UsageError(rejection("--delimiter", in_quotes(text),
                             "must be comma, tab, semicolon, pipe, space or a mark such as ':'"));
}

char asked_decimal(const std::string& text) {
  if (text == "." || text == "point") return '.';
  if (text == "," || text == "comma") return ',';
  throw UsageError(
      rejection("--decimal", in_quotes(text), "must be '.' or ','", "leave it out to find it"));
}

std::string_view without_comment_mark(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of('#'), line.size()));
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return line;
}

/// Whether \p names, the last line of comments, names the columns of a body that begins with
/// numbers.
bool names_columns(std::string_view names, std::string_view body, char delimiter) {
  Fields first;
  take_row(body, 0, delimiter, first);
  Fields fields;
  take_row(names, 0, delimiter, fields);
  const auto is_number = [](std::string_view field) {
    bool marks = false;
    return reads_as_number(field, '.', marks) || reads_as_number(field, ',', marks);
  };
  const auto is_missing = [](std::string_view field) {
    double value = 0;
    return read_csv_number(field, value) == CsvNumber::missing;
  };
  return !names.empty() && fields.size() == first.size() && std::ranges::any_of(first, is_number) &&
         !std::ranges::all_of(fields, is_number) &&
         std::ranges::all_of(
             first, [&](std::string_view field) { return is_number(field) || is_missing(field); });
}

}  // namespace

Dialect find_dialect(std::string_view sample, bool whole, const TableFormat& format, char plain,
                     const std::string& name) {
  Dialect dialect;
  std::string delimiter = format.delimiter;
  std::string_view last_comment;
  std::size_t comment_begin = 0;
  std::size_t at = 0;
  while (at < sample.size()) {
    const std::size_t begin = at;
    const std::string_view line = take_line(sample, at);
    if (begin == 0 && line.size() == 5 && line.starts_with("sep=")) {
      if (delimiter.empty()) delimiter = line.substr(4);
    } else if (line.starts_with('#')) {
      last_comment = line;
      comment_begin = begin;
      ++dialect.comment_lines;
    } else if (!line.empty()) {
      at = begin;
      break;
    }
    if (at == sample.size() && !whole) {
      throw DataError(name + ": " + counted(dialect.comment_lines, "line") +
                      " that begin with '#' and no table behind them; remove them");
    }
  }
  dialect.begin = at;
  const std::string_view body = sample.substr(at);
  dialect.delimiter =
      delimiter.empty() ? find_delimiter(body, whole, plain) : asked_delimiter(delimiter);
  const std::string_view names = without_comment_mark(last_comment);
  if (names_columns(names, body, dialect.delimiter)) {
    dialect.names_in_comment = true;
    dialect.begin = comment_begin + (last_comment.size() - names.size());
    --dialect.comment_lines;
  }
  dialect.numbers.missing = format.missing;
  if (format.decimal.empty()) {
    find_marks(body, whole, dialect);
  } else {
    dialect.numbers.decimal = asked_decimal(format.decimal);
    dialect.numbers.grouped = true;
  }
  return dialect;
}

std::string Dialect::remark(const std::string& name, char plain) const {
  std::vector<std::string> parts;
  if (delimiter != plain) {
    parts.push_back((delimiter == '\t' ? "tabs" : "'" + std::string(1, delimiter) + "'") +
                    " between fields");
  }
  if (numbers.decimal == ',') parts.emplace_back("decimal commas");
  if (!thousands.empty()) {
    const bool space = thousands == " " || thousands == "\u00A0" || thousands == "\u202F";
    parts.push_back((space ? "spaces" : "'" + thousands + "'") + " between thousands");
  }
  if (names_in_comment) parts.emplace_back("the names of columns behind a '#'");
  std::string line;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    line += (i == 0 ? " with " : i + 1 < parts.size() ? ", " : " and ") + parts[i];
  }
  if (comment_lines > 0) {
    line += std::string(line.empty() ? "" : ",") + " from behind " +
            counted(comment_lines, "line") + " of comments";
  }
  return line.empty() ? line : name + ": read" + line + ".";
}

}  // namespace esscher::internal
