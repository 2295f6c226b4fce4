// The marginal engine on one core, in neuron-samples a second, against the arithmetic that it
// cannot do without, each part measured alone in the same run on data that lie in the first-level
// cache:
// - random: 4 single-precision normals (one block of Philox, two points of Box-Muller);
// - link: f(z), with one exponential;
// - label: T(y), with another: the vectorised WeightedLabel::apply(), which is more exact.
// The step itself comes on top: z, the sums and two roots, some 40 operations.
//
// The case is damped_hermite:3 with gaussian noise, relu, label_exp, and one sample a batch; then
// the same with other batches and dimensions, kinds of noise, an activation that is not relu, a
// formula as link, and the schedule reuse.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/features/feature_engine.h"
#include "model/link_kernel.h"
#include "ratios.h"

namespace {

using namespace esscher;

struct Case {
  std::string name;
  std::string link = "damped_hermite:3";
  std::string noise = "gaussian:0.1";
  std::string activation = "relu";
  std::uint64_t dim = 1'000'000;
  std::uint64_t batch = 1;
  Schedule schedule = Schedule::one_pass;
};

FeatureOptions options_of(const Case& c) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  FeatureOptions options{.model = {parse_link(c.link), parse_noise(c.noise)}};
  options.activation = parse_activation(c.activation);
  options.label = standardised_label(options.model, Weighting::label_exp, 1, -kInfinity, kInfinity);
  options.dim = c.dim;
  options.batch = c.batch;
  options.schedule = c.schedule;
  options.width = 64;
  options.step_size = default_step_size(0.3, c.batch, c.dim, 1);
  options.threads = 1;
  return options;
}

void engine(benchmark::State& state, const Case& c) {
  const FeatureOptions options = options_of(c);
  const auto engine = make_marginal_engine(options);
  // Short pieces: an iteration is over before the core is taken away.
  const std::uint64_t batches = std::max<std::uint64_t>(1024 / c.batch, 2);
  for (auto _ : state) engine->advance(batches);
  for (const double m : engine->overlaps()) {
    if (!(std::abs(m) <= 1)) state.SkipWithError("wrong result");
  }
  const std::uint64_t a_step = options.width * c.batch;
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * batches * a_step));
}

constexpr std::size_t kBlock = 1024;

void normals(benchmark::State& state) {
  const RandomStream stream(1, "bench");
  std::vector<float> out(4 * kBlock);
  std::uint64_t first = 0;
  for (auto _ : state) {
    stream.fill_normal(first, std::span<float>(out));
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
    first += out.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBlock));
}

void link(benchmark::State& state) {
  const internal::LinkKernel kernel(parse_link("damped_hermite:3"));
  std::vector<double> z(kBlock);
  std::vector<double> y(kBlock);
  RandomStream(1, "bench").fill_normal(0, std::span<double>(z));
  for (auto _ : state) {
    kernel.evaluate(z.data(), y.data(), kBlock);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBlock));
}

void label(benchmark::State& state) {
  const WeightedLabel label = options_of({}).label;
  std::vector<double> y(kBlock);
  std::vector<double> out(kBlock);
  RandomStream(1, "bench").fill_normal(0, std::span<double>(y));
  for (auto _ : state) {
    label.apply(y, out);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBlock));
}

const bool kRegistered = [] {
  const std::vector<Case> cases = {
      {.name = "B=1"},
      {.name = "B=64", .batch = 64},
      {.name = "d=1e3", .dim = 1'000},
      {.name = "d=1e8", .dim = 100'000'000},
      {.name = "d=20", .dim = 20},
      {.name = "uniform_noise", .noise = "uniform:0.1"},
      {.name = "tanh", .activation = "tanh"},
      {.name = "formula", .link = "tanh(z^3-3*z)"},
      {.name = "reuse", .schedule = Schedule::reuse},
  };
  for (const Case& c : cases) {
    benchmark::RegisterBenchmark(("marginal/" + c.name).c_str(),
                                 [c](benchmark::State& state) { engine(state, c); });
  }
  benchmark::RegisterBenchmark("marginal_part/normals", normals);
  benchmark::RegisterBenchmark("marginal_part/link", link);
  benchmark::RegisterBenchmark("marginal_part/label", label);
  bench::report_ratio(
      "of the rate of its parts alone (4 normals, link, label): marginal engine, B = 1",
      "marginal/B=1", {"marginal_part/normals", "marginal_part/link", "marginal_part/label"});
  bench::report_ratio("times B = 1 in d = 1e6: marginal engine, d = 1e8", "marginal/d=1e8",
                      {"marginal/B=1"});
  return true;
}();

}  // namespace
