#include "dataset_levels.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <unordered_map>
#include <utility>

#include "column_advice.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/dataset.h"
#include "esscher/data/mutations.h"

namespace esscher::internal {
namespace {

using Kind = EncodedColumn::Kind;

constexpr std::size_t kMostLevels = 65535;
constexpr std::size_t kLongestSequence = 10'000;

std::size_t count_symbols(std::string_view text) {
  // One byte of each code point is not a continuation.
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

void require_present(const DatasetTables& tables, TableColumn at) {
  if (tables.text(at).empty()) {
    tables.refuse(at, "missing; give missing values a name of their own, such as 'none'");
  }
}

/// Texts and their numbers, in order of first occurrence.
class Levels {
 public:
  explicit Levels(const std::vector<std::string>& texts = {}) {
    for (const std::string& text : texts) add(text);
  }
  std::size_t size() const { return texts_.size(); }
  std::optional<std::uint16_t> find(std::string_view text) const {
    if (is_ascii(text)) {
      const std::int32_t number = ascii_[static_cast<unsigned char>(text[0])];
      if (number < 0) return {};
      return static_cast<std::uint16_t>(number);
    }
    const auto found = numbers_.find(text);
    if (found == numbers_.end()) return {};
    return found->second;
  }
  /// The number of \p text, new or not; nothing where there are too many.
  std::optional<std::uint16_t> add(std::string_view text) {
    if (const auto known = find(text)) return known;
    if (texts_.size() == kMostLevels) return {};
    const auto number = static_cast<std::uint16_t>(texts_.size());
    texts_.emplace_back(text);
    if (is_ascii(text)) {
      ascii_[static_cast<unsigned char>(text[0])] = number;
    } else {
      numbers_.emplace(text, number);
    }
    return number;
  }
  /// Sorts the texts, and renumbers \p codes accordingly.
  std::vector<std::string> sorted(std::vector<std::uint16_t>& codes) const {
    std::vector<std::uint16_t> order(texts_.size());
    std::iota(order.begin(), order.end(), std::uint16_t{0});
    std::ranges::sort(order, {}, [&](std::uint16_t i) -> const std::string& { return texts_[i]; });
    std::vector<std::uint16_t> rank(order.size());
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < order.size(); ++i) {
      rank[order[i]] = static_cast<std::uint16_t>(i);
      texts.push_back(texts_[order[i]]);
    }
    for (std::uint16_t& code : codes) code = rank[code];
    return texts;
  }
  void clear() { *this = Levels(); }

 private:
  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  static bool is_ascii(std::string_view text) {
    return text.size() == 1 && static_cast<unsigned char>(text[0]) < 128;
  }
  static std::array<std::int32_t, 128> none() {
    std::array<std::int32_t, 128> numbers;
    numbers.fill(-1);
    return numbers;
  }

  std::vector<std::string> texts_;
  std::array<std::int32_t, 128> ascii_ = none();  ///< of single letters: sequences' common case
  std::unordered_map<std::string, std::uint16_t, Hash, std::equal_to<>> numbers_;
};

class LearnedLevels final : public LevelColumn {
 public:
  LearnedLevels(const DatasetTables& tables, TableColumn at, std::optional<Kind> kind,
                bool fold_case)
      : at_(at),
        kind_(kind),
        fold_case_(fold_case),
        file_(tables.file(at)),
        column_(tables.name(at)),
        where_(file_ + ": column " + shown(column_) + ": "),
        no_category_(kind == Kind::sequence ? "-" : ""),
        no_sequence_(kind == Kind::category ? "-" : "") {}

  void add(const DatasetTables& tables) override {
    require_present(tables, at_);
    const std::string_view text = tables.text(at_);
    if (!kind_) ++lengths_.emplace(count_symbols(text), Length{tables.rows()}).first->second.rows;
    if (no_category_.empty()) add_category(text);
    if (no_sequence_.empty() && fold_case_) add_sequence(upper_case(text), tables);
    if (no_sequence_.empty() && !fold_case_) add_sequence(text, tables);
    if (!no_category_.empty() && !no_sequence_.empty()) refuse(tables);
    ++rows_;
  }

  EncodedColumn finish(BlockLevels& blocks) override {
    const bool many = !no_category_.empty() || category_.size() > kMostAutomaticLevels;
    if (no_sequence_.empty() && (kind_ == Kind::sequence || (many && positions_.size() > 1))) {
      return finish_sequence(blocks);
    }
    if (!kind_ && many) require_no_slip();
    if (!no_category_.empty()) throw DataError(where_ + no_category_);
    EncodedColumn encoded{column_, Kind::category};
    encoded.levels = category_.sorted(codes_);
    blocks.push_back(std::move(codes_));
    return encoded;
  }

