#include "dataset_labels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "dataset_pairs.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/mutations.h"
#include "esscher/io/npy.h"
#include "esscher/io/npz.h"
#include "esscher/io/safetensors.h"
#include "io/file_kind.h"
#include "io/shell_word.h"
#include "whole_folds.h"

namespace esscher::internal {
namespace {

std::vector<std::string> names_of(const DatasetTables& tables) {
  std::vector<std::string> names;
  for (const TableColumn at : tables.columns()) names.push_back(tables.name(at));
  return names;
}

}  // namespace

DataFormat data_format(const std::string& path, std::string_view field) {
  if (path == kStandardInput) return DataFormat::table;
  require_readable_kind(path, field);
  std::string extension = lower_extension(path);
  const bool packed = extension == "gz" || extension == "zst";
  if (packed) extension = lower_extension(path.substr(0, path.rfind('.')));
  if (packed && extension.empty()) return DataFormat::table;
  if (packed && (extension == "npy" || extension == "npz" || extension == "safetensors")) {
    throw UsageError(rejection(
        field, in_quotes(path), "arrays are read in place, where they must not be compressed",
        "unpack it: " + std::string(path.ends_with("gz") ? "gunzip -k " : "unzstd ") +
            shell_word(path)));
  }
  for (const char* text : {"csv", "tsv", "tab", "txt", "jsonl", "ndjson"}) {
    if (extension == text) return DataFormat::table;
  }
  if (extension == "npy") return DataFormat::npy;
  if (extension == "npz") return DataFormat::npz;
  if (extension == "safetensors") return DataFormat::safetensors;
  throw UsageError(rejection(field, in_quotes(path), "the extension says what a file holds",
                             "name it .csv, .tsv, .txt or .jsonl (or that and .gz or .zst), .npy, "
                             ".npz or .safetensors"));
}

namespace {

/// \throws UsageError unless it is empty, -inf or a number
std::optional<double> infeasible_reward(const std::string& text) {
  if (text.empty()) return {};
  double value = 0;
  const CsvNumber kind = read_csv_number(text, value);
  if (kind == CsvNumber::number || (kind == CsvNumber::infinite && value < 0)) return value;
  throw UsageError(rejection("--infeasible", shown(text), "must be -inf or a number"));
}

/// Rewards of -infinity become the lowest of the others.
void learn_infeasible(std::vector<double>& rewards, const DatasetOptions& options,
                      std::vector<std::string>& remarks) {
  double lowest = std::numeric_limits<double>::infinity();
  std::size_t count = 0;
  for (const double reward : rewards) {
    if (std::isinf(reward)) {
      ++count;
    } else {
      lowest = std::min(lowest, reward);
    }
  }
  if (count == 0) return;
  if (!std::isfinite(lowest)) {
    throw DataError("rewards: all " + std::to_string(count) + " are infeasible, " +
                    options.infeasible + "; nothing can be learned");
  }
  for (double& reward : rewards) reward = std::max(reward, lowest);
  remarks.push_back(counted(count, "reward") + " of " + options.infeasible + ", infeasible, " +
                    (options.keep_without_reward ? count == 1 ? "counts as" : "count as"
                     : count == 1                ? "is learned as"
                                                 : "are learned as") +
                    " the lowest of the others, " + number_text(lowest, 6) + ".");
}

std::vector<std::string> names_by_number(
    const std::unordered_map<std::string, std::uint32_t>& ids) {
  std::vector<std::string> names(ids.size());
  for (const auto& [name, number] : ids) names[number] = name;
  return names;
}

}  // namespace

DatasetLabels::DatasetLabels(const DatasetOptions& options, const DatasetTables& tables,
                             std::optional<PromptAxis> axis, bool pairs)
    : options_(options),
      tables_(tables),
      axis_(std::move(axis)),
      pairs_(pairs),
      infeasible_(infeasible_reward(options.infeasible)),
      margin_(find(options.margin, "--margin", false)),
      tie_(find(options.tie, "--tie", false)),
      reward_(find(options.reward, options.reward_field, false)),
      group_(find(options.group, "--group", true)),
      cluster_(find(options.cluster, "--cluster", true)),
      fold_(find(options.fold, "--fold", true)),
      weight_(find(options.weight, options.weight_field, true)),
      gold_(find(options.gold, "--gold", false)) {
  if (axis_ && group_.given()) {
    throw UsageError(rejection("--group", shown(options.group),
                               "the first axis of " + axis_->array + " tells the groups, " +
                                   std::to_string(axis_->prompts) + " prompts of " +
                                   std::to_string(axis_->candidates) + " candidates",
                               "leave it out, or reshape the array to rows"));
  }
  read_exclusions();
}

LabelSource DatasetLabels::find(const std::string& name, std::string_view field,
                                bool of_prompts) const {
  if (name.empty()) return {};
  if (const auto column = tables_.find_label(name)) return {column, {}, {}};
  const auto from_array = [&](const MappedArray& array) {
    if (axis_) {
      return LabelSource{{}, values_by_prompt(array, *axis_, of_prompts, field), array.name()};
    }
    if (array.columns() != 1) {
      throw DataError(array.name() + ": " + std::string(field) +
                      " must have one number a row; it has " + std::to_string(array.columns()));
    }
    std::vector<double> values = array.values();
    if (!pairs_) return LabelSource{{}, std::move(values), array.name()};
    std::vector<double> sides;
    for (const double value : values) sides.insert(sides.end(), 2, value);
    return LabelSource{{}, std::move(sides), array.name()};
  };
  require_readable_kind(name, field);
  if (lower_extension(name) == "npy") return from_array(map_npy(name));
  const DataFormat format = options_.data.empty() ? DataFormat::npy  // pairs of npy files
                                                  : data_format(options_.data, "--data");
  if (format == DataFormat::npz) return from_array(map_npz(options_.data, name, field));
  if (format == DataFormat::safetensors) {
    return from_array(map_safetensors(options_.data, name, field));
  }
  if (tables_.empty()) {
    throw UsageError(rejection(field, shown(name), "an npy file has no columns",
                               "give the labels' own .npy file, or a --table with this column"));
  }
  const std::vector<std::string> names = names_of(tables_);
  const std::string nearest = nearest_name(name, names);
  std::string read;  // how: a wrong guess may have lost it
  for (const std::string& remark : tables_.remarks()) {
    read += " (" + remark.substr(0, remark.size() - 1) + ")";
  }
  throw UsageError(rejection(field, shown(name), tables_.files() + " has no such column" + read,
                             nearest.empty() ? "it has " + list_in_quotes(names)
                                             : "did you mean " + in_quotes(nearest) + "?"));
}

void DatasetLabels::refuse_exclusion(const std::string& text) const {
  const std::string name = text.substr(0, text.find('='));
  if (name.size() == text.size()) {
    throw UsageError(
        rejection("--exclude", shown(text), "must be column=value", "for example system=human"));
  }
  const std::vector<std::string> names = names_of(tables_);
  const std::string nearest = nearest_name(name, names);
  std::string remedy = "the columns are " + list_in_quotes(names);
  if (names.empty()) remedy = "give a --table that has it";
  if (!nearest.empty()) remedy = "did you mean " + in_quotes(nearest) + "?";
  throw UsageError(
      rejection("--exclude", shown(text), "no column is named " + in_quotes(name), remedy));
}

void DatasetLabels::read_exclusions() {
  for (const std::string& text : options_.exclude) {
    // Names may hold equals signs themselves.
    std::optional<TableColumn> column;
    std::size_t equals = text.find('=');
    while (equals != std::string::npos) {
      column = tables_.find_label(std::string_view(text).substr(0, equals));
      if (column) break;
      equals = text.find('=', equals + 1);
    }
    if (!column) refuse_exclusion(text);
    exclusions_.push_back({*column, text.substr(equals + 1)});
  }
}

bool DatasetLabels::excluded() {
  bool any = false;
  for (Exclusion& exclusion : exclusions_) {
    if (!tables_.equals(exclusion.column, exclusion.value)) continue;
    ++exclusion.rows;
    any = true;
  }
  return any;
}

void DatasetLabels::refuse(const LabelSource& source, std::uint64_t row,
                           const std::string& what) const {
  if (source.column) tables_.refuse(*source.column, what);
  throw DataError(source.name + ": row " + std::to_string((pairs_ ? row / 2 : row) + 1) + ": " +
                  what);
}

double DatasetLabels::number(const LabelSource& source, std::uint64_t row) const {
  if (source.column) return tables_.number(*source.column);
  // Behind the end of a short array nothing counts any more: finish() will refuse it.
  const double value =
      row < source.values.size() ? source.values[static_cast<std::size_t>(row)] : 0;
  if (std::isinf(value)) refuse(source, row, number_text(value) + " is not finite");
  return value;
}

double DatasetLabels::reward(std::uint64_t row) const {
  constexpr double kInfeasible = -std::numeric_limits<double>::infinity();
  double value = 0;
  if (reward_.column) {
    const CsvNumber kind = tables_.read(*reward_.column, value);
    if (kind != CsvNumber::infinite || value > 0) value = number(reward_, row);
  } else {
    value = row < reward_.values.size() ? reward_.values[static_cast<std::size_t>(row)] : 0;
    if (value != kInfeasible) value = number(reward_, row);
  }
  if (infeasible_ && value == *infeasible_) return kInfeasible;
  if (value == kInfeasible) {
    refuse(reward_, row,
           std::string("-inf is not finite; --infeasible=-inf ") +
               (options_.keep_without_reward ? "counts" : "learns") + " such rows as the lowest" +
               (reward_.column ? ", --exclude drops them" : ""));
  }
  return value;
}

std::uint32_t DatasetLabels::number_of_name(
    const LabelSource& source, std::uint64_t row, const char* what,
    std::unordered_map<std::string, std::uint32_t>& ids) const {
  std::string name;
  if (source.column) {
    name = tables_.text(*source.column);
  } else if (const double value = number(source, row); !std::isnan(value)) {
    name = number_text(value);
  }
  if (name.empty()) {
    refuse(source, row, "no " + std::string(what) + "; name one in every row");
  }
  if (ids.size() == std::numeric_limits<std::uint32_t>::max()) {
    refuse(source, row, "too many " + std::string(what) + "s");
  }
  return ids.emplace(std::move(name), static_cast<std::uint32_t>(ids.size())).first->second;
}

std::uint32_t DatasetLabels::number_of_block(std::uint64_t row, std::uint64_t rows_each) {
  std::string name = std::to_string(row / rows_each + 1);
  const auto next = static_cast<std::uint32_t>(group_ids_.size());
  return group_ids_.emplace(std::move(name), next).first->second;
}

double DatasetLabels::tie_number(std::uint64_t row) const {
  // As pandas writes truth.
  const std::string text = tie_.column ? upper_case(tables_.text(*tie_.column)) : "";
  if (text == "TRUE" || text == "FALSE") return text == "TRUE" ? 1 : 0;
  return number(tie_, row);
}

double DatasetLabels::pair_reward(std::uint64_t row) const {
  std::optional<double> margin;
  if (margin_.given()) {
    margin = number(margin_, row);
    if (std::isnan(*margin)) refuse(margin_, row, "no margin; give one in every row");
    if (*margin < 0) {
      refuse(margin_, row,
             "the margin " + number_text(*margin) +
                 " is negative; it says by how much the chosen side is preferred, so exchange the "
                 "sides");
    }
  }
  if (tie_.given()) {
    const double tie = tie_number(row);
    if (tie != 0 && tie != 1) {
      refuse(tie_, row,
             std::isnan(tie) ? std::string("neither 1, a tie, nor 0")
                             : number_text(tie) + " is neither 1, a tie, nor 0");
    }
    if (tie == 1) margin = 0;
  }
  return (row % 2 == 0 ? 0.5 : -0.5) * preference_lead(margin);
}

bool DatasetLabels::keep(std::uint64_t row, Dataset& out) {
  if (excluded()) {
    ++out.dropped_excluded;
    return false;
  }
  double reward = 0;
  if (reward_.given()) {
    reward = this->reward(row);
    if (std::isnan(reward) && !options_.keep_without_reward) {
      ++out.dropped_missing_reward;
      return false;
    }
  }
  if (weight_.given()) {
    const double weight = number(weight_, row);
    if (std::isnan(weight)) refuse(weight_, row, "no weight; give one in every row");
    if (weight < 0) {
      refuse(
          weight_, row,
          "the weight " + number_text(weight) + " is negative; weights say how often a row counts");
    }
    if (weight == 0) {
      ++out.dropped_zero_weight;
      return false;
    }
    out.log_weights.push_back(std::log(weight));
  }
  if (pairs_) reward = pair_reward(row);
  if (reward_.given() || pairs_) out.rewards.push_back(reward);
  if (gold_.given()) {
    out.gold.push_back(number(gold_, row));
    if (std::isnan(out.gold.back())) {
      refuse(gold_, row, "no gold reward; give one wherever there is a reward");
    }
  }
  if (group_.given()) {
    out.groups.push_back(number_of_name(group_, row, "group", group_ids_));
  } else if (axis_ || pairs_) {
    out.groups.push_back(number_of_block(row, pairs_ ? 2 : axis_->candidates));
  }
  if (cluster_.given()) {
    out.clusters.push_back(number_of_name(cluster_, row, "cluster", cluster_ids_));
  }
  if (fold_.given()) out.folds.push_back(number_of_name(fold_, row, "fold", fold_ids_));
  out.source_rows.push_back(row);
  return true;
}

void DatasetLabels::finish(bool strict, Dataset& out) const {
  learn_infeasible(out.rewards, options_, out.remarks);
  out.group_names = names_by_number(group_ids_);
  out.fold_names = names_by_number(fold_ids_);
  out.cluster_count = cluster_ids_.size();
  out.cluster_names = names_by_number(cluster_ids_);
  if (axis_) {
    out.prompts = axis_->prompts;
    out.candidates = axis_->candidates;
    out.remarks.push_back("Groups are the first axis: " + counted(axis_->prompts, "prompt") +
                          " of " + counted(axis_->candidates, "candidate") + ".");
  }
  if (fold_.given()) require_whole_folds(out, names_by_number(cluster_ids_), options_);
  const std::uint64_t sides = pairs_ ? 2 : 1;
  for (const LabelSource* source :
       {&reward_, &group_, &cluster_, &fold_, &weight_, &gold_, &margin_, &tie_}) {
    if (source->name.empty() || source->values.size() == out.rows_read) continue;
    throw DataError(table_name(options_.data.empty() ? options_.chosen : options_.data) + " has " +
                    counted(out.rows_read / sides, "row") + " and " + source->name + " has " +
                    counted(source->values.size() / sides, "row") +
                    "; they must lie beside each other, row by row");
  }
  for (const Exclusion& exclusion : exclusions_) {
    if (exclusion.rows > 0) continue;
    const std::string name = tables_.name(exclusion.column) + "=" + exclusion.value;
    if (strict) {
      throw UsageError(rejection("--exclude", shown(name), "no row has this value",
                                 "write it as it stands in " + tables_.file(exclusion.column)));
    }
    out.remarks.push_back("No row has " + shown(name) + ", which --exclude names.");
  }
}

bool DatasetLabels::is_label(const LabelSource& label, TableColumn column) const {
  column.both_sides = true;  // a label's name is that in its file
  return label.column && tables_.name(*label.column) == tables_.name(column);
}

bool DatasetLabels::uses(TableColumn column) const {
  return std::ranges::any_of(
      std::array{&reward_, &group_, &cluster_, &fold_, &weight_, &gold_, &margin_, &tie_},
      [&](const auto* label) { return is_label(*label, column); });
}

bool DatasetLabels::is_reward(TableColumn column) const {
  return is_label(reward_, column) || is_label(gold_, column);
}

}  // namespace esscher::internal
