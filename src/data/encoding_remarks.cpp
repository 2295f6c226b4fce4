#include "encoding_remarks.h"

#include <algorithm>
#include <set>

#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {
namespace {

using Kind = EncodedColumn::Kind;

/// "20 letters (ACDEFGHIKLMNPQRSTVWY)", of many only how many.
std::string alphabet(const EncodedColumn& column) {
  constexpr std::size_t kShownLetters = 32;
  std::set<std::string> letters;
  for (const auto& symbols : column.position_levels) letters.insert(symbols.begin(), symbols.end());
  std::string text = counted(letters.size(), "letter");
  if (letters.size() > kShownLetters) return text;
  text += " (";
  for (const std::string& letter : letters) text += shown(letter);
  return text + ")";
}

std::string sequence_remark(const EncodedColumn& column) {
  const SequenceReading& reading = column.reading;
  std::string text = counted(column.length, "position") + ", " + alphabet(column);
  if (!reading.wild_type.empty()) {
    text += "; mutations of the wild type " + in_quotes(reading.wild_type) + ", from position " +
            std::to_string(reading.first_position);
  }
  return text + (reading.fold_case ? "; lower case is read as upper case" : "");
}

}  // namespace

std::vector<std::string> encoding_remarks(const EncodedColumn& column, std::uint64_t rows) {
  std::vector<std::string> remarks;
  const std::string name = "Column " + in_quotes(column.name);
  if (column.kind == Kind::vector) {
    remarks.push_back(name + ": vectors of " + counted(column.length, "number") + ".");
  } else if (column.kind == Kind::category) {
    const std::size_t levels = column.levels.size();
    if (levels == 1) {
      remarks.push_back(name + " never varies: " + in_quotes(column.levels[0]) + " in all rows.");
    } else if (2 * levels > rows) {
      remarks.push_back(name + " has " + counted(levels, "distinct value") + " in " +
                        counted(rows, "row") +
                        ": one-hot features of it say little about other rows.");
    }
  } else if (column.kind == Kind::sequence) {
    remarks.push_back(name + ": " + sequence_remark(column) + ".");
    const auto varies = [](const std::vector<std::string>& symbols) { return symbols.size() > 1; };
    const auto count =
        static_cast<std::size_t>(std::ranges::count_if(column.position_levels, varies));
    if (count < column.length) {
      remarks.push_back(name + " has " + counted(column.length - count, "position") + " of " +
                        std::to_string(column.length) + " that never vary and give no features.");
    }
  }
  return remarks;
}

}  // namespace esscher::internal
