#include "pipeline/transform_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/data/folds.h"
#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kMostFolds = 5;

/// A random part of the rows, with whole groups, in folds.
struct Trial {
  std::vector<std::uint64_t> rows;  ///< numbers in the table
  std::vector<std::uint32_t> folds;
  std::uint32_t count = 2;  ///< of folds
};

std::vector<std::uint32_t> groups_of(const RewardTable& table,
                                     std::span<const std::uint64_t> rows) {
  std::vector<std::uint32_t> groups;
  if (table.groups.empty()) return groups;
  for (const std::uint64_t row : rows) groups.push_back(table.groups[row]);
  return groups;
}

std::vector<double> prior_log_weights(const RewardTable& table,
                                      std::span<const std::uint64_t> rows) {
  std::vector<double> log_weights;
  if (table.log_weights.empty()) return log_weights;
  for (const std::uint64_t row : rows) log_weights.push_back(table.log_weights[row]);
  return log_weights;
}

/// \param most    rows to take, about
/// \param pieces  rows, or groups, that can be dealt out, and how many the trial needs
Trial draw_trial(const RewardTable& table, std::span<const std::uint64_t> rows, std::size_t most,
                 std::size_t pieces, std::size_t least_pieces, std::uint64_t seed) {
  Trial trial;
  const std::size_t parts = std::min((rows.size() + most - 1) / most, pieces / least_pieces);
  if (parts > 1) {
    const std::vector<std::uint32_t> part =
        assign_folds(rows.size(), groups_of(table, rows), static_cast<int>(parts), seed + 1);
    for (const std::uint64_t i : rows_in_fold(part, 0)) trial.rows.push_back(rows[i]);
  } else {
    trial.rows.assign(rows.begin(), rows.end());
  }
  // Few large groups are thinned.
  if (trial.rows.size() > 2 * most) trial.rows = random_subset(trial.rows, most, seed);
  // Small tables can afford to leave less out.
  const std::size_t folds = std::clamp<std::size_t>(1 + most / rows.size(), 2, kMostFolds);
  trial.count = static_cast<std::uint32_t>(std::min(folds, pieces));
  trial.folds = assign_folds(trial.rows.size(), groups_of(table, trial.rows),
                             static_cast<int>(trial.count), seed);
  return trial;
}

/// Residuals of plain regression on the folds that it has not seen, in the order of the trial, in
/// the unit that is regressed.
std::vector<double> residuals(const RewardTable& table, const Trial& trial, TransformKind kind,
                              TrainingOptions options) {
  options.transform = kind;
  options.weights = {FitWeights::uniform};
  options.deployment_temperatures.resize(1);
  std::vector<double> result(trial.rows.size());
  for (std::uint32_t fold = 0; fold < trial.count; ++fold) {
    std::vector<std::uint64_t> seen;
    std::vector<std::uint64_t> unseen;
    for (std::size_t i = 0; i < trial.rows.size(); ++i) {
      (trial.folds[i] == fold ? unseen : seen).push_back(trial.rows[i]);
    }
    const TrainedReward reward = train_reward(table, seen, options);
    if (options.callbacks.cancelled()) return {};
    const std::vector<double> r =
        predict_reward(reward, table.features, unseen, TrainedReward::kUniform, options.threads);
    std::size_t next = 0;
    for (std::size_t i = 0; i < trial.rows.size(); ++i) {
      if (trial.folds[i] != fold) continue;
      const RewardTransform& regressed = reward.reward_transform;
      result[i] = regressed(table.rewards[trial.rows[i]]) - regressed(r[next++]);
    }
  }
  return result;
}

/// Squared errors of independent pieces under their prior weight: rows or, about the group's mean,
/// groups.
struct Pieces {
  std::vector<double> weight;
  std::vector<double> square;
};

Pieces pieces(const RewardTable& table, const Trial& trial, std::span<const double> residual) {
  const std::vector<std::uint32_t> groups = groups_of(table, trial.rows);
  std::vector<double> weights = prior_log_weights(table, trial.rows);
  weights.resize(trial.rows.size());
  normalise_log_weights(weights);
  for (double& w : weights) w = std::exp(w);
  Pieces result;
  if (groups.empty()) {
    for (std::size_t i = 0; i < residual.size(); ++i) {
      result.weight.push_back(weights[i]);
      result.square.push_back(residual[i] * residual[i]);
    }
    return result;
  }
  const std::size_t count = std::size_t{std::ranges::max(groups)} + 1;
  std::vector<double> mass(count);
  std::vector<double> mean(count);
  for (std::size_t i = 0; i < residual.size(); ++i) {
    mass[groups[i]] += weights[i];
    mean[groups[i]] += weights[i] * residual[i];
  }
  result.weight.assign(count, 0);
  result.square.assign(count, 0);
  for (std::size_t i = 0; i < residual.size(); ++i) {
    const std::uint32_t g = groups[i];
    if (!(mass[g] > 0)) continue;
    const double e = residual[i] - mean[g] / mass[g];
    result.weight[g] = 1;
    result.square[g] += weights[i] / mass[g] * e * e;
  }
  return result;
}

