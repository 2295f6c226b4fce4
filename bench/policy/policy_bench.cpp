// What a table of readouts costs, against the matrix products in it, which set the limit on one
// core; and what one slice move of one particle costs, against the product and the normals in it.
// Width 256 in 257 coordinates, as the engines that never make x leave a layer: triangular, so that
// the products do five eighths of the work of full ones.

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "esscher/linalg/gemm.h"
#include "esscher/policy/policy_value.h"
#include "policy/layer_features.h"
#include "policy/tempering.h"
#include "ratios.h"

namespace {

using esscher::FirstLayer;
using esscher::Matrix;
using esscher::Operand;
using esscher::RandomStream;
using esscher::internal::LayerFeatures;
using esscher::internal::Particles;

constexpr std::size_t kWidth = 256;
constexpr std::size_t kCases = 36;
constexpr std::uint64_t kDraws = 1 << 16;

FirstLayer layer(esscher::ActivationKind activation) {
  FirstLayer result;
  result.dim = 1000000;
  result.activation = {activation};
  result.weights = Matrix<double>(kWidth, kWidth + 1);
  const RandomStream stream(1, "bench");
  for (std::size_t j = 0; j < kWidth; ++j) {
    const double m = j % 3 == 0 ? 0.95 : 0.05;
    const std::span<double> direction = result.weights.row(j).subspan(1, j + 1);
    stream.fill_normal(j * kWidth, direction);
    double square = 0;
    for (const double v : direction) square += v * v;
    for (double& v : direction) v *= std::sqrt((1 - m * m) / square);
    result.weights(j, 0) = m;
    result.biases.push_back(-2 + 4 * static_cast<double>(j) / kWidth);
  }
  return result;
}

std::vector<double> readout(std::uint64_t index) {
  std::vector<double> a(kWidth);
  RandomStream(1, "readout", index).fill_normal(0, a);
  for (double& value : a) value *= 0.03;
  return a;
}

void evaluate(benchmark::State& state, esscher::ActivationKind activation) {
  const FirstLayer first = layer(activation);
  const esscher::Link reward = esscher::parse_link("damped_hermite:3");
  std::vector<std::vector<double>> readouts;
  for (std::size_t c = 0; c < kCases; ++c) readouts.push_back(readout(c));
  std::vector<esscher::PolicyCase> cases;
  for (std::size_t c = 0; c < kCases; ++c) {
    cases.push_back({readouts[c], 0, std::pow(2, static_cast<double>(c % 9) / 2 - 1)});
  }
  esscher::PolicyOptions options;
  options.method = esscher::PolicyMethod::importance_sampling;
  options.samples = kDraws;
  options.threads = 1;
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(evaluate_policies(first, cases, reward, options).front().gap.value);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kDraws * kCases));
}

/// The products alone, a chunk of 256 draws.
void products(benchmark::State& state) {
  const LayerFeatures features(layer(esscher::ActivationKind::relu));
  Matrix<double> x(256, features.coordinates(), 0.5);
  Matrix<double> u(256, kWidth);
  const Matrix<double> readouts(kCases, kWidth, 0.1);
  Matrix<double> rewards(kCases, 256);
  while (state.KeepRunning()) {
    features.pre_activations(x.view(), u.view());
    gemm(Operand::plain, readouts.view(), Operand::transposed, u.view(), 0, rewards.view());
    benchmark::DoNotOptimize(rewards.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(256 * kCases));
}

constexpr std::uint64_t kParticles = 512;

void moves(benchmark::State& state, esscher::ActivationKind activation) {
  const LayerFeatures features(layer(activation));
  const std::vector<double> a = readout(0);
  Particles particles(features, a, kParticles, Particles::Keep::hidden, 1, 0, 1);
  const double beta = 0.25;
  particles.find_path(beta, 4);
  while (state.KeepRunning()) particles.move(1 / beta);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kParticles));
}

void ellipses(benchmark::State& state) {
  const LayerFeatures features(layer(esscher::ActivationKind::relu));
  const RandomStream stream(1, "ellipses");
  Matrix<double> x(64, features.coordinates());
  Matrix<double> u(64, kWidth);
  std::uint64_t first = 0;
  while (state.KeepRunning()) {
    stream.fill_normal(first, x.values());
    first += x.values().size();
    features.pre_activations(x.view(), u.view());
    benchmark::DoNotOptimize(u.data());
  }
  state.SetItemsProcessed(state.iterations() * 64);
}

const bool kRegistered = [] {
  benchmark::RegisterBenchmark("draw_cases/products", products);
  benchmark::RegisterBenchmark("particle_moves/ellipses", ellipses);
  for (const auto activation : {esscher::ActivationKind::relu, esscher::ActivationKind::tanh}) {
    const std::string name = esscher::Activation{activation}.name();
    benchmark::RegisterBenchmark(("draw_cases/" + name).c_str(), [=](benchmark::State& state) {
      evaluate(state, activation);
    })->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("particle_moves/" + name).c_str(), [=](benchmark::State& state) {
      moves(state, activation);
    })->Unit(benchmark::kMicrosecond);
    esscher::bench::report_ratio("of the products' rate: evaluate_policies, " + name,
                                 "draw_cases/" + name, {"draw_cases/products"});
    esscher::bench::report_ratio("of the rate of fresh ellipses: slice moves, " + name,
                                 "particle_moves/" + name, {"particle_moves/ellipses"});
  }
  return true;
}();

}  // namespace
