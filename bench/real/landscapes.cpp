/// Enumerated landscapes: rewards are learned from a small part of the variants, and the policies
/// that they tilt are valued exactly over all of them. Prints Markdown:
///     real_landscapes [SEEDS [NAME [ROWS]]] > docs/landscapes.md
/// NAME is a part of a landscape's name, ROWS so many training rows at most.
/// The data lie in the folder that ESSCHER_SHARED names (default ../shared), under data/.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
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
/// Of the variants; above 1 a number of them.
constexpr double kParts[] = {384, 0.05, 0.2};
/// In standard deviations of the reward: those of the tables of efficiencies, and all among which
/// advice picks.
const std::vector<double> kBetas{1, 0.5, 0.25, 0.125};
std::vector<double> advice_betas() {
  std::vector<double> betas;
  for (int half_octaves = 2; half_octaves >= -8; --half_octaves) {
    betas.push_back(std::exp2(half_octaves / 2.0));
  }
  return betas;
}

const std::vector<std::string> kMethods{"auto", "uniform", "linear"};
constexpr std::size_t kAuto = 0;
constexpr std::size_t kUniform = 1;
/// Training rows beyond which a fit takes a minute: no advice is asked for, and no larger share.
constexpr std::uint64_t kManyRows = 2048;

/// Efficiencies over the seeds: [method][beta].
using Table = std::vector<std::vector<Mean>>;

struct Promises {
  int runs = 0;
  int broken = 0;   ///< runs in which a lower end above zero, of any policy, was too high
  int refused = 0;  ///< runs without a recommendation
  Mean share{};     ///< of the largest gain of all policies, what the recommended one has
  Mean promised{};  ///< of the same, what the recommended one is promised to gain at least
  Mean distance{};  ///< octaves from it
  int forecasts = 0;
  int held = 0;  ///< of them, by the true rise of best-of-n at the end of the forecast
};

/// Of the training rows alone, and with the library as reference.
using Advice = std::array<Promises, 2>;

/// What an engineer would be told, who has the training rows only, against what is true.
void take_advice(const TableEvaluation& known, const Table& gains, std::span<const double> betas,
                 Promises& promises) {
  double best = 0;
  double best_beta = betas[0];
  bool broken = false;
  for (std::size_t method = 0; method < kMethods.size(); ++method) {
    for (std::size_t b = 0; b < betas.size(); ++b) {
      const double gain = gains[method][b].values.back();
      if (gain > best) {
        best = gain;
        best_beta = betas[b];
      }
      const RewardEvaluation& told = known.rewards[method];
      for (const std::vector<Interval>* lows : {&told.gains, &told.of_labelled.gains}) {
        broken |= !lows->empty() && (*lows)[b].low > 0 && (*lows)[b].low > gain;
      }
    }
  }
  ++promises.runs;
  promises.broken += broken ? 1 : 0;
  if (!known.recommended) {
    ++promises.refused;
    promises.share.values.push_back(0);
    promises.promised.values.push_back(0);
    return;
  }
  const DeploymentAdvice& advice = known.rewards[*known.recommended].advice;
  const double recommended = *advice.recommended;
  promises.promised.values.push_back(advice.gain->interval->low / best);
  for (std::size_t b = 0; b < betas.size(); ++b) {
    if (std::abs(std::log2(betas[b] / recommended)) > 0.1) continue;
    promises.share.values.push_back(gains[*known.recommended][b].values.back() / best);
    promises.distance.values.push_back(std::abs(std::log2(betas[b] / best_beta)));
  }
}

/// What is forecast of best-of-n by the first reward, against all of the landscape.
void take_forecast(const TableEvaluation& known, std::span<const double> r,
                   std::span<const double> y, Promises& promises) {
  const std::optional<Forecast>& forecast = known.rewards.front().best_of_n_forecast;
  if (!forecast) return;
  const double kl = forecast->shown_kl().back();
  const BestOfNValue best =
      best_of_n_value(r, y, {y.size()}, {.n = equivalent_n(kl), .enumerated = true});
  const Interval told = forecast->rise(kl);
  ++promises.forecasts;
  if (told.low <= best.gain.value && best.gain.value <= told.high) ++promises.held;
}

