#include "policy/one_direction.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include "esscher/theory/learned_policy.h"
#include "esscher/theory/tilted_law.h"
#include "policy/reward_growth.h"

namespace esscher::internal {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

/// Entries of a unit vector that went through a rotation or a normalisation differ by less.
constexpr double kSameDirection = 64 * std::numeric_limits<double>::epsilon();

/// +1 or -1 where v is w or -w, else 0.
int same_direction(std::span<const double> w, std::span<const double> v) {
  for (const int sign : {1, -1}) {
    const auto differs = [sign](double a, double b) {
      return std::abs(a - sign * b) > kSameDirection;
    };
    if (std::equal(w.begin(), w.end(), v.begin(), std::not_fn(differs))) return sign;
  }
  return 0;
}

/// A neuron of the reward with its sign: it sees sign * u.
struct Neuron {
  std::size_t index;
  int sign;
};

/// sum_j a_j phi_j(s_j u + b_j) over the neurons that count.
class NetworkOfOneDirection final : public LinkFunction {
 public:
  NetworkOfOneDirection(const FirstLayer& layer, std::span<const double> readout,
                        std::span<const Neuron> neurons)
      : activation_(layer.activation, biases_of(layer, neurons), mixture_of(layer, neurons)) {
    for (const Neuron& neuron : neurons) {
      signs_.push_back(neuron.sign);
      readout_.push_back(readout[neuron.index]);
    }
  }

  double value(double u) const override {
    double out = 0;
    values({&u, 1}, {&out, 1});
    return out;
  }

  void values(std::span<const double> u, std::span<double> out) const override {
    Matrix<double> block(u.size(), signs_.size());
    for (std::size_t i = 0; i < u.size(); ++i) {
      for (std::size_t j = 0; j < signs_.size(); ++j) block(i, j) = signs_[j] * u[i];
    }
    activation_.values(block.view());
    for (std::size_t i = 0; i < u.size(); ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < signs_.size(); ++j) sum += readout_[j] * block(i, j);
      constexpr double kLargest = std::numeric_limits<double>::max();
      out[i] = std::clamp(sum, -kLargest, kLargest);
    }
  }

 private:
  static std::vector<double> biases_of(const FirstLayer& layer, std::span<const Neuron> neurons) {
    std::vector<double> biases;
    for (const Neuron& neuron : neurons) biases.push_back(layer.biases[neuron.index]);
    return biases;
  }
  static Matrix<double> mixture_of(const FirstLayer& layer, std::span<const Neuron> neurons) {
    if (layer.mixture.empty()) return {};
    Matrix<double> mixture(layer.mixture.rows(), neurons.size());
    for (std::size_t k = 0; k < mixture.rows(); ++k) {
      for (std::size_t j = 0; j < neurons.size(); ++j) {
        mixture(k, j) = layer.mixture(k, neurons[j].index);
      }
    }
    return mixture;
  }

  LayerActivation activation_;
  std::vector<double> signs_;
  std::vector<double> readout_;
};

/// Alike on both sides: linear or flat, a parabola, or falling faster than that, which is all that
/// require_finite_tilt() lets pass.
TailGrowth network_growth(const FirstLayer& layer, std::span<const double> readout,
                          std::span<const Neuron> neurons) {
  TailGrowth growth;
  growth.bounded =
      layer.activation.kind == ActivationKind::tanh || layer.activation.kind == ActivationKind::erf;
  double quadratic = 0;
  bool falls_faster = false;
  if (layer.activation.order > 0) {
    for (const Neuron& neuron : neurons) {
      const LeadingTerm term = leading_term(layer, neuron.index, readout[neuron.index]);
      if (term.order == 2) quadratic += term.coefficient / std::numbers::sqrt2;
      falls_faster = falls_faster || term.order > 2;
    }
  }
  growth.upper_quadratic_rate = falls_faster ? -kInfinite : quadratic;
  growth.lower_quadratic_rate = growth.upper_quadratic_rate;
  return growth;
}

}  // namespace

std::optional<OneDirection> one_direction(const FirstLayer& layer,
                                          std::span<const double> readout) {
  std::vector<Neuron> neurons;
  for (std::size_t j = 0; j < layer.width(); ++j) {
    if (readout[j] == 0) continue;
    const std::size_t first = neurons.empty() ? j : neurons.front().index;
    const int sign = same_direction(layer.weights.row(first), layer.weights.row(j));
    if (sign == 0) return std::nullopt;
    neurons.push_back({j, sign});
  }
  if (neurons.empty()) neurons.push_back({0, 1});  // the reward is 0: any direction will do
  Link::Facts facts;
  facts.name = "learned";
  facts.formula = "the network's reward along its one direction";
  facts.growth.left = network_growth(layer, readout, neurons);
  facts.growth.right = facts.growth.left;
  if (layer.activation.kind == ActivationKind::relu) {
    for (const Neuron& neuron : neurons) {
      facts.breaks.push_back(-neuron.sign * layer.biases[neuron.index]);
    }
    std::sort(facts.breaks.begin(), facts.breaks.end());
    facts.breaks.erase(std::unique(facts.breaks.begin(), facts.breaks.end()), facts.breaks.end());
  }
  const double overlap = std::clamp(layer.weights(neurons.front().index, 0), -1.0, 1.0);
  return OneDirection{
      Link(std::move(facts), std::make_shared<NetworkOfOneDirection>(layer, readout, neurons)),
      overlap};
}

PolicyValue evaluate_one_direction(const OneDirection& network, double intercept,
                                   const Link& reward, double beta) {
  const LearnedPolicy policy =
      learned_policies(reward, network.learned, network.overlap, {&beta, 1}).front();
  PolicyValue value;
  value.beta = beta;
  value.method = PolicyMethod::quadrature;
  value.log_partition.value = tilted_law(network.learned, beta).log_partition + intercept / beta;
  value.kl.value = policy.kl;
  value.gold.value = policy.gold_value;
  value.proxy.value = policy.proxy_value + intercept;
  value.value.value = policy.value;
  value.gap.value = policy.value_gap;
  if (policy.efficiency) value.efficiency = Estimate{*policy.efficiency};
  value.optimal_value = policy.optimal_value;
  value.reference_value = policy.reference_value;
  return value;
}

}  // namespace esscher::internal
