#include "esscher/readout/bradley_terry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "readout/logistic_newton.h"

namespace esscher {
namespace {

using internal::LogisticFit;

void require(bool holds, const char* field, double value, const char* constraint) {
  if (!holds) throw UsageError(rejection(field, value, constraint));
}

void check(const BradleyTerryOptions& options) {
  if (options.rule == PenaltyRule::gcv) {
    throw UsageError(rejection("rule", "gcv", "preferences know fixed and kfold only"));
  }
  require(std::isfinite(options.penalty) && options.penalty > 0, "penalty", options.penalty,
          "must be finite and positive");
  require(options.folds >= 2 && options.folds <= 20, "folds", options.folds,
          "must lie from 2 to 20");
  require(std::isfinite(options.path_low) && options.path_low > 0, "path_low", options.path_low,
          "must be finite and positive");
  require(std::isfinite(options.path_high) && options.path_high >= options.path_low, "path_high",
          options.path_high, "must be finite and not below path_low");
  require(options.path_points >= 1 && options.path_points <= 10000, "path_points",
          options.path_points, "must lie from 1 to 10000");
  require(options.iterations >= 1 && options.iterations <= 100000, "iterations", options.iterations,
          "must lie from 1 to 100000");
}

void check(const DesignRows& rows, std::span<const Preference> pairs) {
  if (pairs.empty()) throw DataError(rejection("pairs", "0", "a fit needs at least one"));
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const std::string name = "pair " + std::to_string(p + 1);
    for (const std::uint64_t row : {pairs[p].winner, pairs[p].loser}) {
      if (row < rows.rows()) continue;
      throw DataError(rejection(name, "row " + std::to_string(row + 1),
                                "there are only " + std::to_string(rows.rows()) + " rows"));
    }
    if (pairs[p].winner == pairs[p].loser) {
      throw DataError(rejection(name, "row " + std::to_string(pairs[p].winner + 1) + " twice",
                                "a row cannot be preferred to itself", "leave the pair out"));
    }
  }
}

/// Row p is phi_winner - phi_loser. Only blocks of rows that some pair names are read, each once.
Matrix<double> differences(const DesignRows& rows, std::span<const Preference> pairs, int threads) {
  constexpr std::uint64_t kBlockRows = 512;
  const std::size_t m = rows.columns();
  require_memory(saturating_product(saturating_product(pairs.size(), m), sizeof(double)), "pairs",
                 std::to_string(pairs.size()),
                 "their differences in " + std::to_string(m) + " features", "take fewer pairs");
  struct End {
    std::uint64_t row;
    std::size_t pair;
  };
  const auto ends_of = [&](auto member) {
    std::vector<End> ends(pairs.size());
    for (std::size_t p = 0; p < pairs.size(); ++p) ends[p] = {pairs[p].*member, p};
    std::ranges::stable_sort(ends, {}, &End::row);
    return ends;
  };
  const std::vector<End> sides[2] = {ends_of(&Preference::winner), ends_of(&Preference::loser)};
  Matrix<double> winners(pairs.size(), m);
  // Winners and losers of one pair may lie in blocks that two threads read: each side by itself.
  for (const int side : {0, 1}) {
    const std::vector<End>& ends = sides[side];
    parallel_for_chunks(ChunkGrid(rows.rows(), kBlockRows), {threads, "", {}},
                        [&](const Chunk& chunk) {
                          auto end = std::ranges::lower_bound(ends, chunk.begin, {}, &End::row);
                          if (end == ends.end() || end->row >= chunk.end) return;
                          Matrix<double> block(static_cast<std::size_t>(chunk.size()), m);
                          rows.fill(chunk.begin, block.view());
                          for (; end != ends.end() && end->row < chunk.end; ++end) {
                            const std::span<const double> from = block.row(end->row - chunk.begin);
                            const std::span<double> to = winners.row(end->pair);
                            for (std::size_t j = 0; j < m; ++j)
                              to[j] = side == 0 ? from[j] : to[j] - from[j];
                          }
                        });
  }
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    for (const double d : winners.row(p)) {
      // Beyond this, squares and their sums leave the range of doubles.
      if (std::abs(d) <= 1e140) continue;
      throw DataError(rejection("features of pair " + std::to_string(p + 1), d,
                                "their difference must be finite and at most 1e140"));
    }
  }
  return winners;
}

