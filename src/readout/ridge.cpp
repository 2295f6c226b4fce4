#include "esscher/readout/ridge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "readout/moments.h"
#include "readout/penalty.h"
#include "readout/ridge_options.h"
#include "readout/ridge_solution.h"
#include "readout/row_space.h"

namespace esscher {
namespace {

void set_status(RidgeFit& fit, bool constant, bool singular, std::size_t features) {
  const auto parameters = static_cast<double>(features + 1);
  if (constant) {
    fit.status = RidgeStatus::constant;
    fit.remark = "the weighted labels do not vary: the fit is the constant " +
                 number_text(fit.intercept, 6) + " (effective sample size " +
                 number_text(fit.weights.ess, 3) + ")";
  } else if (fit.weights.ess < parameters) {
    fit.status = RidgeStatus::few_effective_samples;
    fit.remark = "the effective sample size is " + number_text(fit.weights.ess, 3) +
                 ", less than the " + number_text(parameters) +
                 " parameters: only the penalty keeps the fit in bounds";
  } else if (singular) {
    fit.status = RidgeStatus::rank_deficient;
    fit.remark = "the features span only " + std::to_string(fit.rank) + " of " +
                 std::to_string(features) +
                 " directions to working precision: coefficients are 0 along the others";
  }
}

}  // namespace

RidgeFit internal::fit_all(const FoldMoments& moments, const RowSpace& space,
                           std::span<const double> targets, const WeightDiagnostics& weights,
                           std::size_t features, const RidgeOptions& options) {
  RidgeFit fit;
  fit.weights = weights;
  fit.dual = space.dual();
  fit.coefficients.assign(features, 0.0);
  std::vector<const Moments*> parts;
  for (const Moments& part : moments.folds) parts.push_back(&part);
  MomentFit solution;
  std::optional<Moments> sum;
  const Moments& all = parts.size() == 1 ? *parts.front() : sum.emplace(merged(parts));
  const bool constant = is_constant(all.target_variance(), targets);
  if (constant) {
    fit.intercept = moments.intercept({}, all.mean.back());
    fit.degrees_of_freedom = 1;
    fit.weighted_error = all.target_variance();
  } else {
    solution = fit_moments(parts, features, options);
    fit.intercept = moments.intercept(solution.coefficients, solution.intercept);
    fit.coefficients = space.lift(solution.coefficients, fit.intercept);
    fit.penalty = solution.penalty;
    fit.degrees_of_freedom = solution.degrees_of_freedom;
    fit.weighted_error = solution.error;
    fit.path = std::move(solution.path);
    fit.rank = solution.rank;
  }
  set_status(fit, constant, solution.singular, features);
  return fit;
}

bool internal::is_constant(double variance, std::span<const double> targets) {
  const auto [least, greatest] = std::minmax_element(targets.begin(), targets.end());
  const double resolution = std::numeric_limits<double>::epsilon() * (*greatest - *least);
  return std::sqrt(variance) <= resolution;
}

RidgeFit internal::cancelled_fit(std::size_t features) {
  RidgeFit fit;
  fit.coefficients.assign(features, 0.0);
  fit.status = RidgeStatus::cancelled;
  fit.remark = "cancelled before the rows were read";
  return fit;
}

WeightDiagnostics internal::diagnose_present(std::span<const double> log_weights) {
  std::vector<double> present(log_weights.begin(), log_weights.end());
  std::erase(present, -std::numeric_limits<double>::infinity());
  return diagnose_weights(present);
}

void internal::require_penalties(std::span<const double> penalties, std::size_t weightings) {
  if (penalties.size() == weightings) return;
  throw UsageError(rejection("penalties", std::to_string(penalties.size()) + " values",
                             "there are " + std::to_string(weightings) + " weightings"));
}

std::vector<double> internal::relative_weights(std::vector<double> log_weights,
                                               std::span<const double> targets) {
  if (log_weights.size() != targets.size()) {
    throw UsageError(rejection("log_weights", std::to_string(log_weights.size()) + " values",
                               "there are " + std::to_string(targets.size()) + " targets"));
  }
  normalise_log_weights(log_weights);
  for (double& w : log_weights) w = std::exp(w);
  return log_weights;
}

RidgeFit fit_ridge(const DesignRows& rows, std::span<const double> targets,
                   std::span<const double> log_weights, const RidgeOptions& options,
                   std::span<const std::uint32_t> groups) {
  internal::require_valid(options, rows);
  internal::require_targets(rows, targets);
  const std::vector<double> weights =
      internal::relative_weights({log_weights.begin(), log_weights.end()}, targets);
  const internal::RowSpace space(rows);
  const auto folds =
      static_cast<std::size_t>(options.rule == PenaltyRule::kfold ? options.folds : 1);
  if (folds > 1 && !groups.empty()) {
    throw UsageError(rejection("rule", "kfold", "is not offered for groups, which it would split",
                               "take gcv or a fixed penalty"));
  }
  const auto means = internal::group_means(space.rows(), targets, weights, groups, options.threads);
  const internal::RowWeights given{weights, means ? &*means : nullptr};
  const auto each = internal::fold_moments(space.rows(), targets, {&given, 1}, {.count = folds},
                                           options.threads, options.callbacks);
  if (!each) return internal::cancelled_fit(rows.columns());
  return internal::fit_all(each->front(), space, targets, internal::diagnose_present(log_weights),
                           rows.columns(), options);
}

std::vector<RidgeFit> fit_ridges(const DesignRows& rows, std::span<const double> targets,
                                 std::vector<std::vector<double>> log_weights,
                                 std::span<const double> penalties, const RidgeOptions& options) {
  internal::require_penalties(penalties, log_weights.size());
  if (log_weights.empty()) return {};
  internal::require_targets(rows, targets);
  std::vector<RidgeOptions> fixed(penalties.size(), options);
  std::vector<WeightDiagnostics> diagnostics;
  std::vector<internal::RowWeights> given;
  for (std::size_t k = 0; k < fixed.size(); ++k) {
    fixed[k].rule = PenaltyRule::fixed;
    fixed[k].penalty = penalties[k];
    internal::require_valid(fixed[k], rows);
    if (log_weights[k].size() != targets.size()) {
      throw UsageError(rejection("log_weights", std::to_string(log_weights[k].size()) + " values",
                                 "there are " + std::to_string(targets.size()) + " targets"));
    }
    diagnostics.push_back(internal::diagnose_present(log_weights[k]));
    log_weights[k] = internal::relative_weights(std::move(log_weights[k]), targets);
    given.push_back({log_weights[k]});
  }
  const internal::RowSpace space(rows);
  const auto moments =
      internal::fold_moments(space.rows(), targets, given, {}, options.threads, options.callbacks);
  if (!moments) return std::vector(fixed.size(), internal::cancelled_fit(rows.columns()));
  std::vector<RidgeFit> fits(fixed.size());
  const int solving = internal::solution_threads(space.rows(), options.threads);
  parallel_for_chunks(ChunkGrid(fits.size(), 1), {solving, "", {}}, [&](const Chunk& chunk) {
    const std::size_t k = chunk.index;
    fits[k] =
        internal::fit_all((*moments)[k], space, targets, diagnostics[k], rows.columns(), fixed[k]);
  });
  return fits;
}

std::vector<RidgeFit> fit_ridge_path(const DesignRows& rows, std::span<const double> targets,
                                     std::span<const double> log_weights,
                                     std::span<const double> penalties, const RidgeOptions& options,
                                     std::span<const std::uint32_t> groups) {
  internal::require_targets(rows, targets);
  std::vector<RidgeOptions> fixed(penalties.size(), options);
  for (std::size_t k = 0; k < fixed.size(); ++k) {
    fixed[k].rule = PenaltyRule::fixed;
    fixed[k].penalty = penalties[k];
    internal::require_valid(fixed[k], rows);
  }
  const std::vector<double> weights =
      internal::relative_weights({log_weights.begin(), log_weights.end()}, targets);
  const internal::RowSpace space(rows);
  const auto means = internal::group_means(space.rows(), targets, weights, groups, options.threads);
  const internal::RowWeights given{weights, means ? &*means : nullptr};
  const auto moments = internal::fold_moments(space.rows(), targets, {&given, 1}, {},
                                              options.threads, options.callbacks);
  if (!moments) return std::vector(fixed.size(), internal::cancelled_fit(rows.columns()));
  const WeightDiagnostics diagnostics = internal::diagnose_present(log_weights);
  std::vector<RidgeFit> fits(fixed.size());
  const int solving = internal::solution_threads(space.rows(), options.threads);
  parallel_for_chunks(ChunkGrid(fits.size(), 1), {solving, "", {}}, [&](const Chunk& chunk) {
    fits[chunk.index] = internal::fit_all(moments->front(), space, targets, diagnostics,
                                          rows.columns(), fixed[chunk.index]);
  });
  return fits;
}

}  // namespace esscher
