#include "pipeline/folded_fits.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "esscher/base/parallel.h"
#include "esscher/linalg/gemm.h"
#include "esscher/readout/stacking.h"
#include "pipeline/preference_fit.h"

namespace esscher::internal {
namespace {

/// Moments of fits that share a pass.
constexpr std::size_t kSharedMomentBytes = std::size_t{1} << 28;
constexpr std::uint64_t kPredictedRows = 256;

}  // namespace

FoldedFits::FoldedFits(std::vector<KernelFeatures> kernels, std::span<const double> targets,
                       std::span<const std::uint32_t> folds, std::span<const std::uint32_t> groups,
                       std::span<const double> even, const TrainingOptions& options,
                       double sure_win)
    : kernels_(std::move(kernels)),
      targets_(targets),
      folds_(folds),
      groups_(groups),
      even_(even),
      options_(options),
      sure_win_(sure_win) {
  ridge_.rule = PenaltyRule::fixed;
  ridge_.count_degrees_of_freedom = false;
  ridge_.threads = options.threads;
  ridge_.callbacks = options.callbacks;
}

std::vector<double> FoldedFits::without(std::size_t fold, std::vector<double> log_weights) const {
  for (std::size_t i = 0; i < log_weights.size(); ++i) {
    if (folds_[i] == fold) log_weights[i] = -std::numeric_limits<double>::infinity();
  }
  return log_weights;
}

std::size_t FoldedFits::fits_a_pass(const MetricRows& rows, std::size_t moments) const {
  // Means of groups for one weights at a time: they may take much memory.
  if (!groups_.empty()) return 1;
  const std::size_t bytes = (rows.columns() + 1) * (rows.columns() + 1) * sizeof(double);
  return std::max<std::size_t>(1, kSharedMomentBytes / (moments * bytes));
}

std::vector<RidgeFit> FoldedFits::ridges(const MetricRows& rows,
                                         std::vector<std::vector<double>> log_weights,
                                         std::span<const double> penalties) const {
  std::vector<RidgeFit> fits;
  const std::size_t most = fits_a_pass(rows, 1);
  for (std::size_t begin = 0; begin < penalties.size(); begin += most) {
    if (options_.callbacks.cancelled()) return {};
    const std::size_t count = std::min(most, penalties.size() - begin);
    if (!groups_.empty()) {
      RidgeOptions ridge = ridge_;
      ridge.penalty = penalties[begin];
      fits.push_back(fit_ridge(rows, targets_, log_weights[begin], ridge, groups_));
      continue;
    }
    std::vector<std::vector<double>> some(
        std::make_move_iterator(log_weights.begin() + static_cast<std::ptrdiff_t>(begin)),
        std::make_move_iterator(log_weights.begin() + static_cast<std::ptrdiff_t>(begin + count)));
    std::ranges::move(
        fit_ridges(rows, targets_, std::move(some), penalties.subspan(begin, count), ridge_),
        std::back_inserter(fits));
  }
  return fits;
}

void FoldedFits::predict_fold(const MetricRows& rows, std::size_t fold,
                              std::span<const RidgeFit> fits, std::span<CrossFit> into) const {
  Matrix<double> coefficients(fits.size(), rows.columns());
  for (std::size_t k = 0; k < fits.size(); ++k) {
    std::ranges::copy(fits[k].coefficients, coefficients.row(k).begin());
    into[k].held_out.resize(targets_.size());
  }
  parallel_for_chunks(
      ChunkGrid(rows.rows(), kPredictedRows), {options_.threads, "", {}}, [&](const Chunk& chunk) {
        const auto begin = folds_.begin() + static_cast<std::ptrdiff_t>(chunk.begin);
        if (std::find(begin, begin + static_cast<std::ptrdiff_t>(chunk.size()), fold) ==
            begin + static_cast<std::ptrdiff_t>(chunk.size())) {
          return;
        }
        Matrix<double> block(static_cast<std::size_t>(chunk.size()), rows.columns());
        rows.fill(chunk.begin, block.view());
        Matrix<double> values(block.rows(), fits.size());
        gemm(Operand::plain, block.view(), Operand::transposed, coefficients.view(), 0.0,
             values.view());
        for (std::size_t i = 0; i < block.rows(); ++i) {
          if (folds_[chunk.begin + i] != fold) continue;
          for (std::size_t k = 0; k < fits.size(); ++k) {
            into[k].held_out[chunk.begin + i] = fits[k].intercept + values(i, k);
          }
        }
      });
}

std::vector<double> FoldedFits::lift(std::span<const double> coefficients) const {
  std::vector<double> lifted;
  std::size_t first = 0;
  for (std::size_t k = 0; k < kernels_.size(); ++k) {
    const std::size_t count = all(k).columns();
    std::ranges::copy(all(k).lift(coefficients.subspan(first, count)), std::back_inserter(lifted));
    first += count;
  }
  return lifted;
}

std::vector<CrossFit> FoldedFits::fit(const std::vector<std::vector<double>>& log_weights,
                                      std::span<const double> factors) const {
  std::vector<std::vector<CrossFit>> by_weights(log_weights.size());
  for (std::size_t k = 0; k < kernels_.size(); ++k) {
    std::vector<double> penalties(factors.begin(), factors.end());
    for (double& penalty : penalties) penalty *= penalties_[k];
    std::vector<CrossFit> fits = fit_kernel(k, log_weights, penalties);
    if (fits.size() != by_weights.size()) return {};
    for (std::size_t w = 0; w < fits.size(); ++w) by_weights[w].push_back(std::move(fits[w]));
  }
  std::vector<CrossFit> result;
  for (const std::vector<CrossFit>& fits : by_weights) result.push_back(mixed(fits));
  return result;
}

std::vector<CrossFit> FoldedFits::fit_kernel(std::size_t k,
                                             std::vector<std::vector<double>> log_weights,
                                             std::span<const double> penalties) const {
  std::vector<CrossFit> result(log_weights.size());
  if (options_.loss == ReadoutLoss::preferences) {
    for (std::size_t w = 0; w < result.size(); ++w) {
      result[w] = preferences(log_weights[w], penalties[w]);
      if (result[w].held_out.empty()) return {};
    }
    return result;
  }
  if (kernels_[k].shared()) {
    const std::size_t folds = std::size_t{std::ranges::max(folds_)} + 1;
    const std::size_t most = fits_a_pass(all(k), folds);
    result.clear();
    for (std::size_t begin = 0; begin < penalties.size(); begin += most) {
      const std::size_t count = std::min(most, penalties.size() - begin);
      const auto first = log_weights.begin() + static_cast<std::ptrdiff_t>(begin);
      std::vector<std::vector<double>> some(
          std::make_move_iterator(first),
          std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
      std::ranges::move(cross_fit_ridges(all(k), targets_, std::move(some),
                                         penalties.subspan(begin, count), folds_, ridge_, groups_),
                        std::back_inserter(result));
      if (options_.callbacks.cancelled()) return {};
    }
    return result;
  }
  for (std::size_t fold = 0; fold + 1 < kernels_[k].rows.size(); ++fold) {
    const MetricRows& rows = *kernels_[k].rows[fold];
    std::vector<std::vector<double>> others;
    for (const std::vector<double>& each : log_weights) others.push_back(without(fold, each));
    const std::vector<RidgeFit> fits = ridges(rows, std::move(others), penalties);
    if (fits.size() != result.size() || options_.callbacks.cancelled()) return {};
    predict_fold(rows, fold, fits, result);
  }
  std::vector<RidgeFit> fits = ridges(all(k), std::move(log_weights), penalties);
  if (fits.size() != result.size() || options_.callbacks.cancelled()) return {};
  for (std::size_t w = 0; w < result.size(); ++w) result[w].fit = std::move(fits[w]);
  return result;
}

CrossFit FoldedFits::choose() {
  shares_.clear();
  penalties_.clear();
  std::vector<CrossFit> fits;
  std::vector<std::vector<double>> held_out;
  for (std::size_t k = 0; k < kernels_.size(); ++k) {
    fits.push_back(choose_penalty(k));
    if (fits.back().held_out.empty()) return {};  // cancelled
    held_out.push_back(fits.back().held_out);
    penalties_.push_back(fits.back().fit.penalty);
  }
  shares_ = fits.size() == 1 ? std::vector<double>{1}
                             : stacking_shares(held_out, targets_, even_, groups_);
  return mixed(fits);
}

CrossFit FoldedFits::mixed(std::span<const CrossFit> fits) const {
  if (fits.size() == 1) return fits.front();
  // The facts of the kernel that has most of it.
  const auto most = std::ranges::max_element(shares_) - shares_.begin();
  CrossFit result = fits[static_cast<std::size_t>(most)];
  result.fit.coefficients.clear();
  result.fit.intercept = 0;
  result.fit.degrees_of_freedom = 0;
  std::vector<std::vector<double>> held_out;
  for (std::size_t k = 0; k < fits.size(); ++k) {
    for (const double a : fits[k].fit.coefficients) {
      result.fit.coefficients.push_back(shares_[k] * a);
    }
    result.fit.intercept += shares_[k] * fits[k].fit.intercept;
    result.fit.degrees_of_freedom += shares_[k] * fits[k].fit.degrees_of_freedom;
    held_out.push_back(fits[k].held_out);
  }
  result.held_out = stacked(held_out, shares_);
  return result;
}

CrossFit FoldedFits::choose_penalty(std::size_t k) const {
  const std::vector<double>& penalties = kernels_[k].penalties;
  if (options_.loss == ReadoutLoss::preferences) {
    return preferences(even_, penalties.empty() ? std::nullopt : std::optional(penalties[0]));
  }
  const std::vector<double> even(even_.begin(), even_.end());
  RidgeOptions counting = ridge_;
  counting.count_degrees_of_freedom = true;
  std::vector<CrossFit> candidates(penalties.size());
  if (kernels_[k].shared()) {
    candidates = cross_fit_ridge_path(all(k), targets_, even, penalties, folds_, counting, groups_);
    if (options_.callbacks.cancelled()) return {};
  } else {
    for (std::size_t fold = 0; fold + 1 < kernels_[k].rows.size(); ++fold) {
      const MetricRows& rows = *kernels_[k].rows[fold];
      const std::vector<RidgeFit> fits =
          fit_ridge_path(rows, targets_, without(fold, even), penalties, ridge_, groups_);
      if (options_.callbacks.cancelled()) return {};
      predict_fold(rows, fold, fits, candidates);
    }
  }
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t p = 0; p < candidates.size(); ++p) {
    const double error = held_out_error(candidates[p].held_out);
    if (error < least) {
      least = error;
      best = p;
    }
  }
  CrossFit result = std::move(candidates[best]);
  if (kernels_[k].shared()) return result;
  counting.penalty = penalties[best];
  result.fit = fit_ridge(all(k), targets_, even_, counting, groups_);
  if (result.fit.status == RidgeStatus::cancelled) result.held_out.clear();
  return result;
}

double FoldedFits::held_out_error(std::span<const double> predictions) const {
  const std::size_t groups = groups_.empty() ? 1 : std::size_t{std::ranges::max(groups_)} + 1;
  const auto group = [&](std::size_t i) { return groups_.empty() ? 0 : groups_[i]; };
  std::vector<double> mass(groups);
  std::vector<double> mean(groups);
  if (!groups_.empty()) {
    for (std::size_t i = 0; i < predictions.size(); ++i) {
      const double w = std::exp(even_[i]);
      mass[group(i)] += w;
      mean[group(i)] += w * (targets_[i] - predictions[i]);
    }
    for (std::size_t g = 0; g < groups; ++g) mean[g] = mass[g] > 0 ? mean[g] / mass[g] : 0;
  }
  double sum = 0;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const double e = targets_[i] - predictions[i] - mean[group(i)];
    sum += std::exp(even_[i]) * e * e;
  }
  return sum;
}

CrossFit FoldedFits::preferences(std::span<const double> log_weights,
                                 std::optional<double> penalty) const {
  PreferenceFitOptions preferences{.penalty = penalty,
                                   .seed = options_.seed,
                                   .sure_win = sure_win_,
                                   .threads = options_.threads,
                                   .callbacks = options_.callbacks};
  std::vector<const DesignRows*> rows;
  for (const auto& each : kernels_.front().rows) rows.push_back(each.get());
  if (kernels_.front().shared()) {
    rows.assign(std::size_t{std::ranges::max(folds_)} + 2, rows.front());
  }
  return cross_fit_preferences(rows, targets_, log_weights, folds_, groups_, even_, preferences);
}

}  // namespace esscher::internal
