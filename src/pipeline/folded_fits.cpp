#include "pipeline/folded_fits.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "esscher/base/parallel.h"
#include "esscher/linalg/gemm.h"
#include "pipeline/preference_fit.h"

namespace esscher::internal {
namespace {

/// Moments of fits that share a pass, for one chunk of rows; a thread holds some four of them.
constexpr std::size_t kSharedMomentBytes = std::size_t{1} << 26;
constexpr std::uint64_t kPredictedRows = 256;

}  // namespace

FoldedFits::FoldedFits(std::vector<std::unique_ptr<const MetricRows>> rows,
                       std::span<const double> targets, std::span<const std::uint32_t> folds,
                       std::span<const std::uint32_t> groups, std::span<const double> even,
                       const TrainingOptions& options)
    : rows_(std::move(rows)),
      targets_(targets),
      folds_(folds),
      groups_(groups),
      even_(even),
      options_(options) {
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

std::vector<RidgeFit> FoldedFits::ridges(std::size_t features,
                                         std::vector<std::vector<double>> log_weights,
                                         std::span<const double> penalties) const {
  const MetricRows& rows = *rows_[features];
  std::vector<RidgeFit> fits;
  // Means of groups for one weights at a time: they may take much memory.
  const std::size_t bytes = (rows.columns() + 1) * (rows.columns() + 1) * sizeof(double);
  const std::size_t most =
      groups_.empty() ? std::max<std::size_t>(1, kSharedMomentBytes / bytes) : std::size_t{1};
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

void FoldedFits::predict_fold(std::size_t fold, std::span<const RidgeFit> fits,
                              std::span<CrossFit> into) const {
  const MetricRows& rows = *rows_[fold];
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

std::vector<CrossFit> FoldedFits::fit(std::vector<std::vector<double>> log_weights,
                                      std::span<const double> penalties) const {
  std::vector<CrossFit> result(log_weights.size());
  if (options_.loss == ReadoutLoss::preferences) {
    for (std::size_t k = 0; k < result.size(); ++k) {
      result[k] = preferences(log_weights[k], penalties[k]);
      if (result[k].held_out.empty()) return {};
    }
    return result;
  }
  for (std::size_t fold = 0; fold + 1 < rows_.size(); ++fold) {
    std::vector<std::vector<double>> others;
    for (const std::vector<double>& each : log_weights) others.push_back(without(fold, each));
    const std::vector<RidgeFit> fits = ridges(fold, std::move(others), penalties);
    if (fits.size() != result.size() || options_.callbacks.cancelled()) return {};
    predict_fold(fold, fits, result);
  }
  std::vector<RidgeFit> fits = ridges(rows_.size() - 1, std::move(log_weights), penalties);
  if (fits.size() != result.size() || options_.callbacks.cancelled()) return {};
  for (std::size_t k = 0; k < result.size(); ++k) result[k].fit = std::move(fits[k]);
  return result;
}

CrossFit FoldedFits::choose(std::span<const double> penalties) const {
  if (options_.loss == ReadoutLoss::preferences) {
    return preferences(even_, penalties.empty() ? std::nullopt : std::optional(penalties[0]));
  }
  const std::vector<double> even(even_.begin(), even_.end());
  std::vector<CrossFit> candidates(penalties.size());
  for (std::size_t fold = 0; fold + 1 < rows_.size(); ++fold) {
    const std::vector<RidgeFit> fits =
        fit_ridge_path(*rows_[fold], targets_, without(fold, even), penalties, ridge_, groups_);
    if (options_.callbacks.cancelled()) return {};
    predict_fold(fold, fits, candidates);
  }
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    const double error = held_out_error(candidates[k].held_out);
    if (error < least) {
      least = error;
      best = k;
    }
  }
  RidgeOptions ridge = ridge_;
  ridge.penalty = penalties[best];
  ridge.count_degrees_of_freedom = true;
  CrossFit result = std::move(candidates[best]);
  result.fit = fit_ridge(all(), targets_, even_, ridge, groups_);
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
                                   .threads = options_.threads,
                                   .callbacks = options_.callbacks};
  std::vector<const DesignRows*> rows;
  for (const auto& each : rows_) rows.push_back(each.get());
  return cross_fit_preferences(rows, targets_, log_weights, folds_, groups_, even_, preferences);
}

}  // namespace esscher::internal
