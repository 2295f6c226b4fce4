#pragma once

/// \file
/// The columns of a dataset that become features.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataset_labels.h"
#include "dataset_levels.h"
#include "dataset_rows.h"
#include "dataset_tables.h"
#include "esscher/data/dataset.h"
#include "esscher/io/mapped_array.h"
#include "text_survey.h"
#include "vector_column.h"

namespace esscher::internal {

class DatasetFeatures {
 public:
  /// \param array     the data, where it is not a table
  /// \param rejected  of pairs, the other side of it
  DatasetFeatures(const DatasetTables& tables, std::optional<MappedArray> array,
                  std::optional<MappedArray> rejected = {});

  /// Chooses columns as the options say. \throws UsageError
  void choose(const DatasetOptions& options, const DatasetLabels& labels);
  /// Chooses those of the encoding. \throws UsageError for those that are not there
  void choose(const DatasetOptions& options, const FeatureEncoding& encoding);

  /// Takes the tables' current row. \throws DataError
  void add();
  /// Whether the encoding has all levels of the current row.
  bool known() const;
  /// Fills in features, encoding, names and remarks; needs out.source_rows. Call once, last.
  /// \throws DataError, UsageError where no feature is left
  void finish(Dataset& out);

 private:
  /// Any column that could be chosen.
  struct Candidate {
    std::string name;
    std::optional<TableColumn> cell;  ///< of a table; else the array's column of this number
    std::size_t array_column = 0;
  };
  struct Column {
    std::size_t candidate = 0;
    std::unique_ptr<LevelColumn> levels = nullptr;   ///< one-hot; else numeric
    bool tried = false;                              ///< for mutations, by nobody's word
    std::unique_ptr<VectorColumn> vector = nullptr;  ///< numbers in one cell; else one
    std::vector<double> values = {};                 ///< numeric, of a table; NaN: missing
    std::uint64_t missing = 0;
    std::uint64_t first_missing = 0;  ///< the file's row, from 1
    std::string missing_text = {};    ///< what stands for a missing number, but for empty cells
    std::string left_out = {};        ///< why, if it is not a feature after all
    std::unique_ptr<TextSurvey> text = nullptr;  ///< of a column left out for its text
  };

  /// What a candidate was chosen for.
  struct Choice {
    bool one_hot = false;
    std::optional<TextForm> form = {};  ///< if the user said which
  };

  const Candidate& candidate(const Column& column) const { return candidates_[column.candidate]; }
  /// Whether it is a number of a table in each row.
  bool is_number(const Column& column) const {
    return !column.levels && !column.vector && candidate(column).cell;
  }
  std::vector<std::string> names() const;
  void choose_one_hot(const std::string& pattern, std::vector<std::optional<Choice>>& chosen) const;
  void choose_numeric(const DatasetOptions& options, const DatasetLabels& labels,
                      std::vector<std::optional<Choice>>& chosen);
  /// Takes "NAME:vector" out of the pattern. Returns the rest.
  std::string choose_vectors(const std::string& pattern,
                             std::vector<std::optional<Choice>>& chosen) const;
  void add_column(std::size_t candidate, const Choice& choice, const SequenceReading& reading);
  /// Whether a column that nobody named may hold the mutations of a wild type.
  bool may_hold_mutations(std::size_t candidate, const DatasetOptions& options,
                          const DatasetLabels& labels) const;
  void add_number(Column& column) const;
  void drop_misfits(Dataset& out);
  void drop_left_out(Dataset& out);
  /// Leaves out, of the columns taken by default, those that number or split rows, and that tell
  /// the reward. Returns whether there are such.
  bool screen(Dataset& out);
  void add_blocks(const EncodedColumn& column, BlockLevels blocks, std::size_t feature,
                  DatasetRows& rows, Dataset& out) const;
  void finish_numbers(Column& column, std::size_t numeric, Dataset& out) const;
  ArrayColumns finish_array(ArrayColumns array, const std::vector<std::size_t>& numeric,
                            Dataset& out) const;

  const DatasetTables& tables_;
  std::optional<MappedArray> array_;
  std::optional<MappedArray> rejected_;
  std::vector<Candidate> candidates_;
  std::vector<Column> columns_;  ///< ascending in their candidates, or as the encoding has them
  const FeatureEncoding* recorded_ = nullptr;
  std::string pattern_;    ///< --features
  std::string wild_type_;  ///< --wild-type
  bool tried_ = false;     ///< columns were tried for its mutations
  bool impute_ = false;
  bool advises_impute_ = true;
  bool by_default_ = false;  ///< numeric columns were not named: those of text are left out
  bool screened_ = false;    ///< and nobody asked for all of them
  bool infeasible_ = false;  ///< some rewards may be the lowest in another's place
};

}  // namespace esscher::internal
