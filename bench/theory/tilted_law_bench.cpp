// One exact tilted law, against the usual way: the same moments by a dense fixed rule, as scripts
// do. The dense grid has 57344 nodes on [-14, 14], the rule of tests/golden; it is right only while
// the tilt stays inside, which ours checks. Both sides are checked against each other first.

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

#include "esscher/theory/analysis.h"
#include "esscher/theory/tilted_law.h"
#include "ratios.h"

namespace {

using esscher::Link;

constexpr double kBeta = 0.25;

/// J* by a composite midpoint rule, vectorised over a block as NumPy would.
double dense_optimal_value(const Link& link, double beta) {
  constexpr int kNodes = 57344;
  static const std::vector<double> nodes = [] {
    std::vector<double> z(kNodes);
    for (int i = 0; i < kNodes; ++i) z[static_cast<std::size_t>(i)] = -14 + 28 * (i + 0.5) / kNodes;
    return z;
  }();
  std::vector<double> values(nodes.size());
  link.evaluate(nodes, values);
  double mass = 0;
  double first = 0;
  double second = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const double weight = std::exp(values[i] / beta - nodes[i] * nodes[i] / 2);
    mass += weight;
    first += weight * values[i];
    second += weight * values[i] * values[i];
  }
  benchmark::DoNotOptimize(first);
  benchmark::DoNotOptimize(second);
  return beta * std::log(mass * 28 / kNodes / std::sqrt(2 * std::acos(-1.0)));
}

void exact(benchmark::State& state, const std::string& name) {
  const Link link = esscher::parse_link(name);
  if (std::abs(tilted_law(link, kBeta).optimal_value - dense_optimal_value(link, kBeta)) > 1e-6) {
    state.SkipWithError("wrong result");
    return;
  }
  while (state.KeepRunning()) benchmark::DoNotOptimize(tilted_law(link, kBeta).kl);
  state.SetItemsProcessed(state.iterations());
}

void dense(benchmark::State& state, const std::string& name) {
  const Link link = esscher::parse_link(name);
  while (state.KeepRunning()) benchmark::DoNotOptimize(dense_optimal_value(link, kBeta));
  state.SetItemsProcessed(state.iterations());
}

void whole_report(benchmark::State& state, const std::string& name) {
  const esscher::TheoryOptions options{{esscher::parse_link(name), {}}, {}, 12, {}, 1};
  while (state.KeepRunning()) benchmark::DoNotOptimize(analyse(options).rows.size());
  state.SetItemsProcessed(state.iterations());
}

const bool kRegistered = [] {
  for (const std::string name : {"tanh", "damped_hermite:3", "tanh(z^3-3*z)"}) {
    benchmark::RegisterBenchmark(("tilted_law/" + name).c_str(),
                                 [=](benchmark::State& state) { exact(state, name); });
    benchmark::RegisterBenchmark(("dense_grid/" + name).c_str(),
                                 [=](benchmark::State& state) { dense(state, name); });
    benchmark::RegisterBenchmark(("analyse/" + name).c_str(), [=](benchmark::State& state) {
      whole_report(state, name);
    })->Unit(benchmark::kMillisecond);
    esscher::bench::report_ratio("times a dense grid of 57344 nodes: tilted_law of " + name,
                                 "tilted_law/" + name, {"dense_grid/" + name});
  }
  return true;
}();

}  // namespace
