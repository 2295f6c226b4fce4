#include "esscher/readout/cross_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
#include "readout/affine.h"
#include "readout/moments.h"
#include "readout/penalty.h"
#include "readout/ridge_options.h"
#include "readout/ridge_solution.h"
#include "readout/row_space.h"

namespace esscher {
namespace {

constexpr std::uint32_t kMostFolds = 64;

/// K. \throws UsageError unless every fold from 0 to K - 1 occurs
std::size_t count_folds(std::span<const std::uint32_t> folds, std::size_t rows) {
  if (folds.size() != rows) {
    throw UsageError(rejection("folds", std::to_string(folds.size()) + " values",
                               "there are " + std::to_string(rows) + " rows"));
  }
  const std::uint32_t last = *std::ranges::max_element(folds);
  std::vector<bool> occurs(std::min(last, kMostFolds) + 1);
  for (const std::uint32_t fold : folds) occurs[std::min(fold, kMostFolds)] = true;
  if (last == 0 || last >= kMostFolds || std::ranges::count(occurs, false) > 0) {
    throw UsageError(rejection("folds", "numbers up to " + std::to_string(last),
                               "must be 0 to K - 1 for a K from 2 to 64, each of which occurs"));
  }
  return std::size_t{last} + 1;
}

/// One fit: to the rows with such weights, with such options.
struct Task {
  std::size_t weights = 0;
  RidgeOptions options;
};

/// Weights of sum 1 within each fold, and the logarithm of what each fold has of the whole: rows
/// far below the heaviest of all must keep theirs, since a fit that leaves that one's fold out has
/// no others.
struct FoldWeights {
  std::vector<double> weights;     ///< n
  std::vector<double> log_masses;  ///< of folds; -infinity for none
};

/// \throws as normalise_log_weights(), and UsageError unless there is one a row
FoldWeights fold_weights(std::vector<double> log_weights, std::span<const std::uint32_t> folds,
                         std::size_t count) {
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  if (log_weights.size() != folds.size()) {
    throw UsageError(rejection("log_weights", std::to_string(log_weights.size()) + " values",
                               "there are " + std::to_string(folds.size()) + " targets"));
  }
  normalise_log_weights(log_weights);
  std::vector<double> greatest(count, kNone);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    greatest[folds[i]] = std::max(greatest[folds[i]], log_weights[i]);
  }
  std::vector<double> total(count);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    double& w = log_weights[i];
    w = w == kNone ? 0 : std::exp(w - greatest[folds[i]]);
    total[folds[i]] += w;
  }
  for (std::size_t i = 0; i < folds.size(); ++i) {
    if (total[folds[i]] > 0) log_weights[i] /= total[folds[i]];
  }
  for (std::size_t fold = 0; fold < count; ++fold) greatest[fold] += std::log(total[fold]);
  return {std::move(log_weights), std::move(greatest)};
}

/// Those of all folds but \p without, relative to the heaviest of these. No weight where they have
/// none. \param without  K for none
internal::Moments joined(const internal::FoldMoments& moments, const FoldWeights& weights,
                         std::size_t without) {
  const std::span<const double> log_masses = weights.log_masses;
  std::size_t heaviest = without == 0 ? 1 : 0;
  for (std::size_t fold = 0; fold < log_masses.size(); ++fold) {
    if (fold != without && log_masses[fold] > log_masses[heaviest]) heaviest = fold;
  }
  internal::Moments all = moments.folds[heaviest];
  for (std::size_t fold = 0; fold < log_masses.size(); ++fold) {
    if (fold == heaviest || fold == without || moments.folds[fold].weight == 0) continue;
    const double scale = std::exp(log_masses[fold] - log_masses[heaviest]);
    // Beyond the smallest doubles there is nothing to add.
    if (scale > 0) merge(all, moments.folds[fold], scale);
  }
  return all;
}

