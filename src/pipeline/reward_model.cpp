#include "esscher/pipeline/reward_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "esscher/base/build_info.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/data/safetensors.h"

namespace esscher {
namespace {

/// Raised when an older esscher could no longer read a file rightly.
constexpr long long kFormat = 1;
/// Relative: temperatures of a grid are printed with four digits, and typed so.
constexpr double kSameTemperature = 1e-3;
constexpr char kFormatKey[] = "esscher_reward_model";

Tensor tensor(const Matrix<double>& matrix) {
  return {{matrix.rows(), matrix.columns()}, {matrix.values().begin(), matrix.values().end()}};
}

Tensor tensor(std::vector<double> values) { return {{values.size()}, std::move(values)}; }

/// What a file holds, asked for by name; messages name the file.
class Content {
 public:
  explicit Content(const std::string& path) : path_(path), content_(read_safetensors(path)) {}

  [[noreturn]] void broken(const std::string& what) const {
    throw DataError(path_ + ": not a reward model that can be read: " + what);
  }

  const std::map<std::string, std::string>& facts() const { return content_.metadata; }
  bool holds(const std::string& name) const { return content_.tensors.count(name) != 0; }

  std::string fact(const std::string& key) const {
    const auto found = content_.metadata.find(key);
    if (found == content_.metadata.end()) broken("its metadata lacks " + key);
    return found->second;
  }

  Matrix<double> matrix(const std::string& name) const {
    const Tensor& stored = get(name, 2);
    Matrix<double> matrix(stored.shape[0], stored.shape[1]);
    std::copy(stored.values.begin(), stored.values.end(), matrix.data());
    return matrix;
  }

  std::vector<double> vector(const std::string& name, std::size_t length) const {
    const Tensor& stored = get(name, 1);
    if (stored.values.size() != length) {
      broken("tensor " + name + " has " + std::to_string(stored.values.size()) + " entries where " +
             std::to_string(length) + " belong");
    }
    return stored.values;
  }

 private:
  const Tensor& get(const std::string& name, std::size_t dimensions) const {
    const auto found = content_.tensors.find(name);
    if (found == content_.tensors.end()) broken("it has no tensor " + name);
    if (found->second.shape.size() != dimensions) {
      broken("tensor " + name + " has " + std::to_string(found->second.shape.size()) +
             " dimensions, not " + std::to_string(dimensions));
    }
    return found->second;
  }

