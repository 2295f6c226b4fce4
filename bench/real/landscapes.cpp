/// Enumerated landscapes: rewards are learned from a small part of the variants, and the policies
/// that they tilt are valued exactly over all of them. Prints Markdown:
///     real_landscapes [SEEDS [NAME]] > docs/landscapes.md
/// The data lie in the folder that ESSCHER_SHARED names (default ../shared), under data/.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "esscher/data/dataset.h"
#include "esscher/data/designs.h"
#include "esscher/data/folds.h"
#include "esscher/pipeline/table_evaluation.h"
#include "real_data.h"

namespace esscher {
namespace {

struct Landscape {
  const char* name;
  const char* file;
  const char* reward;
  bool logarithm;  ///< log(y + 0.01): gb1's rewards span three decades
};

constexpr Landscape kLandscapes[] = {
    {"eqfp611", "eqfp611/data.csv", "y", false},
    {"pard3 ParE3", "pard3/data.csv", "y_ParE3", false},
    {"pard3 ParE2", "pard3/data.csv", "y_ParE2", false},
    {"omicron ACE2", "omicron_rbd/data.csv", "y_ACE2", false},
    {"omicron CB6", "omicron_rbd/data.csv", "y_CB6", false},
    {"omicron CoV555", "omicron_rbd/data.csv", "y_CoV555", false},
    {"omicron REGN10987", "omicron_rbd/data.csv", "y_REGN10987", false},
    {"omicron S309", "omicron_rbd/data.csv", "y_S309", false},
    {"gb1 log(y + 0.01)", "gb1/data.csv", "y", true},
};
constexpr double kShares[] = {0.05, 0.2};
/// In standard deviations of the reward.
const std::vector<double> kBetas{1, 0.5, 0.25, 0.125};
constexpr double kLowest = -1e300;

const std::vector<std::string> kMethods{"linear", "uniform", "label", "surrogate", "auto"};
constexpr std::size_t kUniform = 1;
constexpr std::size_t kAuto = 4;
/// Training rows beyond which a fit takes a minute: no advice is asked for, and no larger share.
constexpr std::uint64_t kManyRows = 2048;

/// Efficiencies over the seeds: [method][beta].
using Table = std::vector<std::vector<Mean>>;

struct Promises {
  int kept = 0;
  int broken = 0;
  int advised = 0;      ///< runs with a recommended temperature
  int none = 0;         ///< runs without
  double distance = 0;  ///< sum of |log2(advised / best)|
};

void run_seed(const Dataset& data, std::span<const double> y, double share, std::uint64_t seed,
              Table& efficiency, Promises& promises) {
  const std::size_t n = y.size();
  const auto count = static_cast<std::uint64_t>(std::llround(share * static_cast<double>(n)));
  const std::vector<std::uint64_t> training = random_subset(n, count, seed);
  const RewardTable table{*data.features, y};
  const double sd = reward_sd(table);
  TrainingOptions options;
  options.weights = {FitWeights::uniform, FitWeights::label, FitWeights::surrogate,
                     FitWeights::automatic};
  for (const double beta : kBetas) options.deployment_temperatures.push_back(beta * sd);
  options.seed = seed;
  const TrainedReward reward = train_reward(table, training, options);
  std::vector<std::uint64_t> all(n);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  const Matrix<double> predictions = predict_rewards(reward, *data.features, all);

  // What an engineer would know, who has the training rows only.
  const ChosenRows part(*data.features, training);
  const std::vector<double> seen = at_rows(y, training);
  EvaluationOptions evaluation{.training = options};
  evaluation.training.weights = {FitWeights::automatic};
  const TableEvaluation known =
      count <= kManyRows ? evaluate_table({part, seen}, evaluation) : TableEvaluation{};

  double best_gold = kLowest;
  double best_beta = 0;
  for (std::size_t b = 0; b < kBetas.size(); ++b) {
    const double beta = kBetas[b] * sd;
    const double attainable = exact_policy(y, y, beta).gain.value;
    const auto measure = [&](const Matrix<double>& learned, std::size_t at) {
      return exact_policy(column(learned, at), y, beta);
    };
    const auto add = [&](Table& into, std::size_t row, const Matrix<double>& learned,
                         std::size_t at) {
      into[row][b].values.push_back(measure(learned, at).gain.value / attainable);
    };
    add(efficiency, 0, predictions, TrainedReward::kLinear);
    for (std::size_t method = 1; method < kMethods.size(); ++method) {
      add(efficiency, method, predictions, reward.column(options.weights[method - 1], beta));
    }
    const TablePolicyValue deployed =
        measure(predictions, reward.column(FitWeights::automatic, beta));
    if (deployed.value.value > best_gold) {
      best_gold = deployed.value.value;
      best_beta = kBetas[b];
    }
    if (known.rewards.empty()) continue;
    const RewardEvaluation& advised = known.rewards.front();
    const auto& admissible = advised.advice.admissible;
    if (admissible && beta >= admissible->low * (1 - 1e-9)) {
      const double promised = lower_limit(advised.policies[b].gain) / known.attainable_gain[b];
      ++(deployed.gain.value / attainable >= promised ? promises.kept : promises.broken);
    }
  }
  if (known.rewards.empty()) return;
  if (const auto& recommended = known.rewards.front().advice.recommended) {
    ++promises.advised;
    promises.distance += std::abs(std::log2(*recommended / sd / best_beta));
  } else {
    ++promises.none;
  }
}

/// The least difference of automatic to equal weights over the temperatures, and its standard
/// error.
std::pair<double, double> least_lead(const Table& efficiency) {
  std::pair<double, double> least{INFINITY, 0};
  for (std::size_t b = 0; b < kBetas.size(); ++b) {
    Mean difference;
    for (std::size_t s = 0; s < efficiency[kUniform][b].values.size(); ++s) {
      difference.values.push_back(efficiency[kAuto][b].values[s] -
                                  efficiency[kUniform][b].values[s]);
    }
    least = std::min(least, std::pair(difference.mean(), difference.error()));
  }
  return least;
}

void run(const Landscape& landscape, const std::filesystem::path& folder, int seeds) {
  DatasetOptions options;
  options.data = (folder / landscape.file).string();
  options.features = "none";
  options.one_hot = "seq:sequence";
  options.reward = landscape.reward;
  const Dataset data = load_dataset(options);
  std::vector<double> y = data.rewards;
  if (landscape.logarithm) {
    for (double& value : y) value = std::log(value + 0.01);
  }
  for (const double share : kShares) {
    if (share > kShares[0] && share * static_cast<double>(y.size()) > kManyRows) continue;
    Table efficiency(kMethods.size(), std::vector<Mean>(kBetas.size()));
    Promises promises;
    for (int seed = 1; seed <= seeds; ++seed) {
      run_seed(data, y, share, static_cast<std::uint64_t>(seed), efficiency, promises);
    }
    std::printf("\n### %s, %g %% of %zu variants\n\n| efficiency at beta/sd |", landscape.name,
                100 * share, y.size());
    for (const double beta : kBetas) std::printf(" %g |", beta);
    std::printf("\n|---|---|---|---|---|\n");
    for (std::size_t method = 0; method < kMethods.size(); ++method) {
      std::printf("| %s |", kMethods[method].c_str());
      for (const Mean& mean : efficiency[method]) {
        std::printf(" %.3f +- %.3f |", mean.mean(), mean.error());
      }
      std::printf("\n");
    }
    const auto [lead, error] = least_lead(efficiency);
    std::printf("\nThe least difference of auto to uniform is %.3f +- %.3f.", lead, error);
    if (promises.advised + promises.none > 0) {
      std::printf(
          " Advice from the training rows alone: %d of %d promised efficiencies kept; recommended "
          "in %d of %d runs, on average %.2f octaves from the true best of the grid.",
          promises.kept, promises.kept + promises.broken, promises.advised,
          promises.advised + promises.none,
          promises.advised > 0 ? promises.distance / promises.advised : 0.0);
    }
    std::printf("\n");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace esscher

int main(int argc, char** argv) {
  return esscher::run_on_real_data([&](const std::filesystem::path& folder) {
    const int seeds = argc > 1 ? std::atoi(argv[1]) : 10;
    const std::string only = argc > 2 ? argv[2] : "";
    std::printf("%d seeds.\n", seeds);
    for (const auto& landscape : esscher::kLandscapes) {
      if (std::string(landscape.name).find(only) == std::string::npos) continue;
      esscher::run(landscape, folder, seeds);
    }
  });
}