void run_seed(const Dataset& data, std::span<const double> y, std::uint64_t count,
              std::uint64_t seed, Table& efficiency, Advice& advice) {
  const std::size_t n = y.size();
  const std::vector<std::uint64_t> training = random_subset(n, count, seed);
  const RewardTable table{.features = *data.features, .rewards = y};
  const double sd = reward_sd(table);
  TrainingOptions options;
  options.weights = {FitWeights::automatic, FitWeights::uniform};
  for (const double beta : advice_betas()) options.deployment_temperatures.push_back(beta * sd);
  options.seed = seed;
  const std::vector<double>& betas = options.deployment_temperatures;
  const TrainedReward reward = train_reward(table, training, options);
  std::vector<std::uint64_t> all(n);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  const Matrix<double> predictions = predict_rewards(reward, *data.features, all);

  Table gains(kMethods.size(), std::vector<Mean>(betas.size()));
  for (std::size_t b = 0; b < betas.size(); ++b) {
    for (std::size_t method = 0; method < kMethods.size(); ++method) {
      const std::size_t column = method < options.weights.size()
                                     ? reward.column(options.weights[method], betas[b])
                                     : TrainedReward::kLinear;
      gains[method][b].values.push_back(
          exact_policy(esscher::column(predictions, column), y, betas[b]).gain.value);
    }
    const auto shown = std::ranges::find(kBetas, advice_betas()[b]);
    if (shown == kBetas.end()) continue;
    const double attainable = exact_policy(y, y, betas[b]).gain.value;
    for (std::size_t method = 0; method < kMethods.size(); ++method) {
      efficiency[method][static_cast<std::size_t>(shown - kBetas.begin())].values.push_back(
          gains[method][b].values.back() / attainable);
    }
  }
  if (count > kManyRows) return;
  const ChosenRows part(*data.features, training);
  const std::vector<double> seen = at_rows(y, training);
  EvaluationOptions evaluation{.training = options};
  const RewardTable labelled{.features = part, .rewards = seen};
  const std::vector<double> first =
      column(predictions, reward.column(options.weights.front(), betas.front()));
  for (std::size_t k = 0; k < 2; ++k) {
    if (k == 1) evaluation.reference.emplace(ReferenceRows{*data.features});
    const TableEvaluation known = evaluate_table(labelled, evaluation);
    take_advice(known, gains, betas, advice[k]);
    take_forecast(known, first, y, advice[k]);
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

void print_advice(const Advice& advice) {
  if (advice[0].runs == 0) return;
  std::printf(
      "\n| advice from | broken | refused | share of the largest gain | octaves from it | share "
      "promised | forecasts that hold |\n|---|---|---|---|---|---|---|\n");
  const char* const from[] = {"the training rows alone", "these beside the library"};
  for (std::size_t k = 0; k < 2; ++k) {
    const Promises& told = advice[k];
    std::printf("| %s | %d of %d | %d | %s | %.2f | %s | %d of %d |\n", from[k], told.broken,
                told.runs, told.refused, told.share.text().c_str(), told.distance.mean(),
                told.promised.text().c_str(), told.held, told.forecasts);
  }
}

void add(const Promises& more, Promises& all) {
  const auto append = [](const Mean& from, Mean& to) {
    to.values.insert(to.values.end(), from.values.begin(), from.values.end());
  };
  all.runs += more.runs;
  all.broken += more.broken;
  all.refused += more.refused;
  all.forecasts += more.forecasts;
  all.held += more.held;
  append(more.share, all.share);
  append(more.promised, all.promised);
  append(more.distance, all.distance);
}

/// \param totals  of all landscapes, one for each of kParts
void run(const Landscape& landscape, const std::filesystem::path& folder, int seeds,
         std::uint64_t most_rows, std::array<Advice, std::size(kParts)>& totals) {
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
  for (std::size_t p = 0; p < std::size(kParts); ++p) {
    const double part = kParts[p];
    const double size = part > 1 ? part : part * static_cast<double>(y.size());
    const auto count = static_cast<std::uint64_t>(std::llround(size));
    if (count > most_rows || (part == kParts[2] && count > kManyRows)) continue;
    Table efficiency(kMethods.size(), std::vector<Mean>(kBetas.size()));
    Advice advice;
    for (int seed = 1; seed <= seeds; ++seed) {
      run_seed(data, y, count, static_cast<std::uint64_t>(seed), efficiency, advice);
    }
    std::printf("\n### %s, %llu of %zu variants\n\n| efficiency at beta/sd |", landscape.name,
                static_cast<unsigned long long>(count), y.size());
    for (const double beta : kBetas) std::printf(" %g |", beta);
    std::printf("\n|---|---|---|---|---|\n");
    for (std::size_t method = 0; method < kMethods.size(); ++method) {
      std::printf("| %s |", kMethods[method].c_str());
      for (const Mean& mean : efficiency[method]) {
        std::printf(" %s |", mean.text().c_str());
      }
      std::printf("\n");
    }
    const auto [lead, error] = least_lead(efficiency);
    std::printf("\nThe least difference of auto to uniform is %.3f +- %.3f.", lead, error);
    std::printf("\n");
    print_advice(advice);
    for (std::size_t k = 0; k < 2; ++k) add(advice[k], totals[p][k]);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace esscher

int main(int argc, char** argv) {
  return esscher::run_on_real_data([&](const std::filesystem::path& folder) {
    const int seeds = argc > 1 ? std::atoi(argv[1]) : 10;
    const std::string only = argc > 2 ? argv[2] : "";
    const std::uint64_t most_rows = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : UINT64_MAX;
    std::printf("Seeds: %d.\n", seeds);
    std::array<esscher::Advice, std::size(esscher::kParts)> totals;
    for (const auto& landscape : esscher::kLandscapes) {
      if (std::string(landscape.name).find(only) == std::string::npos) continue;
      esscher::run(landscape, folder, seeds, most_rows, totals);
    }
    for (std::size_t p = 0; p < totals.size(); ++p) {
      const double part = esscher::kParts[p];
      std::printf(part > 1 ? "\n### All landscapes, %g variants\n"
                           : "\n### All landscapes, a share of %g\n",
                  part);
      esscher::print_advice(totals[p]);
    }
  });
}
