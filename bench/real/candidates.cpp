/// Candidates of one prompt: is it worth learning a reward from human ratings, or does best-of-n
/// with an automatic metric do as well? Everything is measured on prompts that neither the reward
/// nor the metric's sign has seen (5-fold over prompts), exactly within each prompt; standard
/// errors are those of a mean over prompts. Prints Markdown:
///     real_candidates [CROSS_FITS [NAME]]
/// Cross-fits differ in how prompts are dealt out; each prompt's value is the mean over them. The
/// data lie in the folder that ESSCHER_SHARED names (default ../shared), under data/.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/data/column_selection.h"
#include "esscher/data/dataset.h"
#include "esscher/data/folds.h"
#include "esscher/pipeline/table_evaluation.h"
#include "esscher/policy/best_of_n.h"
#include "real_data.h"

namespace esscher {
namespace {

struct Source {
  const char* name;
  const char* data;
  const char* table;
  const char* features;            ///< as DatasetOptions::features
  const char* exclude;             ///< no candidates: the references that features compare with
  const char* metrics;             ///< which features are metrics in their own right
  std::vector<std::string> names;  ///< what to call those; empty: as their columns
};

const std::vector<Source> kSources{
    {"hanna: 10 stories a prompt, mean human rating 1 to 5",
     "hanna/metrics.csv",
     "hanna/human.csv",
     "",
     "system=Human",
     "*",
     {}},
    {"wmt_ted_zhen: 14 translations a sentence, -MQM penalty", "wmt_ted_zhen/features.npy",
     "wmt_ted_zhen/data.csv", "", "system=refB", kTranslationColumns, kTranslationMetrics},
    {"wmt_ted_zhen, without word vectors", "wmt_ted_zhen/features.npy", "wmt_ted_zhen/data.csv",
     "x200:x208", "system=refB", kTranslationColumns, kTranslationMetrics},
};
constexpr int kFolds = 5;
/// In standard deviations of the reward within prompts.
const std::vector<double> kBetas{4, 2, 1, 0.5, 0.25, 0.125};
const std::vector<double> kDraws{2, 4, 10};
constexpr std::size_t kByDraws = 1;  ///< metrics are ranked by what kDraws[kByDraws] gives
const std::vector<FitWeights> kWeights{FitWeights::automatic, FitWeights::uniform};
const std::vector<std::string> kRewards{"auto", "uniform", "linear"};
constexpr std::size_t kShown = 5;

/// What a policy is worth on each prompt, and how far it is from pi_0: sums over cross-fits.
struct Score {
  Mean value{};
  Mean kl{};
  void add(std::size_t prompt, double of_value, double of_kl, double share) {
    value.values[prompt] += share * of_value;
    kl.values[prompt] += share * of_kl;
  }
};

class Prompts {
 public:
  Prompts(std::span<const std::uint32_t> groups, std::span<const double> y) : y_(y) {
    rows_.resize(std::size_t{std::ranges::max(groups)} + 1);
    for (std::size_t i = 0; i < groups.size(); ++i) rows_[groups[i]].push_back(i);
  }
  std::size_t size() const { return rows_.size(); }
  Score nothing() const { return {{std::vector<double>(size())}, {std::vector<double>(size())}}; }
  /// The policy tilted by r.
  void add_tilted(std::span<const double> r, double beta, double share, Score& score) const {
    for (std::size_t p = 0; p < size(); ++p) {
      const TablePolicyValue policy =
          exact_policy(at_rows(r, rows_[p]), at_rows(y_, rows_[p]), beta);
      score.add(p, policy.value.value, policy.kl.value, share);
    }
  }
  void add_best_of(double n, std::span<const double> r, double share, Score& score) const {
    for (std::size_t p = 0; p < size(); ++p) {
      TableReference reference;
      reference.rows = rows_[p].size();
      const BestOfNValue best = best_of_n_value(at_rows(r, rows_[p]), at_rows(y_, rows_[p]),
                                                reference, {.n = n, .enumerated = true});
      score.add(p, best.value.value, best.kl.value, share);
    }
  }
  /// Correlation of r and y about their prompts' means, over the rows that are not in \p fold.
  double correlation(std::span<const double> r, std::span<const std::uint32_t> folds,
                     std::uint32_t fold) const {
    double rr = 0;
    double yy = 0;
    double ry = 0;
    for (const auto& rows : rows_) {
      if (folds[rows.front()] == fold) continue;
      const Mean r_here{at_rows(r, rows)};
      const Mean y_here{at_rows(y_, rows)};
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double a = r_here.values[i] - r_here.mean();
        const double b = y_here.values[i] - y_here.mean();
        rr += a * a;
        yy += b * b;
        ry += a * b;
      }
    }
    return rr > 0 && yy > 0 ? ry / std::sqrt(rr * yy) : 0;
  }

