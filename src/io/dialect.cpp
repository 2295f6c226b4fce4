#include "io/dialect.h"

#include <algorithm>
#include <array>
#include <cmath>
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

bool is_blank(std::string_view text) { return text.find_first_not_of(' ') == text.npos; }

bool is_empty_row(const Fields& fields) { return fields.size() == 1 && is_blank(fields[0]); }

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

bool reads_as_number(std::string_view field, char decimal, bool& has_marks, double& value) {
  const CsvNumber kind = NumberFormat{decimal}.read(field, value);
  has_marks = kind == CsvNumber::grouped;
  return kind == CsvNumber::number || kind == CsvNumber::infinite || has_marks;
}

bool reads_as_number(std::string_view field) {
  bool marks = false;
  double value = 0;
  return reads_as_number(field, '.', marks, value) || reads_as_number(field, ',', marks, value);
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
      ++fields_read;
      numbers += reads_as_number(field) ? 1U : 0U;
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

/// What the first rows of a column tell if one of the two is the decimal mark.
struct Reading {
  bool numbers = true;              ///< all are
  std::string_view thousands = {};  ///< a number that has marks there in any case
  bool either = false;              ///< has a number whose mark the other reading takes for decimal
  bool settled = false;             ///< has a number with decimals by this reading alone
  std::string_view marked = {};     ///< a number that has marks between thousands, or may have
  bool lone = false;                ///< has a number without marks below 1000
  bool no_list = false;             ///< has decimals, or "000" behind a mark, as no list has

  /// Whether a blank or comma between thousands may as well part the numbers of a list.
  bool may_hold_lists() const;
  /// Whether nothing but such lists by blanks is there.
  bool holds_lists() const;
};

struct ColumnMarks {
  bool any = false;  ///< has a value
  Reading point = {};
  Reading comma = {};
};

/// The mark between thousands of a number that has some.
std::string thousands_mark(std::string_view field) {
  const std::size_t first = field.find_first_of("0123456789");
  const std::size_t begin = field.find_first_not_of("0123456789", first);
  const std::size_t end = field.find_first_of("0123456789", begin);
  return std::string(field.substr(begin, end - begin));
}

bool Reading::may_hold_lists() const {
  if (marked.empty() || no_list) return false;
  const std::string mark = thousands_mark(marked);
  return mark == " " || mark == ",";
}

bool Reading::holds_lists() const {
  return may_hold_lists() && !lone && thousands_mark(marked) == " ";
}

/// Whether zeros stand behind a mark, as in 1,005.
bool has_filled_group(std::string_view field) {
  for (const std::string_view zero : {" 0", ",0"}) {
    const std::size_t at = field.find(zero);
    if (at != 0 && at != std::string_view::npos && field[at - 1] >= '0' && field[at - 1] <= '9') {
      return true;
    }
  }
  return false;
}

void survey(std::string_view field, ColumnMarks& column) {
  bool by_point = false;
  bool by_comma = false;
  double as_point = 0;
  double as_comma = 0;
  const bool point = reads_as_number(field, '.', by_point, as_point);
  const bool comma = reads_as_number(field, ',', by_comma, as_comma);
  const auto note = [field](Reading& reading, char decimal, bool number, bool marks, double value,
                            bool other, bool other_marks) {
    reading.numbers = reading.numbers && number;
    if (!number) return;
    const bool decimals = field.find(decimal) != std::string_view::npos;
    // One comma or point before three digits may part thousands or decimals.
    const bool either = other && !other_marks;
    if (marks) reading.marked = field;
    if (marks && !either) reading.thousands = field;
    reading.either = reading.either || (marks && either);
    reading.settled = reading.settled || (decimals && !other);
    reading.lone = reading.lone || (!marks && std::abs(value) < 1000);
    reading.no_list = reading.no_list || decimals || (marks && has_filled_group(field));
  };
  column.any = true;
  note(column.point, '.', point, by_point, as_point, comma, by_comma);
  note(column.comma, ',', comma, by_comma, as_comma, point, by_point);
}

void find_marks(std::string_view body, bool whole, Dialect& dialect) {
  std::vector<ColumnMarks> columns;
  NumberFormat& numbers = dialect.numbers;
  double ignored = 0;
  for_rows(body, whole, dialect.delimiter, [&](std::size_t row, const Fields& fields) {
    if (row == 0 && !dialect.names_in_comment) return true;
    columns.resize(std::max(columns.size(), fields.size()));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (numbers.read(fields[i], ignored) != CsvNumber::missing) survey(fields[i], columns[i]);
    }
    return true;
  });
  std::vector<Reading> points;
  std::vector<Reading> commas;
  for (const ColumnMarks& column : columns) {
    if (column.any && column.point.numbers) points.push_back(column.point);
    if (column.any && column.comma.numbers) commas.push_back(column.comma);
  }
  const bool comma = commas.size() > points.size();
  numbers.decimal = comma ? ',' : '.';
  const std::vector<Reading>& readings = comma ? commas : points;
  numbers.unsettled = std::ranges::none_of(readings, &Reading::settled) &&
                      std::ranges::any_of(readings, [](const Reading& r) {
                        return r.either && r.thousands.empty();
                      });
  for (const Reading& reading : readings) {
    if (reading.thousands.empty() || reading.holds_lists()) continue;
    numbers.thousands = thousands_mark(reading.thousands);
    // Beside numbers that may as well be lists nobody knows what the mark is.
    numbers.grouped = std::ranges::none_of(readings, [&](const Reading& r) {
      return r.may_hold_lists() && thousands_mark(r.marked) == numbers.thousands;
    });
    if (numbers.grouped) dialect.thousands = numbers.thousands;
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
/// numbers, or at least with a row that holds some where the comment holds none.
bool names_columns(std::string_view names, std::string_view body, char delimiter) {
  Fields first;
  take_row(body, 0, delimiter, first);
  Fields fields;
  take_row(names, 0, delimiter, fields);
  const auto is_number = [](std::string_view field) { return reads_as_number(field); };
  const auto is_missing = [](std::string_view field) {
    double value = 0;
    return read_csv_number(field, value) == CsvNumber::missing;
  };
  if (names.empty() || fields.size() != first.size() || std::ranges::none_of(first, is_number)) {
    return false;
  }
  if (fields.size() > 1 && std::ranges::none_of(fields, is_number)) return true;
  return !std::ranges::all_of(fields, is_number) &&
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
    } else if (!is_blank(line)) {
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
  if (delimiter.empty() && !fit_of(body, whole, dialect.delimiter)) {
    const std::optional<Fit> blanks = fit_of(body, whole, ' ');
    dialect.blanks = blanks && blanks->rows > 0.5 && blanks->numbers > 0.5;
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
