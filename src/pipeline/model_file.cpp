#include "pipeline/model_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "esscher/base/build_info.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::internal {

Tensor tensor(const Matrix<double>& matrix) {
  return {{matrix.rows(), matrix.columns()}, {matrix.values().begin(), matrix.values().end()}};
}

Tensor tensor(std::vector<double> values) { return {{values.size()}, std::move(values)}; }

ModelFile::ModelFile(const std::string& path, const ModelKind& kind)
    : path_(path), what_(kind.what), content_(read_safetensors(path)) {
  require_format(kind);
}

void ModelFile::broken(const std::string& what) const {
  throw DataError(path_ + ": not " + what_ + " that can be read: " + what);
}

std::string ModelFile::fact(const std::string& key) const {
  const auto found = content_.metadata.find(key);
  if (found == content_.metadata.end()) broken("its metadata lacks " + key);
  return found->second;
}

Matrix<double> ModelFile::matrix(const std::string& name) const {
  const Tensor& stored = get(name, 2);
  Matrix<double> matrix(stored.shape[0], stored.shape[1]);
  std::copy(stored.values.begin(), stored.values.end(), matrix.data());
  return matrix;
}

std::vector<double> ModelFile::vector(const std::string& name) const { return get(name, 1).values; }

std::vector<double> ModelFile::vector(const std::string& name, std::size_t length) const {
  std::vector<double> values = vector(name);
  if (values.size() != length) {
    broken("tensor " + name + " has " + std::to_string(values.size()) + " entries where " +
           std::to_string(length) + " belong");
  }
  return values;
}

void ModelFile::require_finite(std::initializer_list<const char*> names) const {
  for (const char* name : names) {
    if (!holds(name)) continue;
    for (const double value : content_.tensors.at(name).values) {
      if (!std::isfinite(value)) {
        broken("tensor " + std::string(name) + " holds " + number_text(value));
      }
    }
  }
}

const Tensor& ModelFile::get(const std::string& name, std::size_t dimensions) const {
  const auto found = content_.tensors.find(name);
  if (found == content_.tensors.end()) broken("it has no tensor " + name);
  if (found->second.shape.size() != dimensions) {
    broken("tensor " + name + " has " + std::to_string(found->second.shape.size()) +
           " dimensions, not " + std::to_string(dimensions));
  }
  return found->second;
}

void ModelFile::require_format(const ModelKind& kind) const {
  if (facts().count(kind.key) == 0) broken("it is some other safetensors file");
  long long format = 0;
  try {
    format = parse_integer(fact(kind.key), kind.key, 1, std::numeric_limits<long long>::max());
  } catch (const UsageError& error) {
    broken(error.what());
  }
  if (format > kind.format) {
    broken("it has format " + std::to_string(format) + " (written by esscher " +
           fact("esscher_version") + "), and this esscher " + build_info().version +
           " reads up to " + std::to_string(kind.format) + "; update esscher");
  }
  if (format < kind.oldest) {
    broken("it has format " + std::to_string(format) + " (written by esscher " +
           fact("esscher_version") + "), which this esscher " + build_info().version +
           " no longer reads; fit it again");
  }
}

FirstLayer ModelFile::first_layer() const {
  require_finite({"weights", "biases", "mixture"});
  FirstLayer first;
  first.weights = matrix("weights");
  const std::size_t m = first.weights.rows();
  if (m == 0 || first.weights.columns() == 0) broken("its first layer is empty");
  first.biases = vector("biases", m);
  try {
    first.activation = parse_activation(fact("activation"));
    first.dim = static_cast<std::uint64_t>(
        parse_integer(fact("dim"), "dim", 1, std::numeric_limits<long long>::max()));
  } catch (const UsageError& error) {
    broken(error.what());
  }
  if (first.weights.columns() > first.dim) broken("it has more coordinates than dim");
  const bool mixed = first.activation.kind == ActivationKind::mixture;
  if (mixed != holds("mixture")) broken("its mixture and activation disagree");
  if (mixed) {
    first.mixture = matrix("mixture");
    if (first.mixture.rows() != static_cast<std::size_t>(first.activation.order) ||
        first.mixture.columns() != m) {
      broken("its mixture has the wrong shape");
    }
  }
  return first;
}

std::vector<RewardHead> ModelFile::heads(std::size_t width) const {
  require_finite({"readouts", "intercepts"});
  const Matrix<double> readouts = matrix("readouts");
  if (readouts.columns() != width) broken("its readouts have another width");
  const std::vector<double> intercepts = vector("intercepts", readouts.rows());
  const std::vector<double> penalties = vector("penalties", readouts.rows());
  const std::vector<double> temperatures = vector("weight_temperatures", readouts.rows());
  const std::vector<std::string> kinds = split_at_commas(fact("head_weights"));
  if (kinds.size() != readouts.rows()) broken("head_weights does not fit its readouts");
  std::vector<RewardHead> heads;
  for (std::size_t h = 0; h < kinds.size(); ++h) {
    RewardHead head;
    try {
      head.weights = parse_readout_weights(kinds[h], "head_weights");
    } catch (const UsageError& error) {
      broken(error.what());
    }
    if (std::isfinite(temperatures[h])) head.weight_temperature = temperatures[h];
    head.readout.assign(readouts.row(h).begin(), readouts.row(h).end());
    head.intercept = intercepts[h];
    head.penalty = penalties[h];
    heads.push_back(std::move(head));
  }
  return heads;
}

void add_format(Safetensors& content, const ModelKind& kind) {
  content.metadata[kind.key] = std::to_string(kind.format);
  content.metadata["esscher_version"] = build_info().version;
}

void add_first_layer(Safetensors& content, const FirstLayer& first) {
  content.tensors["weights"] = tensor(first.weights);
  content.tensors["biases"] = tensor(first.biases);
  if (!first.mixture.empty()) content.tensors["mixture"] = tensor(first.mixture);
  content.metadata["activation"] = first.activation.name();
  content.metadata["dim"] = std::to_string(first.dim);
}

void add_heads(Safetensors& content, const std::vector<RewardHead>& heads, std::size_t width) {
  Matrix<double> readouts(heads.size(), width);
  std::vector<double> intercepts;
  std::vector<double> penalties;
  std::vector<double> temperatures;
  std::string kinds;
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const RewardHead& head = heads[h];
    if (head.readout.size() != width) throw InternalError("a readout of another width");
    std::copy(head.readout.begin(), head.readout.end(), readouts.row(h).begin());
    intercepts.push_back(head.intercept);
    penalties.push_back(head.penalty);
    temperatures.push_back(
        head.weight_temperature.value_or(std::numeric_limits<double>::infinity()));
    if (h > 0) kinds += ",";
    kinds += readout_weights_name(head.weights);
  }
  content.tensors["readouts"] = tensor(readouts);
  content.tensors["intercepts"] = tensor(std::move(intercepts));
  content.tensors["penalties"] = tensor(std::move(penalties));
  content.tensors["weight_temperatures"] = tensor(std::move(temperatures));
  content.metadata["head_weights"] = kinds;
}

bool is_own_key(const ModelKind& kind, std::string_view key) {
  constexpr std::array<std::string_view, 4> kKeys{"esscher_version", "activation", "dim",
                                                  "head_weights"};
  return key == kind.key || std::ranges::find(kKeys, key) != kKeys.end();
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace esscher::internal
