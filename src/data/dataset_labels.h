#pragma once

/// \file
/// Rewards, groups and weights of a dataset, and which rows it keeps.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataset_tables.h"
#include "esscher/data/dataset.h"
#include "esscher/io/mapped_array.h"
#include "prompt_axis.h"

namespace esscher::internal {

enum class DataFormat { table, npy, npz, safetensors };

/// By the file's extension. \throws UsageError where it says nothing
DataFormat data_format(const std::string& path, std::string_view field);

/// One of the labels: a column, or numbers from an array.
struct LabelSource {
  std::optional<TableColumn> column;
  std::vector<double> values;
  std::string name;  ///< of the array, for messages
  bool given() const { return column.has_value() || !name.empty(); }
};

class DatasetLabels {
 public:
  /// Finds all that the options name. \param axis   groups that the features' shape tells, if any
  /// \param pairs  whether rows are sides of pairs, two by two
  /// \throws UsageError for what is nowhere, groups that are named although the shape tells them;
  ///         as the arrays' readers
  DatasetLabels(const DatasetOptions& options, const DatasetTables& tables,
                std::optional<PromptAxis> axis, bool pairs = false);

  /// Whether the current row, number \p row of the file from 0, is kept: then its labels go to
  /// \p out, else it is counted there. \throws DataError for labels that are no labels
  bool keep(std::uint64_t row, Dataset& out);
  /// To be called behind the last row. \throws DataError where arrays of labels are longer or
  /// shorter than the data; UsageError, if \p strict, for an exclusion that no row meets
  void finish(bool strict, Dataset& out) const;

  /// Whether a column is one of the labels; that of a side is another than a label of its name.
  bool uses(TableColumn column) const;
  /// Whether it is what features must not know.
  bool is_reward(TableColumn column) const;

 private:
  struct Exclusion {
    TableColumn column;
    std::string value;
    std::uint64_t rows = 0;
  };

  /// \param of_prompts  whether prompts may have one each
  LabelSource find(const std::string& name, std::string_view field, bool of_prompts) const;
  bool is_label(const LabelSource& label, TableColumn column) const;
  void read_exclusions();
  [[noreturn]] void refuse_exclusion(const std::string& text) const;
  bool excluded();
  double number(const LabelSource& source, std::uint64_t row) const;
  /// The reward, NaN where it is missing, or -infinity where it is infeasible.
  double reward(std::uint64_t row) const;
  [[noreturn]] void refuse(const LabelSource& source, std::uint64_t row,
                           const std::string& what) const;
  /// The number of the text or number that stands there, by \p ids. \p what names it in messages.
  std::uint32_t number_of_name(const LabelSource& source, std::uint64_t row, const char* what,
                               std::unordered_map<std::string, std::uint32_t>& ids) const;
  /// Of the prompt or the pair, by its place among rows of so many each.
  std::uint32_t number_of_block(std::uint64_t row, std::uint64_t rows_each);
  /// Of a side of a pair: its half of what the chosen one is ahead.
  double pair_reward(std::uint64_t row) const;
  /// 1 or 0 as numbers or as words of truth; what else there is, too.
  double tie_number(std::uint64_t row) const;

  const DatasetOptions& options_;
  const DatasetTables& tables_;
  std::optional<PromptAxis> axis_;
  bool pairs_ = false;
  std::optional<double> infeasible_;
  LabelSource margin_;
  LabelSource tie_;
  LabelSource reward_;
  LabelSource group_;
  LabelSource cluster_;
  LabelSource fold_;
  LabelSource weight_;
  LabelSource gold_;
  std::vector<Exclusion> exclusions_;
  std::unordered_map<std::string, std::uint32_t> group_ids_;
  std::unordered_map<std::string, std::uint32_t> cluster_ids_;
  std::unordered_map<std::string, std::uint32_t> fold_ids_;
};

}  // namespace esscher::internal
