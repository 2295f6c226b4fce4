#include "esscher/io/number_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {
namespace {

/// Those of pandas, and a dash.
constexpr std::array<std::string_view, 15> kMissingWords{
    "NA",       "N/A", "NULL", "None",   "NaN",     "<NA>",    "#N/A",    "#NA",
    "#N/A N/A", "-",   "-NaN", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"};

char small_letter(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, small_letter, small_letter);
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::size_t digits_at(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

std::string_view trimmed(std::string_view field) {
  const auto is_space = [](char letter) { return letter == ' ' || letter == '\t'; };
  while (!field.empty() && is_space(field.front())) field.remove_prefix(1);
  while (!field.empty() && is_space(field.back())) field.remove_suffix(1);
  return field;
}

/// A number with a decimal point; `text` for all else, words of missing values among them.
CsvNumber read_plain(std::string_view field, double& value) {
  std::string_view digits = field;
  // from_chars knows no plus sign; behind one, it must not find another sign.
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const char* end = digits.data() + digits.size();
  double parsed = 0;
  const auto result = std::from_chars(digits.data(), end, parsed);
  if (result.ptr != end || result.ec == std::errc::invalid_argument) return CsvNumber::text;
  if (result.ec == std::errc::result_out_of_range) {
    // from_chars does not say on which side: below 1 unless the exponent is positive.
    const std::size_t exponent = digits.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos
                          ? digits.substr(exponent + 1).starts_with('-')
                          : digits.find('.') < 3;
    if (!tiny) return CsvNumber::too_large;
    parsed = 0;
  }
  if (std::isnan(parsed)) return CsvNumber::text;  // "-nan", "nan(1)"
  value = parsed;
  return std::isinf(parsed) ? CsvNumber::infinite : CsvNumber::number;
}

/// The mark between thousands that \p text begins with; empty: none.
std::string_view mark_at(std::string_view text, char other) {
  using namespace std::string_view_literals;
  for (const std::string_view mark : {" "sv, "'"sv, "\u00A0"sv, "\u202F"sv, "\u2019"sv}) {
    if (text.starts_with(mark)) return mark;
  }
  return text.starts_with(other) ? text.substr(0, 1) : std::string_view();
}

/// A number with marks, taken apart.
struct Marked {
  std::string plain;      ///< as C spells it
  std::size_t marks = 0;  ///< between thousands
  std::string mark;       ///< that parts them
  bool other = false;     ///< they are the comma or point that is not the decimal mark
  bool decimals = false;
};

std::optional<Marked> without_marks(std::string_view field, char decimal) {
  const char other = decimal == '.' ? ',' : '.';
  Marked found;
  std::string_view rest = field;
  if (rest.starts_with('-') || rest.starts_with('+')) {
    if (rest[0] == '-') found.plain = '-';
    rest.remove_prefix(1);
  }
  std::size_t digits = digits_at(rest);
  found.plain += rest.substr(0, digits);
  const std::string_view mark = mark_at(rest.substr(digits), other);
  const bool zero = rest.starts_with('0');
  rest.remove_prefix(digits);
  if (!mark.empty()) {
    if (digits == 0 || digits > 3 || zero) return {};
    while (rest.starts_with(mark)) {
      rest.remove_prefix(mark.size());
      if (digits_at(rest) != 3) return {};
      found.plain += rest.substr(0, 3);
      rest.remove_prefix(3);
      ++found.marks;
    }
    found.mark = mark;
    found.other = mark[0] == other;
  }
  if (rest.starts_with(decimal)) {
    found.decimals = true;
    rest.remove_prefix(1);
    const std::size_t behind = digits_at(rest);
    if (digits == 0 && behind == 0) return {};
    found.plain += '.';
    found.plain += rest.substr(0, behind);
    rest.remove_prefix(behind);
    digits += behind;
  }
  if (digits == 0) return {};
  if (rest.starts_with('e') || rest.starts_with('E'))
    found.plain += rest;
  else if (!rest.empty())
    return {};
  return found;
}

}  // namespace

bool NumberFormat::is_missing(std::string_view field) const {
  const auto same = [&](std::string_view word) { return same_letters(field, word); };
  return field.empty() || std::ranges::any_of(kMissingWords, same) ||
         std::ranges::any_of(missing, same);
}

CsvNumber NumberFormat::read(std::string_view field, double& value) const {
  field = trimmed(field);
  if (field.empty()) return CsvNumber::missing;
  const bool marked = decimal == ',' && field.find_first_of(",.") != std::string_view::npos;
  CsvNumber found = marked ? CsvNumber::text : read_plain(field, value);
  if (found == CsvNumber::text) {
    if (is_missing(field)) return CsvNumber::missing;
    found = read_marks(field, value);
  }
  if (found != CsvNumber::number || missing.empty()) return found;
  const bool stands_for_none = std::ranges::any_of(missing, [&](const std::string& word) {
    double number = 0;
    return read_plain(trimmed(word), number) == CsvNumber::number && number == value;
  });
  return stands_for_none ? CsvNumber::missing : CsvNumber::number;
}

CsvNumber NumberFormat::read_marks(std::string_view field, double& value) const {
  const std::optional<Marked> found = without_marks(field, decimal);
  if (!found) return CsvNumber::text;
  const CsvNumber kind = read_plain(found->plain, value);
  if (kind == CsvNumber::text || found->marks == 0) return kind;
  const bool either = unsettled && found->other && found->marks == 1 && !found->decimals;
  if (grouped && !either && (thousands.empty() || found->mark == thousands)) return kind;
  return fixed ? CsvNumber::text : CsvNumber::grouped;
}

bool NumberFormat::reads_turned(std::string_view field, double& value) const {
  return NumberFormat{decimal == '.' ? ',' : '.', true}.read(field, value) == CsvNumber::number;
}

std::string NumberFormat::refusal(std::string_view field) const {
  const std::string quoted = in_quotes(field);
  const std::string_view text = trimmed(field);
  const char other = decimal == '.' ? ',' : '.';
  double value = 0;
  switch (read(field, value)) {
    case CsvNumber::infinite:
      return quoted + " is not finite; give a number or nothing";
    case CsvNumber::too_large:
      return quoted + " is beyond the largest double, 1.8e308";
    case CsvNumber::grouped: {
      const auto found = without_marks(text, decimal);
      double as_decimals = 0;
      const NumberFormat turned{other};
      if (found->other && turned.read(text, as_decimals) == CsvNumber::number) {
        return quoted + " is " + number_text(value) + " by --decimal " + decimal + " and " +
               number_text(as_decimals) + " by --decimal " + other + "; say which";
      }
      const bool list = !found->decimals && (found->mark == " " || found->mark == ",");
      if (list) {
        return quoted + " is " + number_text(value) + " by --decimal " + decimal + ", or " +
               std::to_string(found->marks + 1) +
               " numbers, a list as --features 'NAME:vector' takes it; say which";
      }
      return quoted + " has marks between thousands, as --decimal " + decimal + " reads them";
    }
    default:
      break;
  }
  if (!fixed && reads_turned(field, value)) {
    return quoted + " is no number with a decimal " + (decimal == '.' ? "point" : "comma") +
           ", as the others have; --decimal " + other + " reads it as " + number_text(value);
  }
  if (fixed && (reads_turned(field, value) ||
                NumberFormat{decimal, true}.read(field, value) == CsvNumber::number)) {
    return quoted + " is no number as JSON writes them; write it with a decimal point, if any";
  }
  return quoted + " is not a number; a missing value is " + (fixed ? "null" : "an empty field") +
         ", or a word that --missing names";
}

CsvNumber read_csv_number(std::string_view field, double& value) {
  return NumberFormat{}.read(field, value);
}

std::string missing_words() {
  std::string line;
  for (const std::string_view word : kMissingWords) {
    line.append(line.empty() ? "" : ", ").append(word);
  }
  return line;
}

}  // namespace esscher::internal