 private:
  void add_category(std::string_view text) {
    if (const auto number = category_.add(text)) {
      codes_.push_back(*number);
      return;
    }
    no_category_ = "more than " + std::to_string(kMostLevels) +
                   " distinct values, too many for a category; is it an identifier?";
    category_.clear();
    codes_ = {};
  }

  void add_sequence(std::string_view text, const DatasetTables& tables) {
    const std::size_t length = count_symbols(text);
    if (rows_ == 0) {
      first_row_ = tables.rows();
      positions_.resize(std::min(length, kLongestSequence));
      symbols_.resize(positions_.size());
    }
    if (length > kLongestSequence) {
      no_sequence_ = counted(length, "symbol") + "; sequences have at most 10000";
    } else if (length != positions_.size()) {
      no_sequence_ = counted(length, "symbol") + " where row " + std::to_string(first_row_) +
                     " has " + std::to_string(positions_.size()) +
                     "; sequences must have one length";
    } else {
      note_case(text, tables.rows());
      for (std::size_t i = 0; i < length; ++i) {
        const std::size_t bytes = std::max<std::size_t>(1, code_point_length(text));
        // There are more code points than levels, but 65536 different ones in one place are no
        // sequence either.
        const auto number = symbols_[i].add(text.substr(0, bytes));
        if (!number) {
          no_sequence_ = "more than " + std::to_string(kMostLevels) + " symbols in one position";
          break;
        }
        positions_[i].push_back(*number);
        text.remove_prefix(bytes);
      }
    }
    if (no_sequence_.empty()) return;
    positions_ = {};
    symbols_ = {};
  }

  /// \throws DataError where nearly all texts, too many to be categories, are of one length: the
  /// rest are sequences that lost or gained a letter
  void require_no_slip() const {
    if (lengths_.size() < 2) return;
    constexpr std::uint64_t kMostSlips = 10;  // one row of so many
    const auto usual =
        std::ranges::max_element(lengths_, {}, [](const auto& each) { return each.second.rows; });
    if (2 * category_.size() <= rows_ || usual->first < 2 ||
        rows_ - usual->second.rows > rows_ / kMostSlips) {
      return;
    }
    const auto slip = std::ranges::min_element(lengths_, {}, [&](const auto& each) {
      return each.first == usual->first ? std::numeric_limits<std::uint64_t>::max()
                                        : each.second.first;
    });
    throw DataError(
        file_ + ": row " + std::to_string(slip->second.first) + ", column " + shown(column_) +
        ": " + counted(slip->first, "symbol") + " where row " +
        std::to_string(usual->second.first) + " has " + std::to_string(usual->first) +
        "; sequences must have one length: mend the row, or take all as categories by --one-hot " +
        list_word(column_ + ":category"));
  }

  [[noreturn]] void refuse(const DatasetTables& tables) const {
    if (kind_ == Kind::category) tables.refuse(at_, no_category_);
    if (kind_ == Kind::sequence) tables.refuse(at_, no_sequence_);
    tables.refuse(
        at_, "neither a category (" + no_category_ + ") nor a sequence (" + no_sequence_ + ")");
  }

  /// The first row of each case: "acD" is a slip of the keyboard rather than three residues.
  void note_case(std::string_view text, std::uint64_t row) {
    for (const char c : text) {
      if (lower_row_ == 0 && c >= 'a' && c <= 'z') lower_row_ = row;
      if (upper_row_ == 0 && c >= 'A' && c <= 'Z') upper_row_ = row;
    }
  }

  EncodedColumn finish_sequence(BlockLevels& blocks) {
    if (lower_row_ > 0 && upper_row_ > 0) {
      throw DataError(where_ + "sequences mix upper case (row " + std::to_string(upper_row_) +
                      ") and lower case (row " + std::to_string(lower_row_) +
                      "); --fold-case reads both as one letter");
    }
    EncodedColumn encoded{column_, Kind::sequence};
    encoded.reading.fold_case = fold_case_;
    encoded.length = positions_.size();
    for (std::size_t i = 0; i < positions_.size(); ++i) {
      encoded.position_levels.push_back(symbols_[i].sorted(positions_[i]));
      if (symbols_[i].size() > 1) blocks.push_back(std::move(positions_[i]));
    }
    return encoded;
  }

