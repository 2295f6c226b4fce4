/// The negative control: two activities of the same 2^14 ribozymes, most of which do nothing. What
/// does the verdict say that sees the training rows alone, and what would its advice be worth over
/// all of them? Beside each activity stand rewards from which nothing can be won: the same values
/// shuffled, and the other activity as what counts. Prints Markdown:
///     real_negative_control [SEEDS [ROWS]]
/// ROWS are so many training rows at most.
/// The data lie in the folder that ESSCHER_SHARED names (default ../shared), under data/.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "esscher/data/dataset.h"
#include "esscher/data/designs.h"
#include "esscher/data/folds.h"
#include "esscher/pipeline/table_evaluation.h"
#include "real_data.h"

namespace esscher {
namespace {

struct Control {
  const char* name;
  const char* reward;  ///< learned
  const char* gold;    ///< what counts
  bool shuffled;
};

constexpr Control kControls[] = {
    {"y_hdv", "y_hdv", "y_hdv", false},
    {"y_ligase", "y_ligase", "y_ligase", false},
    {"y_hdv, shuffled", "y_hdv", "y_hdv", true},
    {"y_ligase, shuffled", "y_ligase", "y_ligase", true},
    {"y_hdv learned, y_ligase counts", "y_hdv", "y_ligase", false},
    {"y_ligase learned, y_hdv counts", "y_ligase", "y_hdv", false},
};
constexpr double kShares[] = {0.05, 0.2};
/// In standard deviations of the training rows' reward.
const std::vector<double> kBetas{4, 2, 1, 0.5, 0.25, 0.125};
constexpr std::size_t kLimits = 5;
/// Rewards that are learned, and their temperatures: [reward][beta].
constexpr std::size_t kRewards = 3;
using Gains = std::array<std::vector<double>, kRewards>;

std::vector<double> activity(const std::filesystem::path& folder, const char* reward) {
  DatasetOptions options;
  options.data = (folder / "ribozyme/data.csv").string();
  options.features = "none";
  options.one_hot = "seq:sequence";
  options.reward = reward;
  return load_dataset(options).rewards;
}

/// One draw of all orders: Fisher and Yates.
void shuffle(std::vector<double>& values, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[engine() % i]);
}

/// In standard deviations of the numbered rows.
void standardise(std::vector<double>& y, const FeatureRows& features,
                 const std::vector<std::uint64_t>& rows) {
  const std::vector<double> seen = at_rows(y, rows);
  const double sd = reward_sd({ChosenRows(features, rows), seen});
  for (double& value : y) value /= sd;
}

/// What was recommended over the seeds, of all rewards and temperatures.
struct Advice {
  int runs = 0;
  int refused = 0;
  int losses = 0;                     ///< recommended without any exact gain
  int broken = 0;                     ///< runs with a lower end above zero that is too high
  std::array<int, kLimits> limits{};  ///< of the first reward, by AdviceLimit
  Mean recommended{};                 ///< in standard deviations
  Mean gain{};                        ///< exact, in standard deviations, of what is recommended
  Mean efficiency{};                  ///< likewise
  std::string verdict = {};           ///< of the first seed
};

struct Outcome {
  std::vector<std::vector<Mean>> efficiency{4, std::vector<Mean>(kBetas.size())};
  Mean correlation{};  ///< held out, of auto at the mildest temperature
  Advice advice{};
};
const std::vector<std::string> kMethods{"auto", "uniform", "linear",
                                        "auto, sequences not trained on"};

void take_advice(const TableEvaluation& known, const Gains& gains,
                 std::span<const double> attainable, Advice& advice) {
  ++advice.runs;
  const DeploymentAdvice& first = known.rewards.front().advice;
  ++advice.limits.at(static_cast<std::size_t>(first.limit));
  bool broken = false;
  for (std::size_t method = 0; method < kRewards; ++method) {
    for (std::size_t b = 0; b < kBetas.size(); ++b) {
      const double low = known.rewards[method].gains[b].low;
      broken |= low > 0 && low > gains[method][b];
    }
  }
  advice.broken += broken ? 1 : 0;
  const std::size_t told = known.recommended.value_or(0);
  if (advice.verdict.empty()) advice.verdict = known.rewards[told].advice.verdict;
  if (!known.recommended) {
    ++advice.refused;
    return;
  }
  const auto b = static_cast<std::size_t>(
      std::ranges::find(kBetas, *known.rewards[told].advice.recommended) - kBetas.begin());
  const double gain = gains[told].at(b);
  if (gain <= 0) ++advice.losses;
  advice.recommended.values.push_back(kBetas[b]);
  advice.gain.values.push_back(gain);
  advice.efficiency.values.push_back(gain / attainable[b]);
}

void run_seed(const FeatureRows& features, const Control& control, std::vector<double> y,
              std::vector<double> gold, double share, std::uint64_t seed, Outcome& outcome) {
  const std::size_t n = y.size();
  const bool same = std::string(control.reward) == control.gold;
  if (control.shuffled) shuffle(y, seed);
  if (same) gold = y;
  const auto count = static_cast<std::uint64_t>(std::llround(share * static_cast<double>(n)));
  const std::vector<std::uint64_t> training = random_subset(n, count, seed);
  standardise(y, features, training);
  standardise(gold, features, training);

  TrainingOptions options;
  options.weights = {FitWeights::automatic, FitWeights::uniform};
  options.deployment_temperatures = kBetas;
  options.seed = seed;
  const TrainedReward reward = train_reward({features, y}, training, options);
  std::vector<std::uint64_t> all(n);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  const Matrix<double> predictions = predict_rewards(reward, features, all);
  Gains gains;
  std::vector<double> attainable;
  for (std::size_t b = 0; b < kBetas.size(); ++b) {
    attainable.push_back(exact_policy(gold, gold, kBetas[b]).gain.value);
    const std::array<std::size_t, kRewards> columns{reward.column(FitWeights::automatic, kBetas[b]),
                                                    TrainedReward::kUniform,
                                                    TrainedReward::kLinear};
    for (std::size_t method = 0; method < columns.size(); ++method) {
      const double gain =
          exact_policy(column(predictions, columns[method]), gold, kBetas[b]).gain.value;
      outcome.efficiency[method][b].values.push_back(gain / attainable[b]);
      gains[method].push_back(gain);
    }
  }

  // A tilt of a landscape finds the best sequences trained on, which need no learning.
  std::vector<std::uint64_t> unseen;
  std::ranges::set_difference(all, training, std::back_inserter(unseen));
  const std::vector<double> gold_unseen = at_rows(gold, unseen);
  for (std::size_t b = 0; b < kBetas.size(); ++b) {
    const std::vector<double> r =
        column(predictions, reward.column(FitWeights::automatic, kBetas[b]));
    outcome.efficiency[3][b].values.push_back(
        exact_policy(at_rows(r, unseen), gold_unseen, kBetas[b]).gain.value /
        exact_policy(gold_unseen, gold_unseen, kBetas[b]).gain.value);
  }

  // What an engineer would know, who has the training rows only.
  const ChosenRows part(features, training);
  const std::vector<double> seen = at_rows(y, training);
  const std::vector<double> seen_gold = at_rows(gold, training);
  EvaluationOptions evaluation{.training = options};
  if (!same) evaluation.gold = seen_gold;
  const TableEvaluation known = evaluate_table({part, seen}, evaluation);
  outcome.correlation.values.push_back(known.rewards.front().correlation);
  take_advice(known, gains, attainable, outcome.advice);
}

void print(const Advice& advice) {
  std::printf("| refused | recommended without gain | a promise broken |");
  std::printf(" recommended beta/sd | exact gain there (sd) | exact efficiency there |");
  for (std::size_t limit = 0; limit < kLimits; ++limit) {
    std::printf(" %s |", std::string(advice_limit_name(static_cast<AdviceLimit>(limit))).c_str());
  }
  std::printf("\n|---|---|---|---|---|---|---|---|---|---|---|\n| %d of %d | %d | %d |",
              advice.refused, advice.runs, advice.losses, advice.broken);
  if (advice.gain.values.empty()) {
    std::printf(" - | - | - |");
  } else {
    std::printf(" %.2f | %.4f +- %.4f | %.3f +- %.3f |", advice.recommended.mean(),
                advice.gain.mean(), advice.gain.error(), advice.efficiency.mean(),
                advice.efficiency.error());
  }
  for (const int count : advice.limits) std::printf(" %d |", count);
  std::printf("\n");
}

void run(const std::filesystem::path& folder, int seeds, std::uint64_t most_rows) {
  DatasetOptions options;
  options.data = (folder / "ribozyme/data.csv").string();
  options.features = "none";
  options.one_hot = "seq:sequence";
  const Dataset data = load_dataset(options);
  for (const Control& control : kControls) {
    const std::vector<double> y = activity(folder, control.reward);
    const std::vector<double> gold = activity(folder, control.gold);
    for (const double share : kShares) {
      const double rows = share * static_cast<double>(y.size());
      if (static_cast<std::uint64_t>(std::llround(rows)) > most_rows) continue;
      Outcome outcome;
      for (int seed = 1; seed <= seeds; ++seed) {
        run_seed(*data.features, control, y, gold, share, static_cast<std::uint64_t>(seed),
                 outcome);
      }
      std::printf("\n### %s, %g %% of %zu sequences\n\n| exact efficiency at beta/sd |",
                  control.name, 100 * share, y.size());
      for (const double beta : kBetas) std::printf(" %g |", beta);
      std::printf("\n|---|---|---|---|---|---|---|\n");
      for (std::size_t method = 0; method < kMethods.size(); ++method) {
        std::printf("| %s |", kMethods[method].c_str());
        for (const Mean& mean : outcome.efficiency[method]) {
          std::printf(" %.3f +- %.3f |", mean.mean(), mean.error());
        }
        std::printf("\n");
      }
      std::printf("\nHeld-out correlation with what counts: %.3f +- %.3f.\n\n",
                  outcome.correlation.mean(), outcome.correlation.error());
      print(outcome.advice);
      std::printf("\nSeed 1: \"%s\"\n", outcome.advice.verdict.c_str());
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace esscher

int main(int argc, char** argv) {
  return esscher::run_on_real_data([&](const std::filesystem::path& folder) {
    const int seeds = argc > 1 ? std::atoi(argv[1]) : 10;
    std::printf("%d seeds. Values in standard deviations of the training rows' rewards.\n", seeds);
    esscher::run(folder, seeds, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : UINT64_MAX);
  });
}