 private:
  std::span<const double> y_;
  std::vector<std::vector<std::uint64_t>> rows_;
};

/// Held-out rewards of one cross-fit: those learned by kind and temperature, the metrics turned to
/// the side that pays on the training prompts, and of these the one that correlates best there.
struct HeldOut {
  std::vector<std::vector<std::vector<double>>> learned;
  std::vector<std::vector<double>> metrics;
  std::vector<double> chosen;
};

HeldOut cross_fit(const RewardTable& table, const Prompts& prompts,
                  const std::vector<std::vector<double>>& metrics,
                  const TrainingOptions& training) {
  const std::size_t n = table.rewards.size();
  const std::vector<std::uint32_t> folds = assign_folds(n, table.groups, kFolds, training.seed);
  const std::vector<double> none(n);
  HeldOut result{{kRewards.size(), std::vector(kBetas.size(), none)}, metrics, none};
  for (std::uint32_t fold = 0; fold < kFolds; ++fold) {
    const TrainedReward reward = train_reward(table, rows_not_in_fold(folds, fold), training);
    const std::vector<std::uint64_t> rows = rows_in_fold(folds, fold);
    const Matrix<double> predictions = predict_rewards(reward, table.features, rows);
    for (std::size_t kind = 0; kind < kRewards.size(); ++kind) {
      for (std::size_t b = 0; b < kBetas.size(); ++b) {
        const std::size_t column =
            kind == kWeights.size()
                ? TrainedReward::kLinear
                : reward.column(kWeights[kind], training.deployment_temperatures[b]);
        for (std::size_t i = 0; i < rows.size(); ++i) {
          result.learned[kind][b][rows[i]] = predictions(i, column);
        }
      }
    }
    double highest = 0;
    for (std::size_t j = 0; j < metrics.size(); ++j) {
      const double correlation = prompts.correlation(metrics[j], folds, fold);
      const double sign = correlation < 0 ? -1 : 1;
      for (const std::uint64_t row : rows) result.metrics[j][row] = sign * metrics[j][row];
      if (std::abs(correlation) <= highest) continue;
      highest = std::abs(correlation);
      for (const std::uint64_t row : rows) result.chosen[row] = sign * metrics[j][row];
    }
  }
  return result;
}

using Scores = std::vector<std::vector<Score>>;  ///< [who][temperature or draws]

/// Prompt by prompt, of two policies at one temperature: value, less \p beta KL.
Mean difference(const Score& left, const Score& right, double beta) {
  Mean result = left.value;
  for (std::size_t p = 0; p < result.values.size(); ++p) {
    result.values[p] -= right.value.values[p];
    result.values[p] -= beta * (left.kl.values[p] - right.kl.values[p]);
  }
  return result;
}

void print_row(const std::string& name, const std::vector<Score>& scores, const Score& reference) {
  std::printf("| %s |", name.c_str());
  for (const Score& score : scores) {
    const Mean gain = difference(score, reference, 0);
    std::printf(" %+.4f +- %.4f (%.2f) |", gain.mean(), gain.error(), score.kl.mean());
  }
  std::printf("\n");
}

/// \p price  of KL, one a column; empty: none
void print_difference(const std::string& name, const std::vector<Score>& left,
                      const std::vector<Score>& right, std::span<const double> price = {}) {
  std::printf("| %s |", name.c_str());
  for (std::size_t k = 0; k < left.size(); ++k) {
    const Mean less = difference(left[k], right[k], price.empty() ? 0 : price[k]);
    std::printf(" %+.4f +- %.4f |", less.mean(), less.error());
  }
  std::printf("\n");
}

void print_head(const char* what, const std::vector<double>& columns) {
  std::printf("\n| %s |", what);
  for (const double value : columns) std::printf(" %g |", value);
  std::printf("\n|---|");
  for (std::size_t k = 0; k < columns.size(); ++k) std::printf("---|");
  std::printf("\n");
}

void run(const Source& source, const std::filesystem::path& folder, int cross_fits) {
  DatasetOptions options;
  options.data = (folder / source.data).string();
  options.table = (folder / source.table).string();
  options.features = source.features;
  options.reward = "y";
  options.group = "prompt_id";
  options.exclude = {source.exclude};
  const Dataset data = load_dataset(options);
  const RewardTable table{*data.features, data.rewards, data.groups};
  const std::size_t n = data.rewards.size();
  const Prompts prompts(data.groups, data.rewards);
  const double sd = reward_sd(table);

  std::vector<std::uint64_t> all(n);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  Matrix<double> features(n, data.features->columns());
  data.features->gather(all, features.view());
  std::vector<std::string> names = source.names;
  std::vector<std::vector<double>> metrics;
  for (const std::size_t j : select_columns(source.metrics, data.feature_names, "metrics")) {
    metrics.push_back(column(features, j));
    if (source.names.empty()) names.push_back(data.feature_names[j]);
  }

  TrainingOptions training;
  training.weights = kWeights;
  for (const double beta : kBetas) training.deployment_temperatures.push_back(beta * sd);
  const TableEvaluation known = evaluate_table(table, {.training = training, .folds = kFolds});

  Scores tilted(kRewards.size(), std::vector(kBetas.size(), prompts.nothing()));
  // Best-of-n by the learned rewards; auto's are those that it deploys at two temperatures.
  Scores best(4, std::vector(kDraws.size(), prompts.nothing()));
  const std::vector<std::string> best_names{
      "auto, deployed at beta/sd = 1", "auto, deployed at beta/sd = 0.25", "uniform", "linear"};
  Scores by_metric(metrics.size(), std::vector(kDraws.size(), prompts.nothing()));
  Scores by_chosen(1, std::vector(kDraws.size(), prompts.nothing()));
  const double share = 1.0 / cross_fits;
  for (int fit = 1; fit <= cross_fits; ++fit) {
    training.seed = static_cast<std::uint64_t>(fit);
    const HeldOut held_out = cross_fit(table, prompts, metrics, training);
    for (std::size_t kind = 0; kind < kRewards.size(); ++kind) {
      for (std::size_t b = 0; b < kBetas.size(); ++b) {
        prompts.add_tilted(held_out.learned[kind][b], kBetas[b] * sd, share, tilted[kind][b]);
      }
    }
    const std::vector<const std::vector<double>*> learned{
        &held_out.learned[0][2], &held_out.learned[0][4], &held_out.learned[1][0],
        &held_out.learned[2][0]};
    for (std::size_t k = 0; k < kDraws.size(); ++k) {
      for (std::size_t who = 0; who < learned.size(); ++who) {
        prompts.add_best_of(kDraws[k], *learned[who], share, best[who][k]);
      }
      for (std::size_t j = 0; j < metrics.size(); ++j) {
        prompts.add_best_of(kDraws[k], held_out.metrics[j], share, by_metric[j][k]);
      }
      prompts.add_best_of(kDraws[k], held_out.chosen, share, by_chosen[0][k]);
    }
  }

  Score reference = prompts.nothing();
  prompts.add_best_of(1, data.rewards, 1, reference);
  std::printf(
      "\n### %s\n\n%zu prompts, %zu candidates, %zu metrics; pi_0 is worth %.4f +- %.4f, "
      "sd within prompts %.4f. Gold value less that of pi_0 (in brackets KL in nats):\n",
      source.name, prompts.size(), n, metrics.size(), reference.value.mean(),
      reference.value.error(), sd);
  print_head("tilted by, beta/sd", kBetas);
  for (std::size_t kind = 0; kind < kRewards.size(); ++kind) {
    print_row(kRewards[kind], tilted[kind], reference);
  }
  Scores truth(1, std::vector(kBetas.size(), prompts.nothing()));
  for (std::size_t b = 0; b < kBetas.size(); ++b) {
    prompts.add_tilted(data.rewards, kBetas[b] * sd, 1, truth[0][b]);
  }
  print_row("the ratings themselves", truth[0], reference);
  const std::span<const double> betas = training.deployment_temperatures;
  print_difference("auto less uniform", tilted[0], tilted[1]);
  print_difference("auto less uniform, KL counted", tilted[0], tilted[1], betas);
  print_difference("auto less linear, KL counted", tilted[0], tilted[2], betas);
  std::printf("\nFirst cross-fit:\n\n");
  for (const RewardEvaluation& reward : known.rewards) {
    std::printf("- %s: held-out correlation within prompts %.3f. \"%s\"\n", reward.name.c_str(),
                reward.correlation, reward.advice.verdict.c_str());
  }
  for (const std::string& remark : known.remarks) std::printf("- %s\n", remark.c_str());

  std::vector<std::size_t> order(metrics.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return by_metric[a][kByDraws].value.mean() > by_metric[b][kByDraws].value.mean();
  });
  print_head("best of n by, n", kDraws);
  for (std::size_t who = 0; who < best.size(); ++who)
    print_row(best_names[who], best[who], reference);
  print_row("the metric that correlates best on the training prompts", by_chosen[0], reference);
  for (std::size_t place = 0; place < std::min(kShown, order.size()); ++place) {
    print_row("metric " + std::to_string(place + 1) + " in hindsight: " + names[order[place]],
              by_metric[order[place]], reference);
  }
  print_row("median metric in hindsight: " + names[order[order.size() / 2]],
            by_metric[order[order.size() / 2]], reference);
  for (std::size_t who = 0; who < best.size(); ++who) {
    print_difference(best_names[who] + ", less the chosen metric", best[who], by_chosen[0]);
    print_difference(best_names[who] + ", less metric 1 in hindsight", best[who],
                     by_metric[order.front()]);
  }
  std::fflush(stdout);
}

}  // namespace
}  // namespace esscher

int main(int argc, char** argv) {
  return esscher::run_on_real_data([&](const std::filesystem::path& folder) {
    const int cross_fits = argc > 1 ? std::atoi(argv[1]) : 5;
    std::printf(
        "%d cross-fits over %d folds of prompts. A metric's sign is that of its correlation with "
        "the ratings within the training prompts.\n",
        cross_fits, esscher::kFolds);
    const std::string only = argc > 2 ? argv[2] : "";
    for (const auto& source : esscher::kSources) {
      if (std::string(source.name).find(only) == std::string::npos) continue;
      esscher::run(source, folder, cross_fits);
    }
  });
}
