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
#include <set>
#include <string>
#include <vector>

#include "esscher/data/dataset.h"
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

/// What is compared, and with it surrogate weights at 1, 1.5, ... times beta.
const std::vector<std::string> kMethods{"linear", "uniform", "label", "surrogate", "auto"};
constexpr std::size_t kUniform = 1;
constexpr std::size_t kAuto = 4;
const std::vector<double> kFactors{1, 1.5, 2, 3, 4, 8, 16};

/// Efficiencies over the seeds: [method][beta].
using Table = std::vector<std::vector<Mean>>;

struct Promises {
  int kept = 0;
  int broken = 0;
  int advised = 0;      ///< runs with a recommended temperature
  int none = 0;         ///< runs without
  double distance = 0;  ///< sum of |log2(advised / best)|
};

/// All that the comparison takes, each once: powers of 2 and 1.5 times them, so that equal products
/// are equal doubles.
std::vector<double> weight_temperatures(double sd) {
  std::set<double> distinct;
  for (const double beta : kBetas) {
    for (const double factor : kFactors) distinct.insert(factor * beta * sd);
  }
  return {distinct.begin(), distinct.end()};
}

void run_seed(const Dataset& data, std::span<const double> y, double share, std::uint64_t seed,
              Table& efficiency, Table& candidates, Promises& promises) {
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
  // The same first layer, with surrogate weights at every temperature of the comparison.
  TrainingOptions every = options;
  every.weights = {FitWeights::surrogate};
  every.deployment_temperatures = weight_temperatures(sd);
  const TrainedReward compared = train_reward(table, training, every);
  std::vector<std::uint64_t> all(n);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  const Matrix<double> predictions = predict_rewards(reward, *data.features, all);
  const Matrix<double> compared_predictions = predict_rewards(compared, *data.features, all);

  // What an engineer would know, who has the training rows only.
  const Part part(*data.features, training);
  const std::vector<double> seen = at_rows(y, training);
  EvaluationOptions evaluation{.training = options};
  evaluation.training.weights = {FitWeights::automatic};
  const TableEvaluation known = evaluate_table({part, seen}, evaluation);
  const RewardEvaluation& advised = known.rewards.front();

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
    for (std::size_t c = 0; c < kFactors.size(); ++c) {
      add(candidates, c, compared_predictions,
          compared.column(FitWeights::surrogate, kFactors[c] * kBetas[b] * sd));
    }
    const TablePolicyValue deployed =
        measure(predictions, reward.column(FitWeights::automatic, beta));
    if (deployed.value.value > best_gold) {
      best_gold = deployed.value.value;
      best_beta = kBetas[b];
    }
    const auto& admissible = advised.advice.admissible;
    if (admissible && beta >= admissible->low * (1 - 1e-9)) {
      const double promised = lower_limit(advised.policies[b].gain) / known.attainable_gain[b];
      ++(deployed.gain.value / attainable >= promised ? promises.kept : promises.broken);
    }
  }
  if (advised.advice.recommended) {
    ++promises.advised;
    promises.distance += std::abs(std::log2(*advised.advice.recommended / sd / best_beta));
  } else {
    ++promises.none;
  }
}

/// The share of the distance from uniform to the best weight temperature that auto takes. The best
/// is that with the highest mean at each temperature, uniform among them.
struct Verdict {
  double share = 0;
  double distance = 0;
  double worst = 0;  ///< least difference to uniform, in standard errors of the difference
};

Verdict judge(const Table& efficiency, const Table& candidates) {
  Verdict verdict;
  double taken = 0;
  verdict.worst = INFINITY;
  for (std::size_t b = 0; b < kBetas.size(); ++b) {
    const Mean& uniform = efficiency[kUniform][b];
    const Mean& automatic = efficiency[kAuto][b];
    double best = uniform.mean();
    for (const auto& candidate : candidates) best = std::max(best, candidate[b].mean());
    taken += automatic.mean() - uniform.mean();
    verdict.distance += best - uniform.mean();
    Mean difference;
    for (std::size_t s = 0; s < uniform.values.size(); ++s) {
      difference.values.push_back(automatic.values[s] - uniform.values[s]);
    }
    const double error = difference.error();
    const double z = error > 0 ? difference.mean() / error : 0;
    verdict.worst = std::min(verdict.worst, z);
  }
  verdict.share = taken / verdict.distance;
  verdict.distance /= static_cast<double>(kBetas.size());
  return verdict;
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
    Table efficiency(kMethods.size(), std::vector<Mean>(kBetas.size()));
    Table candidates(kFactors.size(), std::vector<Mean>(kBetas.size()));
    Promises promises;
    for (int seed = 1; seed <= seeds; ++seed) {
      run_seed(data, y, share, static_cast<std::uint64_t>(seed), efficiency, candidates, promises);
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
    std::printf("| best weight temperature in hindsight |");
    for (std::size_t b = 0; b < kBetas.size(); ++b) {
      double best = efficiency[kUniform][b].mean();
      double factor = INFINITY;
      for (std::size_t c = 0; c < kFactors.size(); ++c) {
        if (candidates[c][b].mean() > best) {
          best = candidates[c][b].mean();
          factor = kFactors[c];
        }
      }
      std::printf(" %.3f (%g beta) |", best, factor);
    }
    const Verdict verdict = judge(efficiency, candidates);
    std::printf(
        "\n\nauto takes %.2f of the distance from uniform to that best (%.4f on average over "
        "beta); "
        "its least difference to uniform is %.1f standard errors. Advice from the training rows "
        "alone: %d of %d promised efficiencies kept; recommended in %d of %d runs, on average %.2f "
        "octaves from the true best of the grid.\n",
        verdict.share, verdict.distance, verdict.worst, promises.kept,
        promises.kept + promises.broken, promises.advised, promises.advised + promises.none,
        promises.advised > 0 ? promises.distance / promises.advised : 0.0);
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
