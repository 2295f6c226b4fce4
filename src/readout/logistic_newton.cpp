#include "readout/logistic_newton.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "readout/affine.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kChunkPairs = 1024;

/// Loss, gradient and curvature (lower triangle) of the sum over pairs, without the penalty.
struct Expansion {
  double loss = 0;
  std::vector<double> gradient;
  Matrix<double> curvature;
};

Expansion expand(const Matrix<double>& differences, std::span<const double> weights,
                 std::span<const double> a, int threads) {
  const std::size_t m = differences.columns();
  const Expansion zero{0, std::vector<double>(m), Matrix<double>(m, m)};
  const auto map = [&](const Chunk& chunk) {
    Expansion part = zero;
    std::vector<double> curvatures(static_cast<std::size_t>(chunk.size()));
    for (std::uint64_t p = chunk.begin; p < chunk.end; ++p) {
      if (weights[p] == 0) continue;
      const std::span<const double> d = differences.row(p);
      const double margin = affine(d, a, 0);
      // The chance that the model gives to the loser.
      const double e = std::exp(-std::abs(margin));
      const double miss = (margin > 0 ? e : 1) / (1 + e);
      part.loss += weights[p] * logistic_loss(margin);
      for (std::size_t j = 0; j < m; ++j) part.gradient[j] -= weights[p] * miss * d[j];
      curvatures[p - chunk.begin] = weights[p] * e / ((1 + e) * (1 + e));
    }
    add_weighted_gram(
        differences.view().rows_from(chunk.begin, static_cast<std::size_t>(chunk.size())),
        curvatures, part.curvature.view());
    return part;
  };
  const auto combine = [&](Expansion& sum, Expansion&& part) {
    sum.loss += part.loss;
    for (std::size_t j = 0; j < m; ++j) sum.gradient[j] += part.gradient[j];
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j <= i; ++j) sum.curvature(i, j) += part.curvature(i, j);
    }
  };
  return parallel_reduce_chunks(ChunkGrid(differences.rows(), kChunkPairs), {threads, "", {}}, zero,
                                map, combine)
      .value;
}

double dot(std::span<const double> a, std::span<const double> b) { return affine(a, b, 0); }

double loss_of(std::span<const double> values, std::span<const double> weights) {
  double loss = 0;
  for (std::size_t p = 0; p < values.size(); ++p) {
    if (weights[p] > 0) loss += weights[p] * logistic_loss(values[p]);
  }
  return loss;
}

/// -(curvature + 2 penalty)^{-1} gradient. The ridge grows where rounding has made the curvature
/// indefinite; any positive one leads downhill.
std::vector<double> newton_step(const Expansion& at, std::span<const double> gradient,
                                double penalty) {
  const std::size_t m = gradient.size();
  double trace = 0;
  for (std::size_t j = 0; j < m; ++j) trace += at.curvature(j, j);
  double ridge = 2 * penalty;
  for (int attempt = 0; attempt < 60; ++attempt) {
    Matrix<double> factor = at.curvature;
    for (std::size_t j = 0; j < m; ++j) factor(j, j) += ridge;
    if (cholesky(factor.view())) {
      std::vector<double> step(m);
      for (std::size_t j = 0; j < m; ++j) step[j] = -gradient[j];
      const MatrixView<double> column{step.data(), m, 1, 1};
      solve_lower(factor.view(), column);
      solve_lower_transposed(factor.view(), column);
      return step;
    }
    ridge = std::max(10 * ridge, 1e-15 * trace);
  }
  throw InternalError("a curvature that no ridge makes positive definite");
}

}  // namespace

double logistic_loss(double margin) {
  return std::max(0.0, -margin) + std::log1p(std::exp(-std::abs(margin)));
}

std::vector<double> margins(const Matrix<double>& differences, std::span<const double> a,
                            int threads) {
  std::vector<double> result(differences.rows());
  parallel_for_chunks(ChunkGrid(result.size(), kChunkPairs), {threads, "", {}},
                      [&](const Chunk& chunk) {
                        for (std::uint64_t p = chunk.begin; p < chunk.end; ++p) {
                          result[p] = dot(differences.row(p), a);
                        }
                      });
  return result;
}

LogisticFit fit_logistic(const Matrix<double>& differences, std::span<const double> weights,
                         double penalty, std::vector<double> start, int iterations, int threads,
                         const Callbacks& callbacks) {
  // Half the squared Newton decrement is what a quadratic model says is left to gain.
  constexpr double kLeastGain = 1e-14;
  constexpr double kArmijo = 1e-4;
  constexpr int kHalvings = 60;
  LogisticFit fit;
  fit.coefficients = std::move(start);
  std::vector<double>& a = fit.coefficients;
  std::vector<double> current = margins(differences, a, threads);
  for (;; ++fit.iterations) {
    if (callbacks.cancelled()) {
      fit.cancelled = true;
      return fit;
    }
    const Expansion at = expand(differences, weights, a, threads);
    fit.loss = at.loss;
    const double size = dot(a, a);
    const double objective = at.loss + penalty * size;
    std::vector<double> gradient = at.gradient;
    for (std::size_t j = 0; j < a.size(); ++j) gradient[j] += 2 * penalty * a[j];
    const std::vector<double> step = newton_step(at, gradient, penalty);
    const double slope = dot(gradient, step);
    fit.converged = -slope / 2 <= kLeastGain * std::max(objective, 1e-300);
    if (fit.converged || fit.iterations == iterations) return fit;

    const std::vector<double> along = margins(differences, step, threads);
    const double cross = dot(a, step);
    const double square = dot(step, step);
    double length = 1;
    std::vector<double> trial(current.size());
    for (int halving = 0;; ++halving, length /= 2) {
      for (std::size_t p = 0; p < trial.size(); ++p) trial[p] = current[p] + length * along[p];
      const double there = loss_of(trial, weights) +
                           penalty * (size + 2 * length * cross + length * length * square);
      if (there <= objective + kArmijo * length * slope) break;
      // What is left to gain drowns in rounding: a is as good as doubles make it.
      const bool rounding = -slope <= 1e-9 * objective;
      if (rounding || halving == kHalvings) {
        fit.converged = rounding;
        return fit;
      }
    }
    for (std::size_t j = 0; j < a.size(); ++j) a[j] += length * step[j];
    current = margins(differences, a, threads);
  }
}

}  // namespace esscher::internal
