#include "text_survey.h"

#include <algorithm>
#include <array>
#include <functional>

#include "column_advice.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/dataset.h"
#include "esscher/data/mutations.h"
#include "esscher/io/csv.h"
#include "io/shell_word.h"
#include "vector_column.h"

namespace esscher::internal {
namespace {

/// Levels that are told apart; a column with more is no category.
constexpr std::size_t kMostSurveyedLevels = 10'000;

/// Of so many vectors one may be none.
constexpr std::uint64_t kSlips = 20;

bool holds_substitutions(std::string_view text) {
  try {
    parse_substitutions(text);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

/// By either decimal mark; blanks part numbers.
bool is_one_number(std::string_view text) {
  double value = 0;
  const auto reads = [&](char decimal) {
    return NumberFormat{decimal, true}.read(text, value) == CsvNumber::number;
  };
  return !holds_blank(text) && (reads('.') || reads(','));
}

/// A number with a currency before it or a percent sign behind it.
bool is_marked_number(std::string_view text, const NumberFormat& format) {
  constexpr std::array<std::string_view, 4> kCurrencies{"$", "\u20AC", "\u00A3", "\u00A5"};
  const std::size_t length = text.size();
  for (const std::string_view mark : kCurrencies) {
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
    if (text.ends_with(mark)) text.remove_suffix(mark.size());
  }
  if (text.ends_with('%')) text.remove_suffix(1);
  double value = 0;
  return text.size() < length && format.read(text, value) == CsvNumber::number;
}

}  // namespace

bool holds_blank(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.find(' ', begin) < text.find_last_not_of(" \t") + 1;
}

void TextSurvey::add(std::string_view text) {
  double value = 0;
  const CsvNumber kind = format_.read(text, value);
  if (kind == CsvNumber::missing) return;
  if (kind == CsvNumber::number) ++numbers_;
  if (texts_++ == 0) {
    example_ = text;
    length_ = text.size();
  }
  one_length_ = one_length_ && text.size() == length_;
  mutations_ = mutations_ && holds_substitutions(text);
  several_ = several_ || !is_one_number(text);
  marked_ = marked_ && is_marked_number(text, format_);
  // Of a column of texts alone the first few tell.
  if (kSlips * slips_ <= texts_ + kSlips) {
    if (read_vector(text, format_, row_).empty() && (width_ == 0 || row_.size() == width_)) {
      width_ = row_.size();
    } else if (slips_++ == 0) {
      slip_ = text;
    }
  }
  if (many_) return;
  many_ = levels_.insert(std::hash<std::string_view>()(text)).second &&
          levels_.size() > kMostSurveyedLevels;
  if (many_) levels_.clear();
}

std::string TextSurvey::advice(const std::string& name) const {
  if (!several_) return "its numbers are not written as the table's others are";
  if (marked_) return "its numbers have a mark such as '$' or '%' beside them; write them without";
  // What a list of names cannot hold, or a line cannot show, is not to be pasted.
  const bool listable = is_listable(name);
  const std::string column = listable ? name : "NAME";
  const std::string renamed =
      listable ? "" : "rename it, since no list of columns can name it; then ";
  if (width_ > 0 && kSlips * slips_ < texts_) {
    return renamed + "--features " + shell_word(column + ":vector") + " would take its " +
           std::to_string(width_) + " numbers as features" +
           (slips_ > 0 ? ", once " + in_quotes(slip_) + " is one as well" : "");
  }
  if (mutations_) {
    return renamed + "--one-hot " + shell_word(column + ":mutations") +
           " --wild-type SEQUENCE would take its mutations as one-hot sequences";
  }
  const std::size_t levels = levels_.size();
  if (one_length_ && length_ > 1 && (many_ || levels > kMostAutomaticLevels)) {
    return renamed + "--one-hot " + shell_word(column + ":sequence") + " would take its " +
           std::to_string(length_) + " positions as one-hot features";
  }
  if (many_) return "it has more than 10000 distinct values, too many for categories";
  if (2 * levels > texts_) {
    return "its " + counted(levels, "distinct value") + " in " + counted(texts_, "row") +
           " say little as categories";
  }
  return renamed + "--one-hot " + shell_word(column) + " would take its " +
         (levels == 1 ? "1 level as a category" : std::to_string(levels) + " levels as categories");
}

}  // namespace esscher::internal
