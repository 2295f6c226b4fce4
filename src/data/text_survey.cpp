#include "text_survey.h"

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/dataset.h"
#include "esscher/data/mutations.h"
#include "esscher/io/csv.h"
#include "vector_column.h"

namespace esscher::internal {
namespace {

/// Levels that are told apart; a column with more is no category.
constexpr std::size_t kMostSurveyedLevels = 10'000;

bool holds_substitutions(std::string_view text) {
  try {
    parse_substitutions(text);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace

void TextSurvey::add(std::string_view text) {
  double value = 0;
  const CsvNumber kind = read_csv_number(text, value);
  if (kind == CsvNumber::missing) return;
  if (kind == CsvNumber::number) ++numbers_;
  if (texts_++ == 0) {
    example_ = text;
    length_ = text.size();
  }
  one_length_ = one_length_ && text.size() == length_;
  mutations_ = mutations_ && holds_substitutions(text);
  if (vectors_) {
    vectors_ = read_vector(text, row_).empty() && (width_ == 0 || row_.size() == width_);
    width_ = row_.size();
  }
  if (many_) return;
  many_ = levels_.emplace(text).second && levels_.size() > kMostSurveyedLevels;
  if (many_) levels_.clear();
}

std::string TextSurvey::advice(const std::string& name) const {
  if (vectors_) {
    return "--features '" + name + ":vector' would take its " + std::to_string(width_) +
           " numbers as features";
  }
  if (mutations_) {
    return "--one-hot '" + name +
           ":mutations' --wild-type SEQUENCE would take its mutations as one-hot sequences";
  }
  const std::size_t levels = levels_.size();
  if (one_length_ && length_ > 1 && (many_ || levels > kMostAutomaticLevels)) {
    return "--one-hot '" + name + ":sequence' would take its " + std::to_string(length_) +
           " positions as one-hot features";
  }
  if (many_) return "it has more than 10000 distinct values, too many for categories";
  if (2 * levels > texts_) {
    return "its " + std::to_string(levels) + " distinct values in " + std::to_string(texts_) +
           " rows say little as categories";
  }
  return "--one-hot " + name + " would take its " + std::to_string(levels) +
         " levels as categories";
}

}  // namespace esscher::internal