/// Each task's fits to all rows and to those outside each fold, and what these predict.
/// \param log_weights  n each
std::vector<CrossFit> cross_fit(const DesignRows& rows, std::span<const double> targets,
                                std::vector<std::vector<double>> log_weights,
                                std::span<const Task> tasks, std::span<const std::uint32_t> folds,
                                std::span<const std::uint32_t> groups) {
  internal::require_targets(rows, targets);
  for (const Task& task : tasks) internal::require_valid(task.options, rows);
  const std::size_t count = count_folds(folds, targets.size());
  const RidgeOptions& common = tasks.front().options;
  const internal::RowSpace space(rows);
  std::vector<WeightDiagnostics> diagnostics;
  std::vector<FoldWeights> weights;
  std::vector<std::optional<internal::GroupMeans>> means;
  for (std::vector<double>& each : log_weights) {
    diagnostics.push_back(internal::diagnose_present(each));
    weights.push_back(fold_weights(std::move(each), folds, count));
    means.push_back(internal::group_means(space.rows(), targets, weights.back().weights, groups,
                                          common.threads));
  }
  std::vector<internal::RowWeights> given;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    given.push_back({weights[k].weights, means[k] ? &*means[k] : nullptr});
  }
  auto each = internal::fold_moments(space.rows(), targets, given, {count, folds}, common.threads,
                                     common.callbacks);
  std::vector<CrossFit> results(tasks.size(), {internal::cancelled_fit(rows.columns()), {}});
  if (!each) return results;
  for (std::size_t k = 0; k < weights.size() && !groups.empty(); ++k) {
    std::vector<double> all(targets.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = weights[k].weights[i] * std::exp(weights[k].log_masses[folds[i]]);
    }
    (*each)[k].origin = means[k]->overall(all);
  }

  // Of each task the fit to all rows and those without one fold, side by side.
  Matrix<double> coefficients(tasks.size() * count, space.rows().columns());
  std::vector<double> intercepts(tasks.size() * count);
  const int solving = internal::solution_threads(space.rows(), common.threads);
  const LoopStatus fitted = parallel_for_chunks(
      ChunkGrid(tasks.size() * (count + 1), 1), {solving, "readout: folds", common.callbacks},
      [&](const Chunk& chunk) {
        const std::size_t t = chunk.index / (count + 1);
        const std::size_t fold = chunk.index % (count + 1);
        const Task& task = tasks[t];
        const internal::FoldMoments& moments = (*each)[task.weights];
        internal::FoldMoments joint{moments.origin, {}};
        joint.folds.push_back(joined(moments, weights[task.weights], fold));
        if (fold == count) {
          results[t].fit = internal::fit_all(joint, space, targets, diagnostics[task.weights],
                                             rows.columns(), task.options);
          return;
        }
        const internal::Moments& all = joint.folds.front();
        if (!(all.weight > 0)) {
          throw DataError(rejection("fold", std::to_string(fold), "holds all the weight",
                                    "raise the temperature of the weights, or take fewer folds"));
        }
        if (internal::is_constant(all.target_variance(), targets)) {
          intercepts[t * count + fold] = moments.intercept({}, all.mean.back());
          return;
        }
        RidgeOptions uncounted = task.options;
        uncounted.count_degrees_of_freedom = false;
        const internal::Moments* const others = &all;
        const internal::MomentFit fit =
            internal::fit_moments({&others, 1}, rows.columns(), uncounted);
        std::ranges::copy(fit.coefficients, coefficients.row(t * count + fold).begin());
        intercepts[t * count + fold] = moments.intercept(fit.coefficients, fit.intercept);
      });
  if (fitted == LoopStatus::cancelled) {
    for (CrossFit& result : results) result.fit = internal::cancelled_fit(rows.columns());
    return results;
  }

  constexpr std::uint64_t kChunkRows = 512;
  for (CrossFit& result : results) result.held_out.resize(targets.size());
  const LoopStatus status = parallel_for_chunks(
      ChunkGrid(rows.rows(), kChunkRows),
      {common.threads, "readout: held-out predictions", common.callbacks}, [&](const Chunk& chunk) {
        Matrix<double> block(static_cast<std::size_t>(chunk.size()), space.rows().columns());
        space.rows().fill(chunk.begin, block.view());
        for (std::size_t i = 0; i < block.rows(); ++i) {
          for (std::size_t t = 0; t < tasks.size(); ++t) {
            const std::size_t fit = t * count + folds[chunk.begin + i];
            results[t].held_out[chunk.begin + i] =
                internal::affine(block.row(i), coefficients.row(fit), intercepts[fit]);
          }
        }
      });
  if (status == LoopStatus::cancelled) {
    for (CrossFit& result : results) result.held_out.clear();
  }
  return results;
}

RidgeOptions with_penalty(RidgeOptions options, double penalty) {
  options.rule = PenaltyRule::fixed;
  options.penalty = penalty;
  return options;
}

}  // namespace

CrossFit cross_fit_ridge(const DesignRows& rows, std::span<const double> targets,
                         std::span<const double> log_weights, std::span<const std::uint32_t> folds,
                         const RidgeOptions& options, std::span<const std::uint32_t> groups) {
  if (options.rule == PenaltyRule::kfold) {
    throw UsageError(rejection("rule", "kfold", "is not offered where rows are held out in folds",
                               "take gcv or a fixed penalty"));
  }
  const Task task{0, options};
  return cross_fit(rows, targets, {{log_weights.begin(), log_weights.end()}}, {&task, 1}, folds,
                   groups)
      .front();
}

std::vector<CrossFit> cross_fit_ridges(const DesignRows& rows, std::span<const double> targets,
                                       std::vector<std::vector<double>> log_weights,
                                       std::span<const double> penalties,
                                       std::span<const std::uint32_t> folds,
                                       const RidgeOptions& options,
                                       std::span<const std::uint32_t> groups) {
  internal::require_penalties(penalties, log_weights.size());
  if (penalties.empty()) return {};
  std::vector<Task> tasks;
  for (const double penalty : penalties) {
    tasks.push_back({tasks.size(), with_penalty(options, penalty)});
  }
  return cross_fit(rows, targets, std::move(log_weights), tasks, folds, groups);
}

std::vector<CrossFit> cross_fit_ridge_path(const DesignRows& rows, std::span<const double> targets,
                                           std::span<const double> log_weights,
                                           std::span<const double> penalties,
                                           std::span<const std::uint32_t> folds,
                                           const RidgeOptions& options,
                                           std::span<const std::uint32_t> groups) {
  if (penalties.empty()) return {};
  std::vector<Task> tasks;
  for (const double penalty : penalties) tasks.push_back({0, with_penalty(options, penalty)});
  return cross_fit(rows, targets, {{log_weights.begin(), log_weights.end()}}, tasks, folds, groups);
}

}  // namespace esscher
