#include "esscher/readout/cross_fit.h"

#include <algorithm>
#include <string>

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

}  // namespace

CrossFit cross_fit_ridge(const DesignRows& rows, std::span<const double> targets,
                         std::span<const double> log_weights, std::span<const std::uint32_t> folds,
                         const RidgeOptions& options, std::span<const std::uint32_t> groups) {
  internal::require_valid(options, rows);
  internal::require_targets(rows, targets);
  if (options.rule == PenaltyRule::kfold) {
    throw UsageError(rejection("rule", "kfold", "is not offered where rows are held out in folds",
                               "take gcv or a fixed penalty"));
  }
  const std::size_t count = count_folds(folds, targets.size());
  const std::vector<double> weights =
      internal::relative_weights({log_weights.begin(), log_weights.end()}, targets);
  const internal::RowSpace space(rows);
  const auto means = internal::group_means(space.rows(), targets, weights, groups, options.threads);
  const internal::RowWeights given{weights, means ? &*means : nullptr};
  const auto each = internal::fold_moments(space.rows(), targets, {&given, 1}, {count, folds},
                                           options.threads, options.callbacks);
  if (!each) return {internal::cancelled_fit(rows.columns()), {}};
  const internal::FoldMoments& moments = each->front();
  CrossFit result;
  result.fit = internal::fit_all(moments, space, targets, internal::diagnose_present(log_weights),
                                 rows.columns(), options);

  std::vector<internal::MomentFit> fits(count);
  parallel_for_chunks(
      ChunkGrid(count, 1), {options.threads, "readout: folds", options.callbacks},
      [&](const Chunk& chunk) {
        std::vector<const internal::Moments*> others;
        double weight = 0;
        for (std::size_t fold = 0; fold < count; ++fold) {
          if (fold == chunk.index) continue;
          others.push_back(&moments.folds[fold]);
          weight += moments.folds[fold].weight;
        }
        if (!(weight > 0)) {
          throw DataError(rejection("fold", std::to_string(chunk.index), "holds all the weight",
                                    "raise the temperature of the weights, or take fewer folds"));
        }
        internal::MomentFit& fit = fits[chunk.index];
        fit = internal::fit_moments(others, rows.columns(), options);
        fit.intercept = moments.intercept(fit.coefficients, fit.intercept);
      });

  constexpr std::uint64_t kChunkRows = 512;
  result.held_out.resize(targets.size());
  const LoopStatus status = parallel_for_chunks(
      ChunkGrid(rows.rows(), kChunkRows),
      {options.threads, "readout: held-out predictions", options.callbacks},
      [&](const Chunk& chunk) {
        Matrix<double> block(static_cast<std::size_t>(chunk.size()), space.rows().columns());
        space.rows().fill(chunk.begin, block.view());
        for (std::size_t i = 0; i < block.rows(); ++i) {
          const internal::MomentFit& fit = fits[folds[chunk.begin + i]];
          result.held_out[chunk.begin + i] =
              internal::affine(block.row(i), fit.coefficients, fit.intercept);
        }
      });
  if (status == LoopStatus::cancelled) result.held_out.clear();
  return result;
}

}  // namespace esscher
