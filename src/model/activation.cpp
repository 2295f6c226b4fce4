#include "esscher/model/activation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/random.h"
#include "esscher/gaussian/expansion.h"
#include "model/activation_kernel.h"

namespace esscher {
namespace {

using internal::kMostActivationOrder;

constexpr std::array<std::pair<ActivationKind, const char*>, 6> kActivationKinds = {{
    {ActivationKind::relu, "relu"},
    {ActivationKind::tanh, "tanh"},
    {ActivationKind::erf, "erf"},
    {ActivationKind::softplus, "softplus"},
    {ActivationKind::hermite, "hermite"},
    {ActivationKind::mixture, "mixture"},
}};

bool has_order(ActivationKind kind) {
  return kind == ActivationKind::hermite || kind == ActivationKind::mixture;
}

/// Column j of a padded table is that of the matrix; the rest is 0.
template <class T>
Matrix<T> padded_table(const Matrix<double>& table) {
  Matrix<T> result(table.rows(), internal::padded(table.columns()));
  for (std::size_t k = 0; k < table.rows(); ++k) {
    std::ranges::transform(table.row(k), result.row(k).begin(),
                           [](double c) { return static_cast<T>(c); });
  }
  return result;
}

template <class T>
std::vector<T> padded_biases(std::span<const double> biases) {
  std::vector<T> result;
  result.reserve(internal::padded(biases.size()));
  for (const double b : biases) result.push_back(static_cast<T>(b));
  result.resize(internal::padded(biases.size()));
  return result;
}

}  // namespace

namespace internal {

template <class T>
ActivationTables<T>::ActivationTables(const Activation& activation, const T* mixture_coefficients,
                                      std::size_t mixture_stride)
    : kind(activation.kind),
      order(activation.order),
      mixture(mixture_coefficients),
      stride(mixture_stride),
      rise{},
      fall{},
      root{} {
  if (!has_order(kind)) return;
  for (int k = 0; k < order; ++k) {
    rise[k] = static_cast<T>(std::sqrt(1.0 / (k + 1)));
    fall[k] = static_cast<T>(std::sqrt(static_cast<double>(k) / (k + 1)));
    root[k + 1] = static_cast<T>(std::sqrt(k + 1.0));
  }
}

template struct ActivationTables<float>;
template struct ActivationTables<double>;

}  // namespace internal

std::string Activation::name() const {
  for (const auto& [known, text] : kActivationKinds) {
    if (known != kind) continue;
    return has_order(kind) ? std::string(text) + ":" + std::to_string(order) : std::string(text);
  }
  throw InternalError("an activation without a name");
}

Activation parse_activation(std::string_view text, std::string_view field) {
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const std::string forms = "write relu, tanh, erf, softplus, hermite:K or mixture:K";
  for (const auto& [kind, name] : kActivationKinds) {
    if (word != name) continue;
    if (!has_order(kind)) {
      if (colon != std::string_view::npos) {
        throw UsageError(rejection(field, text, std::string(name) + " takes no order",
                                   "write " + std::string(name)));
      }
      return {kind, 0};
    }
    if (colon == std::string_view::npos) {
      throw UsageError(rejection(field, text, "needs its order, from 1 to 16",
                                 "for example " + std::string(name) + ":3"));
    }
    const long long order = parse_integer(text.substr(colon + 1), field, 1, kMostActivationOrder);
    return {kind, static_cast<int>(order)};
  }
  std::vector<std::string> names;
  for (const auto& [kind, name] : kActivationKinds) names.emplace_back(name);
  const std::string nearest = nearest_name(word, names);
  const std::string guess = nearest.empty() ? "" : "did you mean " + nearest + "? ";
  throw UsageError(rejection(field, text, "no activation has this name", guess + forms));
}

Matrix<double> mixture_coefficients(const Activation& activation, std::size_t width,
                                    std::uint64_t seed) {
  if (activation.kind != ActivationKind::mixture) return {};
  const auto order = static_cast<std::size_t>(activation.order);
  Matrix<double> mixture(order, width);
  const RandomStream stream(seed, "activation/mixture");
  std::vector<double> column(order);
  for (std::size_t j = 0; j < width; ++j) {
    // A neuron's own index: a wider layer begins with the neurons of a narrower one.
    stream.at(j).fill_normal(0, column);
    double square = 0;
    for (const double c : column) square += c * c;
    // Not 0: no normal of a stream is.
    for (std::size_t k = 0; k < order; ++k) mixture(k, j) = column[k] / std::sqrt(square);
  }
  return mixture;
}

LayerActivation::LayerActivation(const Activation& activation, std::span<const double> biases,
                                 const Matrix<double>& mixture)
    : activation_(activation),
      width_(biases.size()),
      biases_(padded_biases<double>(biases)),
      biases_f32_(padded_biases<float>(biases)),
      mixture_(padded_table<double>(mixture)),
      mixture_f32_(padded_table<float>(mixture)) {
  if (has_order(activation.kind) &&
      (activation.order < 1 || activation.order > kMostActivationOrder)) {
    throw InternalError("LayerActivation: the order must be from 1 to 16");
  }
  const bool is_mixture = activation.kind == ActivationKind::mixture;
  const std::size_t rows = is_mixture ? static_cast<std::size_t>(activation.order) : 0;
  if (mixture.rows() != rows || mixture.columns() != (is_mixture ? width_ : 0)) {
    throw InternalError("LayerActivation: the mixture's shape does not fit");
  }
}

void LayerActivation::values(MatrixView<double> block) const {
  require_width(block.columns);
  internal::activation_values({activation_, mixture_.data(), mixture_.columns()}, biases_.data(),
                              block);
}

void LayerActivation::values(MatrixView<float> block) const {
  require_width(block.columns);
  internal::activation_values({activation_, mixture_f32_.data(), mixture_f32_.columns()},
                              biases_f32_.data(), block);
}

void LayerActivation::slopes(MatrixView<double> block) const {
  require_width(block.columns);
  internal::activation_slopes({activation_, mixture_.data(), mixture_.columns()}, biases_.data(),
                              block);
}

void LayerActivation::slopes(MatrixView<float> block) const {
  require_width(block.columns);
  internal::activation_slopes({activation_, mixture_f32_.data(), mixture_f32_.columns()},
                              biases_f32_.data(), block);
}

void LayerActivation::require_width(std::size_t columns) const {
  if (columns != width_) throw InternalError("LayerActivation: a block of another width");
}

std::vector<double> activation_expansion(const Activation& activation, double bias,
                                         std::span<const double> mixture, int max_order) {
  Matrix<double> column(mixture.size(), mixture.empty() ? 0 : 1);
  std::copy(mixture.begin(), mixture.end(), column.data());
  const LayerActivation neuron(activation, {&bias, 1}, column);
  const auto phi = [&neuron](double z) {
    neuron.values(MatrixView<double>{&z, 1, 1, 1});
    return z;
  };
  const double kink = -bias;
  const std::span<const double> breaks(&kink, activation.kind == ActivationKind::relu ? 1 : 0);
  return hermite_expansion(phi, breaks, max_order).coefficients;
}

}  // namespace esscher
