// What an audit of 50 temperatures and 5 rewards over a million reference rows costs, against two
// passes over the same columns: one that only reads a reward and a prediction, which memory limits,
// and one that takes one exponential a row, which no tilt can do without. Gold rewards are known in
// one row of a hundred. Items are rows of policies; best-of-n, which the audit values too, counts
// as none.

#include <benchmark/benchmark.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/pipeline/table_audit.h"
#include "ratios.h"

namespace {

constexpr std::size_t kRows = 1000000;
constexpr std::size_t kKnownEvery = 100;
constexpr std::size_t kTemperatures = 50;
constexpr std::size_t kRewards = 5;

std::vector<double> normals(const char* name, std::uint64_t index = 0) {
  std::vector<double> values(kRows);
  esscher::RandomStream(1, name, index).fill_normal(0, values);
  return values;
}

esscher::AuditTable audited() {
  const std::vector<double> z = normals("z");
  const std::vector<double> noise = normals("gold");
  esscher::AuditTable table;
  for (std::size_t k = 0; k < kRewards; ++k) {
    table.proxies.push_back({"proxy " + std::to_string(k), normals("proxy", k)});
    for (std::size_t i = 0; i < kRows; ++i) {
      table.proxies[k].values[i] = z[i] + 0.5 * table.proxies[k].values[i];
    }
  }
  table.gold.assign(kRows, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < kRows; i += kKnownEvery) table.gold[i] = z[i] + 0.5 * noise[i];
  return table;
}

void audit(benchmark::State& state, int threads, bool choices) {
  const esscher::AuditTable table = audited();
  esscher::AuditOptions options;
  for (std::size_t b = 0; b < kTemperatures; ++b) {
    options.temperatures.push_back(4 * std::pow(2, -0.1 * static_cast<double>(b)));
  }
  options.mean_of_proxies = false;
  options.threads = threads;
  if (!choices) options.best_of = {2};
  while (state.KeepRunning()) {
    const esscher::TableAudit result = audit_table(table, options);
    if (!result.recommended) state.SkipWithError("no proxy is recommended");
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(kRows * kTemperatures * kRewards));
}

void read(benchmark::State& state) {
  const std::vector<double> r = normals("r");
  const std::vector<double> y = normals("y");
  while (state.KeepRunning()) {
    // Four sums, so that additions do not wait for one another.
    double sums[4]{};
    for (std::size_t i = 0; i < kRows; i += 4) {
      for (std::size_t k = 0; k < 4; ++k) sums[k] += r[i + k] + y[i + k];
    }
    benchmark::DoNotOptimize(sums[0] + sums[1] + sums[2] + sums[3]);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kRows * 16));
}

void tilt(benchmark::State& state) {
  const std::vector<double> r = normals("r");
  const std::vector<double> y = normals("y");
  while (state.KeepRunning()) {
    double total = 0;
    double value = 0;
    for (std::size_t i = 0; i < kRows; ++i) {
      const double weight = std::exp(r[i]);
      total += weight;
      value += weight * y[i];
    }
    benchmark::DoNotOptimize(value / total);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
}

const bool kRegistered = [] {
  benchmark::RegisterBenchmark("audit/read", read)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("audit/tilt", tilt)->Unit(benchmark::kMillisecond);
  for (const bool choices : {false, true}) {
    for (const int threads : {1, 0}) {
      const std::string name = std::string("audit/") + (choices ? "with_choices/" : "policies/") +
                               (threads == 1 ? "one_thread" : "all_threads");
      auto* registered =
          benchmark::RegisterBenchmark(
              name.c_str(), [=](benchmark::State& state) { audit(state, threads, choices); })
              ->Unit(benchmark::kSecond)
              ->Iterations(1);
      // Of one thread the processor's time counts, as in the passes that it is held against.
      if (threads != 1) registered->UseRealTime();
    }
  }
  esscher::bench::report_ratio("of the rate of one exponential a row: audit_table, one thread",
                               "audit/policies/one_thread/iterations:1", {"audit/tilt"});
  esscher::bench::report_ratio("of memory's rate: audit_table, one thread",
                               "audit/policies/one_thread/iterations:1", {"audit/read"});
  return true;
}();

}  // namespace
