// The order_parameter engine at width 64 on one core, in samples a second:
// - flat in d: at 1e3, 1e6 and 1e12, whose ratio should be 1;
// - against the direct engine at d = 1e4 with the same batch, in the same run;
// - against its arithmetic, the products and factors that a batch takes, at the rate of our own
//   double-precision product of the same shape, measured in the same run. With groups of r = m = 64
//   samples these are 2 m K (projections), r (K + r) (Gram matrix of the samples), 2 m (K + r)
//   (rows), m^2 (K + r) / r (Gram matrix of the rows) and m^3 / 3r flops a sample, K = m + 1; with
//   a batch that is one group, the samples' Gram matrix is not needed; with a batch B > m, 4 m K +
//   m^2 + (2 m^3 + m^2 (K + m) + 2 m^3 / 3) / B.

#include <benchmark/benchmark.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "esscher/features/feature_engine.h"
#include "esscher/linalg/gemm.h"
#include "ratios.h"

namespace {

using esscher::Engine;
using esscher::FeatureOptions;
using esscher::Operand;

constexpr std::size_t kWidth = 64;

FeatureOptions options_of(Engine engine, std::uint64_t dim, std::uint64_t batch) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  FeatureOptions options{
      .model = {esscher::parse_link("damped_hermite:3"), esscher::parse_noise("gaussian:0.3")},
      .dim = dim,
      .width = kWidth};
  options.label = esscher::standardised_label(options.model, esscher::Weighting::label_exp, 1,
                                              -kInfinity, kInfinity);
  options.engine = engine;
  options.batch = batch;
  options.step_size = esscher::default_step_size(0.3, batch, dim, 1);
  options.samples = std::uint64_t{1} << 62;
  options.threads = 1;
  return options;
}

void run_engine(benchmark::State& state, Engine engine, std::uint64_t dim, std::uint64_t batch) {
  const FeatureOptions options = options_of(engine, dim, batch);
  const std::unique_ptr<esscher::FeatureEngine> learner =
      engine == Engine::direct ? esscher::make_direct_engine(options)
                               : esscher::make_order_parameter_engine(options);
  const std::uint64_t steps = std::max<std::uint64_t>(1, 1024 / batch);
  for (auto _ : state) learner->advance(steps);
  for (const double overlap : learner->overlaps()) {
    if (!(std::abs(overlap) <= 1 + 1e-12)) state.SkipWithError("wrong result");
  }
  const auto samples = static_cast<double>(state.iterations()) * static_cast<double>(steps * batch);
  state.SetItemsProcessed(static_cast<std::int64_t>(samples));
  state.counters["ns_sample"] =
      benchmark::Counter(samples * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

double flops_a_sample(double batch) {
  const double m = kWidth;
  const double k = m + 1;
  const double r = m;
  if (batch > m)
    return 4 * m * k + m * m + (2 * m * m * m + m * m * (k + m) + m * m * m / 1.5) / batch;
  const double group = 2 * m * k + 2 * m * (k + r) + m * m * (k + r) / r + m * m * m / 3 / r;
  return batch == m ? group : group + r * (k + r);
}

/// Samples a second that products alone would allow.
void run_limit(benchmark::State& state, std::uint64_t batch) {
  const std::size_t n = std::max<std::size_t>(kWidth, std::min<std::size_t>(batch, 128));
  const esscher::Matrix<double> a(n, kWidth + 1, 0.5);
  const esscher::Matrix<double> b(kWidth, kWidth + 1, 0.25);
  esscher::Matrix<double> c(n, kWidth);
  for (auto _ : state) {
    esscher::gemm(Operand::plain, a.view(), Operand::transposed, b.view(), 0, c.view());
    benchmark::DoNotOptimize(c.data());
  }
  const double flops = 2.0 * static_cast<double>(n) * kWidth * (kWidth + 1);
  const double samples =
      static_cast<double>(state.iterations()) * flops / flops_a_sample(static_cast<double>(batch));
  state.SetItemsProcessed(static_cast<std::int64_t>(samples));
  state.counters["GFLOPS"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * flops * 1e-9, benchmark::Counter::kIsRate);
}

const bool kRegistered = [] {
  const auto batch_name = [](std::uint64_t batch) { return "/B=" + std::to_string(batch); };
  const auto name = [&](const char* dim, std::uint64_t batch) {
    return std::string("order_parameter/d=") + dim + batch_name(batch);
  };
  const auto add = [&](const char* text, std::uint64_t dim, std::uint64_t batch) {
    benchmark::RegisterBenchmark(name(text, batch).c_str(), [=](benchmark::State& state) {
      run_engine(state, Engine::order_parameter, dim, batch);
    });
  };
  for (const std::uint64_t batch : {1, 64, 256, 1024}) {
    add("1e3", 1'000, batch);
    add("1e4", 10'000, batch);
    add("1e6", 1'000'000, batch);
    add("1e12", 1'000'000'000'000, batch);
    benchmark::RegisterBenchmark(
        ("direct/d=1e4" + batch_name(batch)).c_str(),
        [=](benchmark::State& state) { run_engine(state, Engine::direct, 10'000, batch); });
    benchmark::RegisterBenchmark(("products" + batch_name(batch)).c_str(),
                                 [=](benchmark::State& state) { run_limit(state, batch); });
    const std::string words = ", order_parameter, width 64, B = " + std::to_string(batch);
    using esscher::bench::report_ratio;
    report_ratio("of the rate at d = 1e3: d = 1e12 (goal 0.9 to 1.1)" + words, name("1e12", batch),
                 {name("1e3", batch)});
    report_ratio("times the direct engine at d = 1e4 (goal 20)" + words, name("1e4", batch),
                 {"direct/d=1e4" + batch_name(batch)});
    report_ratio("of its products' bound" + words, name("1e6", batch),
                 {"products" + batch_name(batch)});
  }
  return true;
}();

}  // namespace
