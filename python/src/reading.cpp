#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "errors.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/data/column_selection.h"
#include "esscher/data/dataset.h"
#include "esscher/io/npy.h"
#include "esscher/io/table_reader.h"
#include "long_call.h"
#include "module.h"
#include "parameters.h"
#include "record.h"

namespace esscher::python {
namespace {

template <class T>
std::vector<T> all_features(const FeatureRows& features) {
  const std::size_t d = features.columns();
  const std::uint64_t block_rows = std::max<std::size_t>(1, (std::size_t{1} << 20) / d);
  std::vector<T> values(features.rows() * d);
  std::vector<double> block(std::min(block_rows, features.rows()) * d);
  std::vector<std::uint64_t> rows;
  for (std::uint64_t begin = 0; begin < features.rows(); begin += block_rows) {
    rows.resize(std::min(block_rows, features.rows() - begin));
    std::iota(rows.begin(), rows.end(), begin);
    features.gather(rows, {block.data(), rows.size(), d, d});
    for (std::size_t i = 0; i < rows.size() * d; ++i) {
      values[begin * d + i] = static_cast<T>(block[i]);
      if (!std::isfinite(values[begin * d + i])) {
        throw UsageError(rejection("dtype", "float32",
                                   number_text(block[i]) + " is too large for it", "take float64"));
      }
    }
  }
  return values;
}

nb::object feature_array(const FeatureRows& features, bool single) {
  const std::vector<std::size_t> shape = {features.rows(), features.columns()};
  if (single) return owning_array(all_features<float>(features), shape);
  return owning_array(all_features<double>(features), shape);
}

template <class T>
nb::object array_or_none(std::vector<T> values) {
  return values.empty() ? nb::none() : owning_array(std::move(values));
}

/// How the caller says that a text table is written.
TableFormat table_format(const Parameters& parameters) {
  TableFormat format;
  if (!parameters.is_none("delimiter")) format.delimiter = parameters.text("delimiter");
  if (!parameters.is_none("decimal")) format.decimal = parameters.text("decimal");
  if (!parameters.is_none("missing")) format.missing = parameters.words("missing");
  if (parameters.is_none("unpack_limit")) return format;
  const double limit = parameters.number("unpack_limit");
  if (!(limit > 0 && limit <= 1e9)) {
    throw UsageError(rejection("unpack_limit", parameters.shown("unpack_limit"),
                               "must be above 0 and at most 1e9, in GB"));
  }
  format.unpack_limit = static_cast<std::uint64_t>(limit * 1e9);
  return format;
}

/// How files of another kind are written is nothing to say of this one.
void require_of_its_kind(const std::string& path, const Parameters& parameters) {
  const auto ends_in = [&](std::string_view ending) { return path.ends_with(ending); };
  const bool keyed = ends_in(".npz") || ends_in(".safetensors");
  const auto refuse = [&](const char* name, const char* kind) {
    if (parameters.is_none(name)) return;
    throw UsageError(
        rejection(name, parameters.shown(name), std::string(kind) + " only", "leave it out"));
  };
  if (!keyed) refuse("embeddings_key", "of npz and safetensors");
  if (!keyed && !ends_in(".npy")) return;
  for (const char* name : {"delimiter", "decimal", "missing", "unpack_limit"}) {
    refuse(name, "of tables of text");
  }
}

nb::dict read_table(const std::string& path, const nb::dict& values) {
  const Parameters parameters(values);
  require_of_its_kind(path, parameters);
  const auto column = [&](const char* name) {
    return parameters.is_none(name) ? std::string() : parameters.text(name);
  };
  DatasetOptions options{
      .data = path,
      .format = table_format(parameters),
      .features = column("features"),
      .one_hot = column("one_hot"),
      .fold_case = parameters.flag("fold_case"),
      .wild_type = column("wild_type"),
      .first_position = parameters.integer("first_position", -1'000'000, 1'000'000),
      .reward = column("y"),
      .group = column("groups"),
      .cluster = column("clusters"),
      .fold = column("fold"),
      .weight = column("sample_weight"),
      .gold = column("gold"),
      .advises_impute = false};
  if (!parameters.is_none("embeddings_key")) {
    options.embeddings_key = parameters.text("embeddings_key");
  }
  // As in the command: who names text to expand means that text.
  const bool text = !options.one_hot.empty() || !options.wild_type.empty();
  if (options.features.empty() && text) options.features = "none";
  Dataset data = long_call(nb::none(), [&](const Callbacks&) { return load_dataset(options); });
  for (double& weight : data.log_weights) weight = std::exp(weight);
  return Record()
      .add("X", feature_array(*data.features, parameters.is("dtype", "float32")))
      .add("names", data.feature_names)
      .add("y", array_or_none(std::move(data.rewards)))
      .add("groups", array_or_none(std::move(data.groups)))
      .add("group_names", data.group_names)
      .add("sample_weight", array_or_none(std::move(data.log_weights)))
      .add("clusters", array_or_none(std::move(data.clusters)))
      .add("fold", array_or_none(std::move(data.folds)))
      .add("gold", array_or_none(std::move(data.gold)))
      .add("remarks", in_python_words(data.remarks))
      .dict();
}

/// Sequences, or mutations, of a table's one column, "sequence", as features; and how they became
/// such.
nb::dict encode_text(const std::string& path, const nb::dict& values) {
  const Parameters parameters(values);
  const bool mutations = !parameters.is_none("wild_type");
  const DatasetOptions options{
      .data = path,
      .features = "none",
      .one_hot = mutations ? "sequence:mutations" : "sequence:sequence",
      .fold_case = parameters.flag("fold_case"),
      .wild_type = mutations ? parameters.text("wild_type") : std::string(),
      .first_position = parameters.integer("first_position", -1'000'000, 1'000'000),
      .least_rows = 1,
      .advises_impute = false};
  const Dataset data =
      long_call(nb::none(), [&](const Callbacks&) { return load_dataset(options); });
  return Record()
      .add("X", feature_array(*data.features, true))
      .add("names", data.feature_names)
      .add("encoding", data.encoding.to_json())
      .add("remarks", in_python_words(data.remarks))
      .dict();
}

/// Others, by what encode_text() has made of the first ones.
nb::object encoded_text(const std::string& path, const std::string& encoding) {
  const FeatureEncoding known = FeatureEncoding::from_json(encoding, "encoding_");
  const DatasetOptions options{.data = path, .least_rows = 1, .advises_impute = false};
  const Dataset data =
      long_call(nb::none(), [&](const Callbacks&) { return load_features(options, known); });
  return feature_array(*data.features, true);
}

}  // namespace

void bind_reading(nb::module_& module) {
  nb::class_<MappedArray>(module, "StoredRows")
      .def("__len__", &MappedArray::rows)
      .def_prop_ro("shape", [](const MappedArray& array) {
        return std::pair(array.rows(), array.columns());
      });
  module.def("stored_rows", &map_npy, nb::arg("path"));
  module.def("read_table", &read_table, nb::arg("path"), nb::arg("parameters"));
  module.def("encode_text", &encode_text, nb::arg("path"), nb::arg("parameters"));
  module.def("encoded_text", &encoded_text, nb::arg("path"), nb::arg("encoding"));
  module.def("select_columns", &select_columns, nb::arg("pattern"), nb::arg("names"),
             nb::arg("field"));
}

}  // namespace esscher::python
