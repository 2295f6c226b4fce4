#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "esscher/base/build_info.h"
#include "ratios.h"

namespace esscher::bench {
namespace {

struct Ratio {
  std::string words;
  std::string name;
  std::vector<std::string> against;
};

std::vector<Ratio>& ratios() {
  static std::vector<Ratio> all;
  return all;
}

/// Prints as Google Benchmark does, and keeps the best rate of each benchmark: other programs can
/// only slow a repetition down.
class RateKeeper : public benchmark::ConsoleReporter {
 public:
  RateKeeper() : ConsoleReporter(isatty(1) != 0 ? OO_Color : OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const auto rate = run.counters.find("items_per_second");
      if (run.error_occurred) failed_ = true;
      if (run.run_type != Run::RT_Iteration || rate == run.counters.end()) continue;
      double& best = rates_[run.run_name.str()];
      best = std::max(best, rate->second.value);
    }
    ConsoleReporter::ReportRuns(runs);
  }

  bool failed() const { return failed_; }

  void print_ratios() const {
    for (const Ratio& ratio : ratios()) {
      const auto found = rates_.find(ratio.name);
      double allowed = 0;
      bool complete = found != rates_.end();
      for (const std::string& name : ratio.against) {
        const auto other = rates_.find(name);
        complete = complete && other != rates_.end();
        if (complete) allowed += 1 / other->second;
      }
      if (complete) std::printf("%7.2f  %s\n", found->second * allowed, ratio.words.c_str());
    }
  }

 private:
  std::map<std::string, double> rates_;
  bool failed_ = false;
};

}  // namespace

void report_ratio(const std::string& words, const std::string& name,
                  const std::vector<std::string>& against) {
  ratios().push_back({words, name, against});
}

}  // namespace esscher::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  std::printf("%s\n", esscher::build_line().c_str());
  esscher::bench::RateKeeper reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print_ratios();
  return reporter.failed() ? 70 : 0;
}
