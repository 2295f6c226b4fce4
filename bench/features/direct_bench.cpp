// The direct engine end to end on one core (samples made, products, slopes, normalised rows) in
// flops of its two products, 4 d m a sample, beside what bounds it: oneDNN's sgemm on matrices of
// the same shape, measured in the same run. What is left between them is the making of samples
// (d normals each: measured as well), the slopes, and two passes over the rows a batch.

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>

#include "esscher/features/feature_engine.h"
#include "esscher/linalg/gemm.h"
#include "ratios.h"

namespace {

using namespace esscher;

struct Shape {
  std::uint64_t dim;
  std::size_t width;
  std::uint64_t batch;

  double flops_a_sample() const {
    return 4 * static_cast<double>(dim) * static_cast<double>(width);
  }
  std::string name(const char* what) const {
    return std::string(what) + "/d:" + std::to_string(dim) + "/m:" + std::to_string(width) +
           "/B:" + std::to_string(batch);
  }
};

constexpr Shape kShapes[] = {
    {1024, 512, 4096}, {1024, 512, 1024}, {1024, 512, 256}, {10000, 64, 1024}};

void report_flops(benchmark::State& state, const Shape& shape) {
  state.SetItemsProcessed(static_cast<std::int64_t>(static_cast<double>(state.iterations()) *
                                                    static_cast<double>(shape.batch) *
                                                    shape.flops_a_sample()));
}

void direct(benchmark::State& state, const Shape& shape) {
  FeatureOptions options{{parse_link("damped_hermite:3"), parse_noise("gaussian:0.3")}};
  options.dim = shape.dim;
  options.width = shape.width;
  options.batch = shape.batch;
  options.engine = Engine::direct;
  options.samples = std::uint64_t{1} << 62;
  options.step_size = default_step_size(0.3, shape.batch, shape.dim, 1);
  options.label = standardised_label(options.model, Weighting::label_exp, 1, options.label.clip_low,
                                     options.label.clip_high);
  options.threads = 1;
  const auto engine = make_direct_engine(options);
  engine->advance(2);
  for (auto _ : state) engine->advance(1);
  for (const double overlap : engine->overlaps()) {
    if (!(std::abs(overlap) <= 1)) state.SkipWithError("wrong result");
  }
  report_flops(state, shape);
}

/// As many flops in plain products of a block's shape.
void sgemm(benchmark::State& state, const Shape& shape) {
  const std::size_t block = 512;
  Matrix<float> x(block, shape.dim, 0.5F);
  const Matrix<float> rows(shape.width, shape.dim, 0.25F);
  Matrix<float> u(block, shape.width);
  for (auto _ : state) {
    for (std::uint64_t done = 0; done < shape.batch; done += block) {
      const std::size_t count = std::min<std::uint64_t>(block, shape.batch - done);
      for (int product = 0; product < 2; ++product) {
        gemm(Operand::plain, x.view().rows_from(0, count), Operand::transposed, rows.view(), 0,
             u.view().rows_from(0, count));
      }
    }
    benchmark::DoNotOptimize(u.data());
  }
  if (u(0, 0) != 0.125F * static_cast<float>(shape.dim)) state.SkipWithError("wrong result");
  report_flops(state, shape);
}

/// The samples alone, told in the flops that the engine would do on them.
void samples(benchmark::State& state, const Shape& shape) {
  const SingleIndexSamples source({parse_link("damped_hermite:3"), parse_noise("gaussian:0.3")},
                                  shape.dim, 1, "stage1");
  Matrix<float> x(64, shape.dim);
  std::vector<double> y(64);
  for (auto _ : state) {
    for (std::uint64_t first = 0; first < shape.batch; first += 64) {
      source.fill(first, x.view(), y);
      benchmark::DoNotOptimize(x.data());
    }
  }
  report_flops(state, shape);
}

const bool kRegistered = [] {
  for (const Shape& shape : kShapes) {
    const auto add = [&](const char* what, auto run) {
      benchmark::RegisterBenchmark(shape.name(what).c_str(),
                                   [=](benchmark::State& state) { run(state, shape); });
    };
    add("direct", direct);
    add("sgemm", sgemm);
    add("samples", samples);
    bench::report_ratio("of oneDNN's sgemm rate: " + shape.name("direct engine, "),
                        shape.name("direct"), {shape.name("sgemm")});
    bench::report_ratio("of sgemm and normals in turn: " + shape.name("direct engine, "),
                        shape.name("direct"), {shape.name("sgemm"), shape.name("samples")});
  }
  return true;
}();

}  // namespace