TransformChoice compare(const Pieces& whitened, const Pieces& standardised) {
  double weight = 0;
  double w = 0;
  double s = 0;
  for (std::size_t i = 0; i < whitened.weight.size(); ++i) {
    weight += whitened.weight[i];
    w += whitened.weight[i] * whitened.square[i];
    s += whitened.weight[i] * standardised.square[i];
  }
  w /= weight;
  s /= weight;
  double variance = 0;
  for (std::size_t i = 0; i < whitened.weight.size(); ++i) {
    const double share = whitened.weight[i] / weight;
    const double d = whitened.square[i] - standardised.square[i] - (w - s);
    variance += share * share * d * d;
  }
  const double error = std::sqrt(variance);
  if (!std::isfinite(w) || !std::isfinite(s)) {
    return {std::isfinite(w) ? TransformKind::whiten : TransformKind::standardise,
            "on rows left out the others' predictions grow beyond numbers"};
  }
  return {s - w > error ? TransformKind::whiten : TransformKind::standardise,
          "on rows left out the squared error is " + number_text(w, 3) + " whitened, " +
              number_text(s, 3) + " standardised, their difference known to " +
              number_text(error, 2)};
}

/// Largest over smallest eigenvalue of what whitening divides by.
double condition(const FeatureTransform& whitened) {
  double least = std::numeric_limits<double>::infinity();
  double greatest = 0;
  for (std::size_t j = 0; j < whitened.outputs(); ++j) {
    // A direction is a unit vector over the root of its eigenvalue.
    double square = 0;
    for (std::size_t i = 0; i < whitened.inputs(); ++i) {
      square += whitened.directions(i, j) * whitened.directions(i, j);
    }
    least = std::min(least, square);
    greatest = std::max(greatest, square);
  }
  return greatest / least;
}

}  // namespace

TransformChoice choose_transform(const RewardTable& table, std::span<const std::uint64_t> rows,
                                 const TrainingOptions& options) {
  const auto as = [&](TransformKind kind, std::span<const std::uint64_t> of) {
    TransformOptions transform;
    transform.kind = kind;
    transform.threads = options.threads;
    transform.callbacks = options.callbacks;
    return fit_transform(table.features, of, prior_log_weights(table, of), transform);
  };
  try {
    const std::vector<std::uint64_t> some =
        random_subset(rows, std::min(rows.size(), kTrialRows), options.seed);
    const FeatureTransform look = as(TransformKind::standardise, some);
    if (look.cancelled) return {};
    const std::size_t columns = look.outputs();
    if (columns == 1) return {TransformKind::standardise, "whitening one column is the same"};
    if (columns > kMostChosenColumns) {
      return {TransformKind::standardise,
              "whitening is tried for up to " + std::to_string(kMostChosenColumns) + " columns"};
    }
    const double effective = table.log_weights.empty()
                                 ? static_cast<double>(rows.size())
                                 : diagnose_weights(prior_log_weights(table, rows)).ess;
    const auto least = static_cast<double>(kLeastRowsAColumn * columns);
    if (effective < std::max(least, static_cast<double>(kLeastTrialRows))) {
      return {TransformKind::standardise,
              "whitening is tried from " + std::to_string(kLeastRowsAColumn) +
                  " rows a column on, and " + std::to_string(kLeastTrialRows) + " in all"};
    }
    const std::vector<std::uint32_t> ids = groups_of(table, rows);
    const std::set<std::uint32_t> groups(ids.begin(), ids.end());
    const std::size_t pieces_of_table = groups.empty() ? rows.size() : groups.size();
    // Each fit of the trial deals half of the trial's groups, or more, out to folds of its own.
    const std::size_t least_pieces = 4 * static_cast<std::size_t>(options.folds);
    if (pieces_of_table < least_pieces) {
      return {TransformKind::standardise, "whitening is tried from " +
                                              std::to_string(least_pieces) +
                                              (groups.empty() ? " rows on" : " groups on")};
    }
    const Trial trial = draw_trial(table, rows, std::max(kTrialRows, kTrialRowsAColumn * columns),
                                   pieces_of_table, least_pieces, options.seed);
    const FeatureTransform whitened = as(TransformKind::whiten, trial.rows);
    if (whitened.cancelled) return {};
    if (condition(whitened) <= kFlat) {
      return {TransformKind::whiten, "the columns' eigenvalues are nearly equal"};
    }
    std::vector<Pieces> errors;
    for (const TransformKind kind : {TransformKind::whiten, TransformKind::standardise}) {
      const std::vector<double> residual = residuals(table, trial, kind, options);
      if (options.callbacks.cancelled()) return {};
      errors.push_back(pieces(table, trial, residual));
    }
    return compare(errors[0], errors[1]);
  } catch (const InternalError&) {
    throw;
  } catch (const IoError&) {
    throw;
  } catch (const Error&) {
    // What some of the rows cannot bear, a constant reward or groups of very unequal size, all of
    // them may; and what they cannot bear, either, the fit to them will say.
    return {TransformKind::standardise, "parts of the rows allow no trial of whitening"};
  }
}

}  // namespace esscher::internal