/// Normalised; empty log-weights count as equal.
std::vector<double> normal_weights(std::span<const double> log_weights, std::size_t pairs) {
  if (!log_weights.empty() && log_weights.size() != pairs) {
    throw UsageError(rejection("log_weights", std::to_string(log_weights.size()) + " values",
                               "there are " + std::to_string(pairs) + " pairs"));
  }
  std::vector<double> weights(log_weights.begin(), log_weights.end());
  weights.resize(pairs);
  normalise_log_weights(weights);
  for (double& w : weights) w = std::exp(w);
  return weights;
}

WeightDiagnostics diagnose_weighted(std::span<const double> weights) {
  std::vector<double> present;
  for (const double w : weights) {
    if (w > 0) present.push_back(std::log(w));
  }
  return diagnose_weights(present);
}

/// Mean eigenvalue of the curvature at a = 0.
double curvature(const Matrix<double>& d, std::span<const double> weights) {
  double sum = 0;
  for (std::size_t p = 0; p < d.rows(); ++p) {
    double square = 0;
    for (const double x : d.row(p)) square += x * x;
    sum += weights[p] * square;
  }
  return d.columns() == 0 ? 0 : sum / 4 / static_cast<double>(d.columns());
}

std::vector<std::uint32_t> fold_numbers(std::span<const std::uint32_t> given, std::size_t pairs,
                                        int folds) {
  std::vector<std::uint32_t> result(given.begin(), given.end());
  const auto count = static_cast<std::uint32_t>(folds);
  if (given.empty()) {
    for (std::size_t p = 0; p < pairs; ++p) {
      result.push_back(static_cast<std::uint32_t>(p % count));
    }
  }
  if (result.size() != pairs) {
    throw UsageError(rejection("folds", std::to_string(given.size()) + " values",
                               "there are " + std::to_string(pairs) + " pairs"));
  }
  for (std::size_t p = 0; p < pairs; ++p) {
    if (result[p] < count) continue;
    throw DataError(rejection("fold of pair " + std::to_string(p + 1), std::to_string(result[p]),
                              "must be below " + std::to_string(folds)));
  }
  return result;
}

/// Held-out losses of one fold, added to \p scores; false where it was cancelled.
bool add_fold(const Matrix<double>& d, std::span<const double> weights,
              std::span<const std::uint32_t> folds, std::uint32_t fold,
              const BradleyTerryOptions& options, std::vector<BradleyTerryPathPoint>& path) {
  std::vector<double> training(weights.begin(), weights.end());
  double total = 0;
  double held = 0;
  for (std::size_t p = 0; p < training.size(); ++p) {
    if (folds[p] == fold) training[p] = 0;
    (folds[p] == fold ? held : total) += weights[p];
  }
  if (!(total > 0 && held > 0)) {
    throw DataError(rejection("fold " + std::to_string(fold),
                              held > 0 ? "all the weight" : "no weight",
                              "each fold needs pairs with weight, and so do all others together",
                              "use fewer folds, or a fixed penalty"));
  }
  for (double& w : training) w /= total;
  std::vector<double> start(d.columns());
  // From the heaviest penalty down, each fit being the next one's start.
  for (std::size_t l = path.size(); l-- > 0;) {
    LogisticFit fit =
        internal::fit_logistic(d, training, path[l].penalty, std::move(start), options.iterations,
                               options.threads, options.callbacks);
    if (fit.cancelled) return false;
    start = std::move(fit.coefficients);
    const std::vector<double> margin = internal::margins(d, start, options.threads);
    for (std::size_t p = 0; p < margin.size(); ++p) {
      if (folds[p] == fold && weights[p] > 0) {
        path[l].score += weights[p] * internal::logistic_loss(margin[p]);
      }
    }
  }
  return true;
}

