#include "esscher/data/dataset.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dataset_features.h"
#include "dataset_labels.h"
#include "dataset_pairs.h"
#include "dataset_tables.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/io/npy.h"
#include "esscher/io/npz.h"
#include "esscher/io/safetensors.h"
#include "prompt_axis.h"

namespace esscher {
namespace {

using internal::DataFormat;

/// The data as an array, if it is one.
std::optional<MappedArray> open_array(const DatasetOptions& options) {
  if (options.data.empty()) {
    throw UsageError(rejection("--data", "''", "must not be empty", "name the features' file"));
  }
  switch (internal::data_format(options.data, "--data")) {
    case DataFormat::table:
      return {};
    case DataFormat::npy:
      return map_npy(options.data);
    case DataFormat::npz:
      return map_npz(options.data, options.embeddings_key, "--embeddings-key");
    case DataFormat::safetensors:
      return map_safetensors(options.data, options.embeddings_key, "--embeddings-key");
  }
  throw InternalError("a data format without a reader");
}

internal::DatasetTables open_tables(const DatasetOptions& options, bool data_is_table) {
  if (options.table == kStandardInput && options.data == kStandardInput) {
    throw UsageError(rejection("--table", options.table, "standard input is DATA already",
                               "keep one of the two in a file"));
  }
  internal::DatasetTables tables;
  if (data_is_table) tables.open(options.data, options.format);
  if (options.table.empty()) return tables;
  if (internal::data_format(options.table, "--table") != DataFormat::table) {
    throw UsageError(rejection("--table", options.table, "must be a table of text",
                               "name it .csv, .tsv, .txt or .jsonl"));
  }
  tables.open(options.table, options.format);
  return tables;
}

/// "12 rows are left of 40 (20 without a reward, 8 excluded)".
std::string rows_left(const Dataset& data, bool pairs) {
  const std::size_t sides = pairs ? 2 : 1;
  const std::size_t left = data.source_rows.size() / sides;
  std::string line = counted(left, pairs ? "pair" : "row") + (left == 1 ? " is" : " are") +
                     " left of " + std::to_string(data.rows_read / sides);
  std::string reasons;
  const auto add = [&](std::uint64_t count, const char* reason) {
    if (count == 0) return;
    reasons += (reasons.empty() ? " (" : ", ") + std::to_string(count / sides) + " " + reason;
  };
  add(data.dropped_excluded, "excluded");
  add(data.dropped_missing_reward, "without a reward");
  add(data.dropped_zero_weight, "of weight 0");
  add(data.dropped_unknown, "of letters or levels that no fit has seen");
  return line + (reasons.empty() ? "" : reasons + ")");
}

/// What loads for a fit and for a prediction have in common; `choose` chooses the features.
template <class Choose>
Dataset load(const DatasetOptions& given, bool is_fit, Choose choose) {
  const bool pairs = internal::has_pairs(given);
  const DatasetOptions options = pairs ? internal::with_label_table(given) : given;
  std::optional<MappedArray> array;
  std::optional<MappedArray> rejected;
  if (!pairs) {
    array = open_array(options);
  } else if (const auto sides = internal::open_pair_arrays(options)) {
    array = sides->chosen;
    rejected = sides->rejected;
  }
  internal::DatasetTables tables = open_tables(options, !array);
  if (pairs) tables.unfold(array ? "" : options.chosen, array ? "" : options.rejected);
  const std::uint64_t array_rows = array ? array->rows() * (pairs ? 2 : 1) : 0;
  internal::DatasetLabels labels(
      options, tables, array && !pairs ? internal::prompt_axis(*array) : std::nullopt, pairs);
  internal::DatasetFeatures features(tables, array, rejected);
  choose(features, labels);

  Dataset out;
  while (tables.empty() ? out.rows_read < array_rows : tables.next()) {
    if (options.drop_unknown_levels && !features.known()) {
      ++out.dropped_unknown;
    } else if (labels.keep(out.rows_read, out)) {
      features.add();
    }
    ++out.rows_read;
  }
  if (array && array_rows != out.rows_read) {
    const bool by_prompt = array->shape().size() == 3;
    throw DataError(array->name() + " has " + std::to_string(array->rows()) + " rows" +
                    (by_prompt ? ", shape " + array->shape_text() + "," : "") + " and " +
                    table_name(options.table) + " has " +
                    std::to_string(out.rows_read / (pairs ? 2 : 1)) +
                    "; they must lie beside each other, row by row");
  }
  labels.finish(is_fit, out);
  const std::uint64_t least = is_fit ? options.least_rows : 1;
  if (out.source_rows.size() < least) {
    throw DataError(table_name(options.data.empty() ? options.chosen : options.data) + ": " +
                    rows_left(out, pairs) + "; at least " + std::to_string(least) +
                    (least > 1 ? " are" : " is") + " needed");
  }
  if (out.source_rows.size() < out.rows_read) {
    out.remarks.insert(out.remarks.begin(), rows_left(out, pairs) + ".");
  }
  if (is_fit && !pairs && !out.rewards.empty() &&
      std::ranges::count(out.rewards, out.rewards[0]) == std::ssize(out.rewards)) {
    throw DataError(table_name(options.data) + ": the reward " + options.reward + " is " +
                    number_text(out.rewards[0]) + " in all " + std::to_string(out.rewards.size()) +
                    " rows; there is nothing to learn from it");
  }
  if (pairs) internal::require_preference(options, out);
  features.finish(out);
  if (pairs) internal::finish_pairs(options, out);
  const std::vector<std::string> read = tables.remarks();
  out.remarks.insert(out.remarks.begin(), read.begin(), read.end());
  return out;
}

}  // namespace

Dataset load_dataset(const DatasetOptions& options) {
  Dataset data =
      load(options, true,
           [&](internal::DatasetFeatures& features, const internal::DatasetLabels& labels) {
             features.choose(options, labels);
           });
  data.encoding.missing = options.format.missing;
  return data;
}

Dataset load_features(const DatasetOptions& given, const FeatureEncoding& encoding) {
  DatasetOptions options = given;
  // What meant no number where the model was fitted means none here.
  std::vector<std::string>& missing = options.format.missing;
  missing.insert(missing.end(), encoding.missing.begin(), encoding.missing.end());
  return load(options, false,
              [&](internal::DatasetFeatures& features, const internal::DatasetLabels& /*labels*/) {
                features.choose(options, encoding);
              });
}

}  // namespace esscher
