// What a tilted policy on a table of a million rows costs, every gold reward known, against one
// exponential a row, which no tilt can do without; and best-of-n, against a sort. One thread.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "ratios.h"

namespace {

constexpr std::size_t kTableRows = 1000000;

std::vector<double> table_normals(const char* name) {
  std::vector<double> values(kTableRows);
  esscher::RandomStream(1, name).fill_normal(0, values);
  return values;
}

void value_policy(benchmark::State& state, bool influence) {
  const std::vector<double> r = table_normals("r");
  const std::vector<double> y = table_normals("y");
  esscher::TableReference reference;
  reference.rows = kTableRows;
  esscher::TablePolicyOptions options;
  options.bootstrap = 0;
  options.influence = influence;
  options.threads = 1;
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(table_policy_value(r, y, reference, options).gain.value);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTableRows));
}

void value_best(benchmark::State& state) {
  const std::vector<double> r = table_normals("r");
  const std::vector<double> y = table_normals("y");
  esscher::TableReference reference;
  reference.rows = kTableRows;
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(best_of_n_value(r, y, reference, {.n = 8}).gain.value);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTableRows));
}

void exponentials(benchmark::State& state) {
  const std::vector<double> r = table_normals("r");
  const std::vector<double> y = table_normals("y");
  while (state.KeepRunning()) {
    double total = 0;
    double value = 0;
    for (std::size_t i = 0; i < kTableRows; ++i) {
      const double weight = std::exp(r[i]);
      total += weight;
      value += weight * y[i];
    }
    benchmark::DoNotOptimize(value / total);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTableRows));
}

void sorts(benchmark::State& state) {
  const std::vector<double> r = table_normals("r");
  while (state.KeepRunning()) {
    std::vector<double> sorted = r;
    std::ranges::sort(sorted);
    benchmark::DoNotOptimize(sorted.front());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kTableRows));
}

const bool kTableRegistered = [] {
  constexpr benchmark::TimeUnit kUnit = benchmark::kMillisecond;
  benchmark::RegisterBenchmark("table_policy/exponentials", exponentials)->Unit(kUnit);
  benchmark::RegisterBenchmark("table_policy/sort", sorts)->Unit(kUnit);
  for (const bool influence : {false, true}) {
    const std::string name = influence ? "table_policy/influence" : "table_policy/value";
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
      value_policy(state, influence);
    })->Unit(kUnit);
    esscher::bench::report_ratio("of the rate of one exponential a row: table_policy_value" +
                                     std::string(influence ? ", with influences" : ""),
                                 name, {"table_policy/exponentials"});
  }
  benchmark::RegisterBenchmark("table_policy/best_of_n", value_best)->Unit(kUnit);
  esscher::bench::report_ratio("of the rate of a sort: best_of_n_value", "table_policy/best_of_n",
                               {"table_policy/sort"});
  return true;
}();

}  // namespace
