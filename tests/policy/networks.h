#pragma once

// Networks whose policies are known exactly.

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/model/network.h"

namespace esscher::networks {

/// A sum of neurons a phi(u + b) along one direction u, plus a constant.
struct Profile {
  Activation activation;
  std::vector<double> readout;
  std::vector<double> biases;
  double intercept = 0;
};

/// f as a sum of shifted erf of fixed width: f' = g * k with k(u) = 2 e^{-u^2} / sqrt(pi), and the
/// sum over a lattice of width 1/2 stands for the convolution. It errs by the factor by which k's
/// Fourier transform has fallen at 4 pi less the frequency at hand: below 1e-11 for those used
/// here. \p slope is g; the sum goes over |t| <= reach.
inline Profile erf_profile(const std::function<double(double)>& slope, double reach,
                           double at_zero) {
  constexpr double kStep = 0.5;
  Profile profile{{ActivationKind::erf}, {}, {}};
  double sum = 0;
  for (double t = -reach; t <= reach; t += kStep) {
    profile.readout.push_back(kStep * slope(t));
    profile.biases.push_back(-t);
    sum += kStep * slope(t) * std::erf(-t);
  }
  profile.intercept = at_zero - sum;
  return profile;
}

/// The learned rewards of tests/golden/tilted_policy.json as networks.
inline Profile golden_profile(const std::string& name) {
  using std::numbers::pi;
  if (name == "0.8*tanh(u)+0.1") return {{ActivationKind::tanh}, {0.8}, {0}, 0.1};
  if (name == "tanh(u)") return {{ActivationKind::tanh}, {1}, {0}, 0};
  if (name == "max(0, u-1)") return {{ActivationKind::relu}, {1}, {-1}, 0};
  if (name == "cos(2u)") {
    // k has the transform 2 e^{-w^2/4}: 2/e at frequency 2. Right for |u| < 12, where the policy
    // is.
    return erf_profile([](double t) { return -std::numbers::e * std::sin(2 * t); }, 16, 1);
  }
  if (name == "h_3(u sqrt(1.5)) exp(-u^2/4)") {
    // With G = e^{-u^2/4}: u G = -2 G', u^3 G = -8 G''' - 12 G'; G = (2/sqrt(pi)) e^{-u^2} folded
    // with sqrt(pi) n, n the normal density of variance 3/2.
    const auto slope = [](double t) {
      const double v = 1.5;
      const double n = std::exp(-t * t / (2 * v)) / std::sqrt(2 * pi * v);
      const double second = (t * t / (v * v) - 1 / v) * n;
      const double fourth =
          (t * t * t * t / (v * v * v * v) - 6 * t * t / (v * v * v) + 3 / (v * v)) * n;
      const double cubic = v * std::sqrt(v);
      return std::sqrt(pi / 6) * (cubic * (-8 * fourth - 12 * second) + 6 * std::sqrt(v) * second);
    };
    return erf_profile(slope, 14, 0);
  }
  throw std::invalid_argument("no network for " + name);
}

/// The profile along a direction of overlap m with theta*, every other neuron turned around where
/// the activation is odd, among \p idle neurons of other directions and no weight, in idle + 2
/// coordinates.
inline Network network(const Profile& profile, double overlap, std::size_t idle = 4) {
  const std::size_t active = profile.readout.size();
  const std::size_t k = idle + 2;
  Network result;
  result.first.dim = 1000;
  result.first.activation = profile.activation;
  result.first.weights = Matrix<double>(active + idle, k);
  const bool odd = profile.activation.kind != ActivationKind::relu;
  for (std::size_t j = 0; j < active; ++j) {
    const double sign = odd && j % 2 == 1 ? -1 : 1;
    result.first.weights(j, 0) = sign * overlap;
    result.first.weights(j, 1) = sign * std::sqrt((1 - overlap) * (1 + overlap));
    result.first.biases.push_back(sign * profile.biases[j]);
    result.readout.push_back(sign * profile.readout[j]);
  }
  const RandomStream stream(7, "idle");
  for (std::size_t j = 0; j < idle; ++j) {
    const std::span<double> w = result.first.weights.row(active + j);
    stream.fill_normal(j * k, w);
    double square = 0;
    for (const double v : w) square += v * v;
    for (double& v : w) v /= std::sqrt(square);
    result.first.biases.push_back(0.1);
    result.readout.push_back(0);
  }
  result.intercept = profile.intercept;
  return result;
}

/// r = <v, x>, v of any length: two relu neurons for each coordinate direction, u = relu(u) -
/// relu(-u), turned so that no neuron has the direction of v.
inline Network linear_network(std::span<const double> v) {
  const std::size_t k = v.size();
  Network result;
  result.first.dim = k;
  result.first.weights = Matrix<double>(2 * k, k);
  for (std::size_t j = 0; j < k; ++j) {
    result.first.weights(2 * j, j) = 1;
    result.first.weights(2 * j + 1, j) = -1;
    result.readout.push_back(v[j]);
    result.readout.push_back(-v[j]);
  }
  result.first.biases.assign(2 * k, 0.0);
  return result;
}

}  // namespace esscher::networks
