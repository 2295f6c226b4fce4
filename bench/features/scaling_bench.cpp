// The claim at large size: how the median recovery time of a link of information exponent 3 grows
// with the dimension, with exponential weights (d = 1e3 to 1e6: slope 1 within 0.1) and without
// (d = 64 to 1024: slope 2 within 0.25). The counters tell the slope, its standard error and the
// share of neurons that recovered at the largest dimension; a slope outside its limits is an error.
// Items are neuron-samples.

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "../../tests/features/recovery_slope.h"

namespace {

using namespace esscher;

struct Claim {
  const char* name;
  Weighting weighting;
  std::vector<std::uint64_t> dims;
  double budget;  ///< samples at dimension d: budget d^slope
  double slope;
  double tolerance;
  std::size_t width;
};

void scaling(benchmark::State& state, const Claim& claim) {
  double items = 0;
  for (auto _ : state) {
    std::vector<recovery::Estimate> times;
    for (const std::uint64_t dim : claim.dims) {
      FeatureOptions options = recovery::cubic_options(claim.weighting, dim);
      options.width = claim.width;
      options.samples = static_cast<std::uint64_t>(claim.budget *
                                                   std::pow(static_cast<double>(dim), claim.slope));
      const FeatureSummary summary = learn_features(options).summary;
      times.push_back(recovery::log_median(summary.weak_times));
      items += static_cast<double>(summary.samples) * static_cast<double>(claim.width);
      state.counters["share"] = summary.weak.value;
    }
    const recovery::Estimate slope = recovery::slope(claim.dims, times);
    state.counters["slope"] = slope.value;
    state.counters["slope_error"] = slope.standard_error;
    if (!(std::abs(slope.value - claim.slope) <= claim.tolerance)) {
      state.SkipWithError("the slope is outside its limits");
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(items));
}

const bool kRegistered = [] {
  const std::vector<Claim> claims = {
      {"scaling/weighted", Weighting::label_exp, {1000, 10000, 100000, 1000000}, 40, 1, 0.1, 64},
      {"scaling/unweighted", Weighting::none, {64, 128, 256, 512, 1024}, 50, 2, 0.25, 128},
  };
  for (const Claim& claim : claims) {
    benchmark::RegisterBenchmark(claim.name,
                                 [claim](benchmark::State& state) { scaling(state, claim); })
        ->Iterations(1)
        ->Unit(benchmark::kSecond)
        ->UseRealTime();
  }
  return true;
}();

}  // namespace
