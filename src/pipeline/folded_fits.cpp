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

/// Moments of fits that share a pass: eight of 2048 landmarks, four of two folds.
constexpr std::size_t kSharedMomentBytes = std::size_t{9} << 25;
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

const MetricRows& FoldedFits::at_work(std::size_t k, std::size_t at) const {
  if (kernels_[k].make) {
    for (std::size_t other = 0; other < kernels_.size(); ++other) {
      auto& sets = kernels_[other].rows;
      for (std::size_t i = 0; i < sets.size(); ++i) {
        if (sets[i] == nullptr || (other == k && i == at)) continue;
        // Those of all rows lift coefficients yet.
        i + 1 == sets.size() ? sets[i]->rest() : sets[i].reset();
      }
    }
    auto& set = kernels_[k].rows[at];
    set == nullptr ? void(set = kernels_[k].make(at)) : set->use();
  }
  return *kernels_[k].rows[at];
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
                                         const std::vector<std::vector<double>>& log_weights,
                                         std::optional<std::size_t> without_fold,
                                         std::span<const double> penalties) const {
  std::vector<RidgeFit> fits;
  const std::size_t most = fits_a_pass(rows, 1);
  for (std::size_t begin = 0; begin < penalties.size(); begin += most) {
    if (options_.callbacks.cancelled()) return {};
    const std::size_t count = std::min(most, penalties.size() - begin);
    std::vector<std::vector<double>> some;
    for (std::size_t w = begin; w < begin + count; ++w) {
      some.push_back(without_fold ? without(*without_fold, log_weights[w]) : log_weights[w]);
    }
    if (!groups_.empty()) {
      RidgeOptions ridge = ridge_;
      ridge.penalty = penalties[begin];
      fits.push_back(fit_ridge(rows, targets_, some.front(), ridge, groups_));
      continue;
    }
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
  parallel_for_chunks(ChunkGrid(rows.rows(), kPredictedRows),
                      {options_.threads, "readout: held-out predictions", options_.callbacks},
                      [&](const Chunk& chunk) {
                        std::vector<std::uint8_t> wanted(static_cast<std::size_t>(chunk.size()));
                        for (std::size_t i = 0; i < wanted.size(); ++i) {
                          wanted[i] = folds_[chunk.begin + i] == fold;
                        }
                        if (std::ranges::find(wanted, std::uint8_t{1}) == wanted.end()) return;
                        Matrix<double> block(wanted.size(), rows.columns());
                        rows.fill_wanted(chunk.begin, wanted, block.view());
                        Matrix<double> values(block.rows(), fits.size());
                        gemm(Operand::plain, block.view(), Operand::transposed, coefficients.view(),
                             0.0, values.view());
                        for (std::size_t i = 0; i < block.rows(); ++i) {
                          if (wanted[i] == 0) continue;
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
  std::vector<CrossFit> result(log_weights.size());
  for (std::size_t k = 0; k < kernels_.size(); ++k) {
    std::vector<double> penalties(factors.begin(), factors.end());
    for (double& penalty : penalties) penalty *= penalties_[k];
    std::vector<CrossFit> fits = fit_kernel(k, log_weights, penalties);
    if (fits.size() != result.size()) return {};
    for (std::size_t w = 0; w < fits.size(); ++w) mix(k, std::move(fits[w]), result[w]);
  }
  return result;
}

std::vector<CrossFit> FoldedFits::fit_kernel(std::size_t k,
                                             const std::vector<std::vector<double>>& log_weights,
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
    const MetricRows& rows = at_work(k, 0);
    const std::size_t most = fits_a_pass(rows, folds);
    result.clear();
    for (std::size_t begin = 0; begin < penalties.size(); begin += most) {
      const std::size_t count = std::min(most, penalties.size() - begin);
      const auto first = log_weights.begin() + static_cast<std::ptrdiff_t>(begin);
      std::vector<std::vector<double>> some(first, first + static_cast<std::ptrdiff_t>(count));
      std::ranges::move(cross_fit_ridges(rows, targets_, std::move(some),
                                         penalties.subspan(begin, count), folds_, ridge_, groups_),
                        std::back_inserter(result));
      if (options_.callbacks.cancelled()) return {};
    }
    return result;
  }
  // Asked before each set of features, which may be long in the making.
  for (std::size_t fold = 0; fold + 1 < kernels_[k].rows.size(); ++fold) {
    if (options_.callbacks.cancelled()) return {};
    const MetricRows& rows = at_work(k, fold);
    const std::vector<RidgeFit> fits = ridges(rows, log_weights, fold, penalties);
    if (fits.size() != result.size() || options_.callbacks.cancelled()) return {};
    predict_fold(rows, fold, fits, result);
  }
  if (options_.callbacks.cancelled()) return {};
  std::vector<RidgeFit> fits =
      ridges(at_work(k, kernels_[k].rows.size() - 1), log_weights, std::nullopt, penalties);
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
    held_out.push_back(std::move(fits.back().held_out));
    penalties_.push_back(fits.back().fit.penalty);
  }
  shares_ = fits.size() == 1 ? std::vector<double>{1}
                             : stacking_shares(held_out, targets_, even_, groups_);
  CrossFit result;
  for (std::size_t k = 0; k < kernels_.size(); ++k) {
    fits[k].held_out = std::move(held_out[k]);
    mix(k, std::move(fits[k]), result);
  }
  return result;
}

void FoldedFits::mix(std::size_t k, CrossFit&& fit, CrossFit& into) const {
  if (kernels_.size() == 1) {
    into = std::move(fit);
    return;
  }
  const double share = shares_[k];
  std::vector<double> coefficients = std::exchange(into.fit.coefficients, {});
  for (const double a : fit.fit.coefficients) coefficients.push_back(share * a);
  const double intercept = into.fit.intercept + share * fit.fit.intercept;
  const double freedom = into.fit.degrees_of_freedom + share * fit.fit.degrees_of_freedom;
  into.held_out.resize(fit.held_out.size());
  for (std::size_t i = 0; i < fit.held_out.size(); ++i) into.held_out[i] += share * fit.held_out[i];
  // The facts of the kernel that has most of it.
  const auto most = std::ranges::max_element(shares_) - shares_.begin();
  if (k == static_cast<std::size_t>(most)) into.fit = std::move(fit.fit);
  into.fit.coefficients = std::move(coefficients);
  into.fit.intercept = intercept;
  into.fit.degrees_of_freedom = freedom;
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
    candidates =
        cross_fit_ridge_path(at_work(k, 0), targets_, even, penalties, folds_, counting, groups_);
    if (options_.callbacks.cancelled()) return {};
  } else {
    for (std::size_t fold = 0; fold + 1 < kernels_[k].rows.size(); ++fold) {
      if (options_.callbacks.cancelled()) return {};
      const MetricRows& rows = at_work(k, fold);
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
  if (options_.callbacks.cancelled()) return {};
  counting.penalty = penalties[best];
  candidates.clear();
  result.fit =
      fit_ridge(at_work(k, kernels_[k].rows.size() - 1), targets_, even_, counting, groups_);
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