  struct Length {
    std::uint64_t first = 0;  ///< row that has it
    std::uint64_t rows = 0;
  };

  TableColumn at_;
  std::optional<Kind> kind_;
  bool fold_case_;
  std::string file_;
  std::string column_;
  std::string where_;
  std::string no_category_;  ///< why it cannot be one; empty: it still can
  std::string no_sequence_;
  std::map<std::size_t, Length> lengths_;  ///< where either may be meant
  std::uint64_t rows_ = 0;
  std::uint64_t first_row_ = 0;
  std::uint64_t lower_row_ = 0;  ///< the first row with such a letter; 0: none
  std::uint64_t upper_row_ = 0;
  Levels category_;
  std::vector<std::uint16_t> codes_;
  std::vector<Levels> symbols_;  ///< one for each position
  BlockLevels positions_;
};

class KnownLevels final : public LevelColumn {
 public:
  KnownLevels(EncodedColumn column, TableColumn at) : at_(at), column_(std::move(column)) {
    if (column_.kind == Kind::category) {
      levels_.emplace_back(column_.levels);
    } else {
      for (const auto& symbols : column_.position_levels) levels_.emplace_back(symbols);
    }
    codes_.resize(levels_.size());
  }

  void add(const DatasetTables& tables) override {
    std::vector<std::uint16_t> codes;
    if (const auto unknown = read(tables, codes)) {
      tables.refuse(at_, unknown->found + ", which the model was not fitted on; it knows " +
                             list_in_quotes(*unknown->known) + ": leave such rows out");
    }
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (column_.kind == Kind::category || levels_[i].size() > 1) codes_[i].push_back(codes[i]);
    }
  }

  bool known(const DatasetTables& tables) const override {
    std::vector<std::uint16_t> codes;
    return !read(tables, codes);
  }

  EncodedColumn finish(BlockLevels& blocks) override {
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      if (column_.kind == Kind::category || levels_[i].size() > 1) {
        blocks.push_back(std::move(codes_[i]));
      }
    }
    return std::move(column_);
  }

 private:
  struct Unknown {
    std::string found;
    const std::vector<std::string>* known;
  };

  /// The codes of a row's levels, or the first that is not known. \throws DataError where it is no
  /// text of this column's kind
  std::optional<Unknown> read(const DatasetTables& tables,
                              std::vector<std::uint16_t>& codes) const {
    const SequenceReading& reading = column_.reading;
    if (reading.wild_type.empty()) require_present(tables, at_);
    std::string_view text = tables.text(at_);
    std::string sequence;
    if (reading.fold_case || !reading.wild_type.empty()) {
      try {
        sequence = read_sequence(text, reading);
      } catch (const DataError& error) {
        tables.refuse(at_, error.what());
      }
      text = sequence;
    }
    if (column_.kind == Kind::category) {
      const auto number = levels_[0].find(text);
      if (!number) return Unknown{in_quotes(text), &column_.levels};
      codes.push_back(*number);
      return std::nullopt;
    }
    const std::size_t length = count_symbols(text);
    if (length != column_.length) {
      tables.refuse(at_, counted(length, "symbol") + " where the model has sequences of " +
                             std::to_string(column_.length));
    }
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t bytes = std::max<std::size_t>(1, code_point_length(text));
      const std::string_view symbol = text.substr(0, bytes);
      const auto number = levels_[i].find(symbol);
      if (!number) {
        const auto position = static_cast<std::int64_t>(i) + reading.first_position;
        return Unknown{"position " + std::to_string(position) + " has " + in_quotes(symbol),
                       &column_.position_levels[i]};
      }
      codes.push_back(*number);
      text.remove_prefix(bytes);
    }
    return std::nullopt;
  }

  TableColumn at_;
  EncodedColumn column_;
  std::vector<Levels> levels_;  ///< one for each block, and for positions that give none
  BlockLevels codes_;
};

}  // namespace

std::unique_ptr<LevelColumn> learn_levels(const DatasetTables& tables, TableColumn at,
                                          std::optional<TextForm> form,
                                          const SequenceReading& reading) {
  if (form == TextForm::mutations) return learn_mutations(at, reading, false);
  std::optional<Kind> kind;
  if (form) kind = form == TextForm::sequence ? Kind::sequence : Kind::category;
  return std::make_unique<LearnedLevels>(tables, at, kind, reading.fold_case);
}

std::unique_ptr<LevelColumn> known_levels(const EncodedColumn& column, TableColumn at) {
  return std::make_unique<KnownLevels>(column, at);
}

}  // namespace esscher::internal
