// Columns of mutations on their way to one-hot positions of the whole sequence.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "column_advice.h"
#include "dataset_levels.h"
#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/mutations.h"

namespace esscher::internal {
namespace {

class MutationLevels final : public LevelColumn {
 public:
  MutationLevels(TableColumn at, SequenceReading reading, bool tried)
      : at_(at), reading_(std::move(reading)), tried_(tried) {}

  void add(const DatasetTables& tables) override {
    if (!misfit_.empty()) return;
    if (name_.empty()) name_ = tables.name(at_);
    std::string_view text = tables.text(at_);
    std::string folded;
    if (reading_.fold_case) text = folded = upper_case(text);
    std::vector<Substitution> changes;
    try {
      changes = parse_substitutions(text);
    } catch (const DataError& error) {
      if (!tried_) tables.refuse(at_, error.what());
      misfit_ = "in row " + std::to_string(tables.rows()) + " " + error.what();
      return;
    }
    for (const Substitution& change : changes) {
      seen_.emplace(std::pair(change.position, change.from), change);
      const std::string problem = problem_of(change);
      if (problem.empty()) {
        changes_.push_back({rows_,
                            static_cast<std::size_t>(change.position - reading_.first_position),
                            change.to});
      } else if (problem_.empty()) {
        problem_ = tables.file(at_) + ": row " + std::to_string(tables.rows()) + ", column " +
                   shown(name_) + ": " + problem;
      }
    }
    ++rows_;
  }

  std::string misfit() const override {
    if (!misfit_.empty()) return misfit_;
    return tried_ && seen_.empty() ? "no row names a substitution" : "";
  }

  std::size_t fitting_rows() const override { return rows_; }

  std::string unlike() const override { return problem_; }

  EncodedColumn finish(BlockLevels& blocks) override {
    if (!problem_.empty()) {
      const std::string other = tried_ ? ", or leave it out by " + leaving_out(name_) : "";
      throw DataError(problem_ + remedy() + other);
    }
    const std::string& wild_type = reading_.wild_type;
    std::vector<std::map<char, std::uint32_t>> counts(wild_type.size());
    for (const Change& change : changes_) ++counts[change.place][change.to];
    EncodedColumn encoded{name_, EncodedColumn::Kind::sequence};
    encoded.length = wild_type.size();
    encoded.reading = reading_;
    std::vector<std::size_t> block(wild_type.size());  // of a position that varies, from 1
    for (std::size_t i = 0; i < wild_type.size(); ++i) {
      std::uint64_t changed = 0;
      for (const auto& [letter, count] : counts[i]) changed += count;
      if (changed < rows_) counts[i][wild_type[i]] += 1;
      std::vector<std::string>& letters = encoded.position_levels.emplace_back();
      for (const auto& [letter, count] : counts[i]) letters.emplace_back(1, letter);
      if (letters.size() < 2) continue;
      blocks.emplace_back(rows_, code(letters, wild_type[i]));
      block[i] = blocks.size();
    }
    for (const Change& change : changes_) {
      if (block[change.place] == 0) continue;
      blocks[block[change.place] - 1][change.row] =
          code(encoded.position_levels[change.place], change.to);
    }
    return encoded;
  }

 private:
  struct Change {
    std::size_t row = 0;
    std::size_t place = 0;
    char to = 0;
  };

  /// Without \p letter: 0, which no row keeps.
  static std::uint16_t code(const std::vector<std::string>& letters, char letter) {
    const auto found = std::ranges::find(letters, std::string(1, letter));
    return static_cast<std::uint16_t>(found == letters.end() ? 0 : found - letters.begin());
  }

  std::string problem_of(const Substitution& change) const {
    return esscher::misfit(change, reading_);
  }

  /// Names the first position with which all letters would fit, if there is one.
  std::string remedy() const {
    std::vector<Substitution> all;
    for (const auto& [key, change] : seen_) all.push_back(change);
    const std::vector<std::int64_t> fitting = fitting_first_positions(all, reading_.wild_type);
    if (fitting.size() != 1 || fitting[0] == reading_.first_position) {
      return "; mend the row, --wild-type or --first-position";
    }
    return "; every letter fits with --first-position " + std::to_string(fitting[0]);
  }

  TableColumn at_;
  SequenceReading reading_;
  bool tried_;
  std::string name_;
  std::string misfit_;
  std::string problem_;  ///< the first letter that is not the wild type's
  std::map<std::pair<std::int64_t, char>, Substitution> seen_;
  std::vector<Change> changes_;
  std::size_t rows_ = 0;
};

}  // namespace

std::unique_ptr<LevelColumn> learn_mutations(TableColumn at, const SequenceReading& reading,
                                             bool tried) {
  return std::make_unique<MutationLevels>(at, reading, tried);
}

}  // namespace esscher::internal
