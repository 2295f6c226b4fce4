#include "readout/penalty.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "esscher/base/parallel.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "readout/spectral_ridge.h"

namespace esscher::internal {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Below this share of the weight, a fold's sums are lost among the smallest doubles.
constexpr double kLeastWeight = 1e-200;

std::vector<double> penalty_path(const RidgeOptions& options, double mean_eigenvalue) {
  std::vector<double> path(static_cast<std::size_t>(options.path_points));
  const double low = std::log(options.path_low);
  const double high = std::log(options.path_high);
  for (std::size_t l = 0; l < path.size(); ++l) {
    const double t =
        path.size() == 1 ? 1 : static_cast<double>(l) / static_cast<double>(path.size() - 1);
    path[l] = mean_eigenvalue * std::exp(low + t * (high - low));
  }
  return path;
}

double gcv_score(const SpectralRidge& ridge, double penalty, double effective_samples) {
  const double left = 1 - ridge.degrees_of_freedom(penalty) / effective_samples;
  return left > 0 ? ridge.error(penalty) / (left * left) : kInfinity;
}

/// sum_i w_i (y_i - c - <a, phi_i>)^2 over the rows of \p test, for each column a.
std::vector<double> squared_errors(const Moments& test, const SpectralRidge& ridge,
                                   const Matrix<double>& coefficients) {
  const std::size_t m = test.features();
  Matrix<double> square(m, m);
  for (std::size_t i = 0; i < m; ++i) {
    std::copy_n(test.scatter.row(i).begin(), i + 1, square.row(i).begin());
  }
  symmetrise_from_lower(square.view());
  Matrix<double> image(m, coefficients.columns());
  gemm(Operand::plain, square.view(), Operand::plain, coefficients.view(), 0.0, image.view());
  std::vector<double> errors(coefficients.columns());
  std::vector<double> a(m);
  for (std::size_t l = 0; l < errors.size(); ++l) {
    for (std::size_t i = 0; i < m; ++i) a[i] = coefficients(i, l);
    double bias = test.mean[m] - ridge.intercept(a);
    double within = test.scatter(m, m);
    for (std::size_t i = 0; i < m; ++i) {
      bias -= a[i] * test.mean[i];
      within += a[i] * (image(i, l) - 2 * test.scatter(m, i));
    }
    errors[l] = std::max(0.0, within) + test.weight * bias * bias;
  }
  return errors;
}

/// The mean weighted squared error out of fold along the path; a fold is left out where it or the
/// rest carries no weight.
std::vector<double> kfold_scores(std::span<const Moments* const> parts,
                                 std::span<const double> path, int threads) {
  double whole = 0;
  for (const Moments* part : parts) whole += part->weight;
  const double least = kLeastWeight * whole;
  std::vector<std::vector<double>> errors(parts.size());
  parallel_for_chunks(ChunkGrid(parts.size(), 1), {threads, "", {}}, [&](const Chunk& chunk) {
    const Moments* test = parts[chunk.index];
    std::vector<const Moments*> others;
    double weight = 0;
    for (const Moments* part : parts) {
      if (part == test) continue;
      others.push_back(part);
      weight += part->weight;
    }
    if (test->weight <= least || weight <= least) return;
    const SpectralRidge ridge(merged(others));
    errors[chunk.index] = squared_errors(*test, ridge, ridge.coefficients(path));
  });
  std::vector<double> scores(path.size());
  double weight = 0;
  for (std::size_t fold = 0; fold < parts.size(); ++fold) {
    if (errors[fold].empty()) continue;
    weight += parts[fold]->weight;
    for (std::size_t l = 0; l < path.size(); ++l) scores[l] += errors[fold][l];
  }
  for (double& score : scores) score = weight > 0 ? score / weight : kInfinity;
  return scores;
}

/// The least score; among equal ones the largest penalty, so that no score at all means the
/// simplest fit.
const RidgePathPoint& best_point(const std::vector<RidgePathPoint>& path) {
  return *std::min_element(path.rbegin(), path.rend(),
                           [](const auto& a, const auto& b) { return a.score < b.score; });
}

}  // namespace