  std::string path_;
  Safetensors content_;
};

void require_format(const Content& content) {
  if (content.facts().count(kFormatKey) == 0) {
    content.broken("it is some other safetensors file");
  }
  long long format = 0;
  try {
    format = parse_integer(content.fact(kFormatKey), kFormatKey, 1,
                           std::numeric_limits<long long>::max());
  } catch (const UsageError& error) {
    content.broken(error.what());
  }
  if (format > kFormat) {
    content.broken("it has format " + std::to_string(format) + " (written by esscher " +
                   content.fact("esscher_version") + "), and this esscher " + build_info().version +
                   " reads up to " + std::to_string(kFormat) + "; update esscher");
  }
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

FirstLayer read_first_layer(const Content& content) {
  FirstLayer first;
  first.weights = content.matrix("weights");
  const std::size_t m = first.weights.rows();
  if (m == 0 || first.weights.columns() == 0) content.broken("its first layer is empty");
  first.biases = content.vector("biases", m);
  try {
    first.activation = parse_activation(content.fact("activation"));
    first.dim = static_cast<std::uint64_t>(
        parse_integer(content.fact("dim"), "dim", 1, std::numeric_limits<long long>::max()));
  } catch (const UsageError& error) {
    content.broken(error.what());
  }
  if (first.weights.columns() > first.dim) content.broken("it has more coordinates than dim");
  const bool mixed = first.activation.kind == ActivationKind::mixture;
  if (mixed != content.holds("mixture")) content.broken("its mixture and activation disagree");
  if (mixed) {
    first.mixture = content.matrix("mixture");
    if (first.mixture.rows() != static_cast<std::size_t>(first.activation.order) ||
        first.mixture.columns() != m) {
      content.broken("its mixture has the wrong shape");
    }
  }
  return first;
}

}  // namespace

const RewardHead& find_head(const RewardModel& model, ReadoutWeights weights, double beta) {
  std::string held;
  const RewardHead* nearest = nullptr;
  double least = kSameTemperature;
  for (const RewardHead& head : model.heads) {
    const double distance =
        head.weight_temperature ? std::abs(*head.weight_temperature / beta - 1) : 0;
    if (head.weights == weights && distance <= least) {
      nearest = &head;
      least = distance;
    }
    if (!held.empty()) held += ", ";
    held += readout_weights_name(head.weights);
    if (head.weight_temperature) held += " at " + number_text(*head.weight_temperature, 6);
  }
  if (nearest != nullptr) return *nearest;
  throw UsageError(rejection(
      "--weights",
      std::string(readout_weights_name(weights)) + " at temperature " + number_text(beta),
      "the model has no such readout",
      held.empty() ? "it has none: its run was stopped before stage 2" : "it holds " + held));
}

void save_reward_model(const std::string& path, const RewardModel& model) {
  const std::size_t m = model.first.width();
  Matrix<double> readouts(model.heads.size(), m);
  std::vector<double> intercepts;
  std::vector<double> penalties;
  std::vector<double> temperatures;
  std::string kinds;
  for (std::size_t h = 0; h < model.heads.size(); ++h) {
    const RewardHead& head = model.heads[h];
    if (head.readout.size() != m) throw InternalError("a readout of another width");
    std::copy(head.readout.begin(), head.readout.end(), readouts.row(h).begin());
    intercepts.push_back(head.intercept);
    penalties.push_back(head.penalty);
    temperatures.push_back(
        head.weight_temperature.value_or(std::numeric_limits<double>::infinity()));
    if (h > 0) kinds += ",";
    kinds += readout_weights_name(head.weights);
  }
  Safetensors content;
  content.tensors["weights"] = tensor(model.first.weights);
  content.tensors["biases"] = tensor(model.first.biases);
  if (!model.first.mixture.empty()) content.tensors["mixture"] = tensor(model.first.mixture);
  content.tensors["readouts"] = tensor(readouts);
  content.tensors["intercepts"] = tensor(std::move(intercepts));
  content.tensors["penalties"] = tensor(std::move(penalties));
  content.tensors["weight_temperatures"] = tensor(std::move(temperatures));
  content.metadata = model.facts;
  content.metadata[kFormatKey] = std::to_string(kFormat);
  content.metadata["esscher_version"] = build_info().version;
  content.metadata["activation"] = model.first.activation.name();
  content.metadata["dim"] = std::to_string(model.first.dim);
  content.metadata["head_weights"] = kinds;
  write_safetensors(path, content);
}

RewardModel load_reward_model(const std::string& path) {
  const Content content(path);
  require_format(content);
  RewardModel model;
  model.first = read_first_layer(content);
  const std::size_t m = model.first.width();
  const Matrix<double> readouts = content.matrix("readouts");
  if (readouts.columns() != m) content.broken("its readouts have another width");
  const std::vector<double> intercepts = content.vector("intercepts", readouts.rows());
  const std::vector<double> penalties = content.vector("penalties", readouts.rows());
  const std::vector<double> temperatures = content.vector("weight_temperatures", readouts.rows());
  const std::vector<std::string> kinds = split_at_commas(content.fact("head_weights"));
  if (kinds.size() != readouts.rows()) content.broken("head_weights does not fit its readouts");
  for (std::size_t h = 0; h < kinds.size(); ++h) {
    RewardHead head;
    try {
      head.weights = parse_readout_weights(kinds[h], "head_weights");
    } catch (const UsageError& error) {
      content.broken(error.what());
    }
    if (std::isfinite(temperatures[h])) head.weight_temperature = temperatures[h];
    head.readout.assign(readouts.row(h).begin(), readouts.row(h).end());
    head.intercept = intercepts[h];
    head.penalty = penalties[h];
    model.heads.push_back(std::move(head));
  }
  model.facts = content.facts();
  for (const char* own : {kFormatKey, "esscher_version", "activation", "dim", "head_weights"}) {
    model.facts.erase(own);
  }
  return model;
}

}  // namespace esscher