void set_status(BradleyTerryFit& fit, bool separable) {
  if (!fit.converged) {
    fit.status = BradleyTerryStatus::not_converged;
    fit.remark = "Newton's method stopped after " + std::to_string(fit.iterations) +
                 " steps without converging: raise the penalty or the limit of iterations";
  } else if (separable) {
    fit.status = BradleyTerryStatus::separable;
    fit.remark =
        "the features order every pair as preferred: the size of the rewards is set by the "
        "penalty, " +
        number_text(fit.penalty, 3) + ", alone";
  }
}

BradleyTerryFit cancelled(BradleyTerryFit fit, std::size_t columns) {
  fit.coefficients.assign(columns, 0.0);
  fit.status = BradleyTerryStatus::cancelled;
  fit.remark = "cancelled before the fit was done";
  return fit;
}

}  // namespace

BradleyTerryFit fit_bradley_terry(const DesignRows& rows, std::span<const Preference> pairs,
                                  std::span<const double> log_weights,
                                  std::span<const std::uint32_t> folds,
                                  const BradleyTerryOptions& options) {
  check(options);
  check(rows, pairs);
  const std::vector<double> weights = normal_weights(log_weights, pairs.size());
  const std::vector<std::uint32_t> fold = fold_numbers(folds, pairs.size(), options.folds);
  BradleyTerryFit fit;
  fit.weights = diagnose_weighted(weights);
  fit.coefficients.assign(rows.columns(), 0.0);
  if (options.callbacks.cancelled()) return cancelled(fit, rows.columns());
  const Matrix<double> d = differences(rows, pairs, options.threads);
  fit.penalty = options.penalty;

  const double scale = curvature(d, weights);
  if (scale == 0) {
    fit.loss = std::log(2.0);
    fit.deviance = 2 * fit.loss;
    fit.accuracy = 0.5;
    fit.converged = true;
    fit.status = BradleyTerryStatus::constant;
    fit.remark = "winners and losers have the same features: nothing can be learned from them";
    return fit;
  }
  if (options.rule == PenaltyRule::kfold) {
    const int last = options.path_points - 1;
    for (int l = 0; l <= last; ++l) {
      const double part = last == 0 ? 0 : static_cast<double>(l) / last;
      fit.path.push_back(
          {scale * options.path_low * std::pow(options.path_high / options.path_low, part), 0});
    }
    for (std::uint32_t k = 0; k < static_cast<std::uint32_t>(options.folds); ++k) {
      if (!add_fold(d, weights, fold, k, options, fit.path)) return cancelled(fit, rows.columns());
    }
    // Among equals the heaviest.
    const auto best = std::ranges::min_element(fit.path.rbegin(), fit.path.rend(), {},
                                               &BradleyTerryPathPoint::score);
    fit.penalty = best->penalty;
  }

  LogisticFit solution =
      internal::fit_logistic(d, weights, fit.penalty, std::move(fit.coefficients),
                             options.iterations, options.threads, options.callbacks);
  if (solution.cancelled) return cancelled(fit, rows.columns());
  fit.coefficients = std::move(solution.coefficients);
  fit.loss = solution.loss;
  fit.deviance = 2 * fit.loss;
  fit.iterations = solution.iterations;
  fit.converged = solution.converged;
  bool separable = true;
  const std::vector<double> margin = internal::margins(d, fit.coefficients, options.threads);
  for (std::size_t p = 0; p < margin.size(); ++p) {
    if (weights[p] == 0) continue;
    separable = separable && margin[p] > 0;
    fit.accuracy += weights[p] * (margin[p] > 0 ? 1 : margin[p] == 0 ? 0.5 : 0);
  }
  fit.accuracy = std::min(1.0, fit.accuracy);
  set_status(fit, separable);
  return fit;
}

}  // namespace esscher
