/// How often noise is given a safe temperature. Prints Markdown:
///     false_admissions [RUNS]
/// Each run is a table of 120 designs of 4 columns whose rewards are noise, copied or measured so
/// many times, with and without groups: the share of runs (default 100) in which a policy is
/// recommended, and how many lower ends that hold at once with 97.5 % allow; as a control rewards
/// that half turn on a column.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/io/feature_rows.h"
#include "esscher/pipeline/table_evaluation.h"

namespace esscher {
namespace {

constexpr std::size_t kDesigns = 120;
constexpr std::size_t kColumns = 4;
constexpr std::size_t kGroup = 6;

struct Case {
  std::size_t copies = 1;
  /// Of rewards within a design, in standard deviations of the designs' own; 0: plain copies.
  double within = 0;
  bool grouped = false;
  /// Of the first column in the designs' rewards: 0 but for the control, which is admitted.
  double slope = 0;
};

bool admits(const Case& the_case, std::uint64_t seed) {
  Matrix<double> own(kDesigns, kColumns);
  RandomStream(seed, "bench/x").fill_normal(0, own.values());
  std::vector<double> level(kDesigns);
  RandomStream(seed, "bench/level").fill_normal(0, level);
  const std::size_t n = kDesigns * the_case.copies;
  std::vector<double> rewards(n);
  RandomStream(seed, "bench/noise").fill_normal(0, rewards);
  std::vector<std::uint32_t> groups;
  Matrix<double> x(n, kColumns);
  for (std::size_t i = 0; i < n; ++i) {
    // Copies stand one table behind the other.
    const std::size_t design = i % kDesigns;
    for (std::size_t j = 0; j < kColumns; ++j) x(i, j) = own(design, j);
    rewards[i] = level[design] + the_case.slope * own(design, 0) + the_case.within * rewards[i];
    if (the_case.grouped) groups.push_back(static_cast<std::uint32_t>(design / kGroup));
  }
  const HeldFeatures features(std::move(x));
  EvaluationOptions options;
  options.training.deployment_temperatures = automatic_temperatures();
  options.training.most_rounds = 1;
  options.training.folds = 2;
  options.training.threads = 1;
  options.training.seed = seed;
  return evaluate_table({.features = features, .rewards = rewards, .groups = groups}, options)
      .recommended.has_value();
}

/// The most admissions of so many runs that occur by chance with a probability above 2 %, at 2.5 %
/// each.
int allowed(int runs) {
  double probability = 1;
  for (int i = 0; i < runs; ++i) probability *= 0.975;
  double tail = 1 - probability;
  int count = 0;
  while (tail > 0.02) {
    ++count;
    probability *= 0.025 / 0.975 * (runs - count + 1) / count;
    tail -= probability;
  }
  return count;
}

void print(const Case& the_case, int runs) {
  std::vector<char> marks(static_cast<std::size_t>(runs));
  parallel_for_chunks(ChunkGrid(marks.size(), 1), {}, [&](const Chunk& chunk) {
    marks[chunk.begin] = admits(the_case, chunk.begin + 1) ? 1 : 0;
  });
  const auto admitted = static_cast<int>(std::ranges::count(marks, 1));
  std::printf("| %zu | %g | %s | %g | %d | %s |\n", the_case.copies, the_case.within,
              the_case.grouped ? "of 6" : "none", the_case.slope, admitted,
              the_case.slope > 0 ? "-" : std::to_string(allowed(runs)).c_str());
  std::fflush(stdout);
}

void print(int runs) {
  std::printf(
      "| rows a design | noise within | groups | slope | admitted of %d | allowed "
      "|\n|---|---|---|---|---|---|\n",
      runs);
  for (const bool grouped : {false, true}) {
    for (const double within : {0.0, 0.1, 1.0}) {
      for (const std::size_t copies :
           {std::size_t{1}, std::size_t{2}, std::size_t{4}, std::size_t{10}}) {
        if (copies > 1 || within == 0) print({copies, within, grouped}, runs);
      }
    }
    print({2, 0.1, grouped, 1}, runs);
  }
}

}  // namespace
}  // namespace esscher

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 100;
  if (runs < 1) {
    std::fprintf(stderr, "false_admissions [RUNS]: a number of runs\n");
    return 64;
  }
  esscher::print(runs);
}