namespace {

/// Features from which a fixed penalty is fitted by a Cholesky factor: an eigendecomposition takes
/// some fifty times as long.
constexpr std::size_t kLeastFactored = 48;
/// A factor is taken where the penalty is above this share of the covariance's trace: then the
/// equations keep four digits and more (of moments in single precision fewer; where their rounding
/// takes positive definiteness, the eigendecomposition serves).
constexpr double kLeastShare = 1e-13;

/// The fit with a fixed penalty, from (S + lambda) a = s; nothing where that is near singular.
std::optional<MomentFit> factored_fit(const Moments& all, double penalty, bool count) {
  const std::size_t m = all.features();
  if (m < kLeastFactored) return std::nullopt;
  if (!(penalty > kLeastShare * all.mean_eigenvalue() * static_cast<double>(m)))
    return std::nullopt;
  Matrix<double> factor(m, m);
  Matrix<double> solution(m, 1);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j <= i; ++j) factor(i, j) = all.scatter(i, j) / all.weight;
    factor(i, i) += penalty;
    solution(i, 0) = all.scatter(m, i) / all.weight;
  }
  if (!cholesky(factor.view())) return std::nullopt;
  solve_lower(factor.view(), solution.view());
  solve_lower_transposed(factor.view(), solution.view());
  MomentFit fit;
  fit.rank = m;
  fit.penalty = penalty;
  fit.coefficients.assign(solution.values().begin(), solution.values().end());
  fit.intercept = all.mean.back();
  double explained = 0;
  double square = 0;
  for (std::size_t j = 0; j < m; ++j) {
    const double a = fit.coefficients[j];
    fit.intercept -= a * all.mean[j];
    explained += a * all.scatter(m, j) / all.weight;
    square += a * a;
  }
  fit.error = std::max(0.0, all.target_variance() - explained - penalty * square);
  if (!count) return fit;
  // tr S (S + lambda)^-1 = m - lambda |L^-1|^2, L the factor.
  Matrix<double> inverse(m, m);
  for (std::size_t j = 0; j < m; ++j) inverse(j, j) = 1;
  solve_lower(factor.view(), inverse.view());
  double trace = 0;
  for (const double value : inverse.values()) trace += value * value;
  fit.degrees_of_freedom = 1 + std::max(0.0, static_cast<double>(m) - penalty * trace);
  return fit;
}

}  // namespace

MomentFit fit_moments(std::span<const Moments* const> parts, std::size_t features,
                      const RidgeOptions& options) {
  std::optional<Moments> sum;
  const Moments& all = parts.size() == 1 ? *parts.front() : sum.emplace(merged(parts));
  if (options.rule == PenaltyRule::fixed) {
    if (std::optional<MomentFit> fit =
            factored_fit(all, options.penalty, options.count_degrees_of_freedom))
      return *std::move(fit);
  }
  const SpectralRidge ridge(all);
  MomentFit fit;
  fit.rank = ridge.rank();
  fit.penalty = options.penalty;
  if (options.rule != PenaltyRule::fixed && fit.rank > 0) {
    const double mean_eigenvalue =
        all.mean_eigenvalue() * static_cast<double>(all.features()) / static_cast<double>(features);
    const std::vector<double> path = penalty_path(options, mean_eigenvalue);
    std::vector<double> scores(path.size());
    if (options.rule == PenaltyRule::gcv) {
      std::transform(path.begin(), path.end(), scores.begin(), [&](double penalty) {
        return gcv_score(ridge, penalty, all.effective_samples());
      });
    } else {
      scores = kfold_scores(parts, path, options.threads);
    }
    for (std::size_t l = 0; l < path.size(); ++l) {
      fit.path.push_back({path[l], ridge.degrees_of_freedom(path[l]), scores[l]});
    }
    fit.penalty = best_point(fit.path).penalty;
  }
  const Matrix<double> coefficients = ridge.coefficients(std::span(&fit.penalty, 1));
  fit.coefficients.assign(coefficients.values().begin(), coefficients.values().end());
  fit.intercept = ridge.intercept(fit.coefficients);
  fit.degrees_of_freedom = ridge.degrees_of_freedom(fit.penalty);
  fit.error = ridge.error(fit.penalty);
  fit.singular = fit.rank < all.features() && fit.penalty <= ridge.resolution();
  return fit;
}

}  // namespace esscher::internal
