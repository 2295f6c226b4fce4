/// The negative control: two activities of the same 2^14 ribozymes, most of which do nothing. What
/// does the verdict say that sees the training rows alone, and what would its advice be worth over
/// all of them? Beside each activity stand rewards from which nothing can be won: the same values
/// shuffled, and the other activity as what counts. Prints Markdown:
///     real_negative_control [SEEDS]
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
/// In standard deviations of the training rows' reward; each grid is one advice.
const std::vector<double> kBetas{4, 2, 1, 0.5, 0.25, 0.125};
constexpr std::array<std::size_t, 2> kFirst{0, 2};
constexpr std::size_t kLimits = 5;

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

/// What one grid's advice said over the seeds.
struct Advices {
  std::array<int, kLimits> limits{};  ///< by AdviceLimit
  int unsupported = 0;                ///< no safe temperature
  int kept = 0;                       ///< lower limits of admissible gains that hold exactly
  int broken = 0;
  int losses = 0;            ///< admissible temperatures at which the exact gain is not positive
  Mean recommended{};        ///< in standard deviations
  Mean gain{};               ///< exact, in standard deviations, at the recommended temperature
  Mean efficiency{};         ///< likewise
  std::string verdict = {};  ///< of the first seed
};

struct Outcome {
  std::vector<std::vector<Mean>> efficiency{4, std::vector<Mean>(kBetas.size())};
  Mean correlation{};  ///< held out, of auto at the mildest temperature
  std::array<Advices, kFirst.size()> advices{};
};
const std::vector<std::string> kMethods{"auto", "uniform", "linear",
                                        "auto, sequences not trained on"};

void take_advice(const RewardEvaluation& known, std::size_t first, std::span<const double> gains,
                 std::span<const double> attainable, Advices& advices) {
  const DeploymentAdvice advice =
      advise_deployment(std::span<const TablePolicyValue>(known.policies).subspan(first),
                        std::span<const Interval>(known.gains).subspan(first));
  ++advices.limits.at(static_cast<std::size_t>(advice.limit));
  if (advices.verdict.empty()) advices.verdict = advice.verdict;
  if (!advice.recommended) {
    ++advices.unsupported;
    return;
  }
  for (std::size_t b = first; b < kBetas.size(); ++b) {
    if (kBetas[b] < advice.admissible->low * (1 - 1e-9)) continue;
    if (kBetas[b] > advice.admissible->high * (1 + 1e-9)) continue;
    ++(gains[b] >= known.gains[b].low ? advices.kept : advices.broken);
    if (gains[b] <= 0) ++advices.losses;
    if (kBetas[b] != *advice.recommended) continue;
    advices.recommended.values.push_back(kBetas[b]);
    advices.gain.values.push_back(gains[b]);
    advices.efficiency.values.push_back(gains[b] / attainable[b]);
  }
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
  std::vector<double> gains;
  std::vector<double> attainable;
  for (std::size_t b = 0; b < kBetas.size(); ++b) {
    attainable.push_back(exact_policy(gold, gold, kBetas[b]).gain.value);
    const std::array<std::size_t, 3> columns{reward.column(FitWeights::automatic, kBetas[b]),
                                             TrainedReward::kUniform, TrainedReward::kLinear};
    for (std::size_t method = 0; method < columns.size(); ++method) {
      const double gain =
          exact_policy(column(predictions, columns[method]), gold, kBetas[b]).gain.value;
      outcome.efficiency[method][b].values.push_back(gain / attainable[b]);
      if (method == 0) gains.push_back(gain);
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
  for (std::size_t grid = 0; grid < kFirst.size(); ++grid) {
    take_advice(known.rewards.front(), kFirst[grid], gains, attainable, outcome.advices[grid]);
  }
}

void print(const Advices& advices, double highest) {
  std::printf("| %g | %d |", highest, advices.unsupported);
  for (const int count : advices.limits) std::printf(" %d |", count);
  if (advices.gain.values.empty()) {
    std::printf(" - | - | - | - | - |\n");
    return;
  }
  std::printf(" %.2f | %.4f +- %.4f | %.3f +- %.3f | %d of %d | %d |\n", advices.recommended.mean(),
              advices.gain.mean(), advices.gain.error(), advices.efficiency.mean(),
              advices.efficiency.error(), advices.kept, advices.kept + advices.broken,
              advices.losses);
}

void run(const std::filesystem::path& folder, int seeds) {
  DatasetOptions options;
  options.data = (folder / "ribozyme/data.csv").string();
  options.features = "none";
  options.one_hot = "seq:sequence";
  const Dataset data = load_dataset(options);
  for (const Control& control : kControls) {
    const std::vector<double> y = activity(folder, control.reward);
    const std::vector<double> gold = activity(folder, control.gold);
    for (const double share : kShares) {
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
      std::printf("\nHeld-out correlation with what counts: %.3f +- %.3f. Advice:\n\n",
                  outcome.correlation.mean(), outcome.correlation.error());
      std::printf("| grid from beta/sd | no safe temperature |");
      for (std::size_t limit = 0; limit < kLimits; ++limit) {
        std::printf(" %s |",
                    std::string(advice_limit_name(static_cast<AdviceLimit>(limit))).c_str());
      }
      std::printf(
          " recommended beta/sd | exact gain there (sd) | exact efficiency there | promises kept | "
          "admitted without gain |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n");
      for (std::size_t grid = 0; grid < kFirst.size(); ++grid) {
        print(outcome.advices[grid], kBetas[kFirst[grid]]);
      }
      std::printf("\nSeed 1, from %g: \"%s\"\n", kBetas[kFirst.front()],
                  outcome.advices.front().verdict.c_str());
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
    esscher::run(folder, seeds);
  });
}
