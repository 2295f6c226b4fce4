#include "refinement/kernel_regression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "features/kernel_coordinates.h"
#include "refinement/kernel_centring.h"

namespace esscher::internal {
namespace {

/// Points whose distances tell a kernel's scales, and whose gradients tell a metric.
constexpr std::size_t kScalePoints = 400;
constexpr std::size_t kGradientPoints = 1024;
constexpr std::size_t kGradientRows = 256;  ///< of them at once
constexpr double kEqualShare = 0.1;
/// Of the trace of the normal equations: their rounding.
constexpr double kJitter = 1e-13;

/// At most so many of n numbers, evenly spaced.
std::vector<std::size_t> spread(std::size_t n, std::size_t most) {
  const std::size_t count = std::min(n, most);
  std::vector<std::size_t> numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = i * n / count;
  return numbers;
}

/// Those of some positions.
std::vector<std::size_t> picked(std::span<const std::size_t> rows,
                                std::span<const std::size_t> positions) {
  std::vector<std::size_t> result(positions.size());
  std::ranges::transform(positions, result.begin(), [&](std::size_t i) { return rows[i]; });
  return result;
}

/// For what is written whole: rounds reuse the memory, whose pages cost more than a copy.
void shape(Matrix<double>& x, std::size_t rows, std::size_t columns) {
  if (x.rows() != rows || x.columns() != columns) x = Matrix<double>::unset(rows, columns);
}

double weighted_mean(std::span<const double> values, std::span<const double> weights,
                     std::span<const std::size_t> members) {
  double mass = 0;
  double sum = 0;
  for (const std::size_t i : members) {
    mass += weights[i];
    sum += weights[i] * values[i];
  }
  return mass > 0 ? sum / mass : 0;
}

}  // namespace

Matrix<double> gathered(MatrixView<const double> x, std::span<const std::size_t> rows) {
  auto out = Matrix<double>::unset(rows.size(), x.columns);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::ranges::copy(x.row(rows[i]), out.row(i).begin());
  return out;
}

KernelRegression::KernelRegression(const MetricSample& sample, std::uint32_t fold,
                                   std::size_t landmarks)
    : sample_(sample) {
  const std::size_t n = sample.labels.size();
  for (std::size_t i = 0; i < n; ++i) {
    (sample.folds[i] == fold ? left_out_ : rows_).push_back(i);
  }
  weights_.assign(rows_.size(), 1.0);
  if (!sample.weights.empty()) {
    std::ranges::transform(rows_, weights_.begin(),
                           [&](std::size_t i) { return sample.weights[i]; });
  }
  const double mass = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  if (!(mass > 0)) throw DataError("folds: one of them holds all the weight; take fewer folds");
  for (double& w : weights_) w /= mass;
  root_.resize(weights_.size());
  std::ranges::transform(weights_, root_.begin(), [](double w) { return std::sqrt(w); });
  if (sample.groups.empty()) {
    groups_.emplace_back(rows_.size());
    std::iota(groups_[0].begin(), groups_[0].end(), std::size_t{0});
  } else {
    groups_.resize(std::size_t{std::ranges::max(sample.groups)} + 1);
    for (std::size_t i = 0; i < rows_.size(); ++i) groups_[sample.groups[rows_[i]]].push_back(i);
    std::erase_if(groups_, [](const auto& group) { return group.empty(); });
  }
  if (rows_.size() > landmarks) landmarks_ = spread(rows_.size(), landmarks);
  std::vector<double> y(rows_.size());
  std::ranges::transform(rows_, y.begin(), [&](std::size_t i) { return sample.labels[i]; });
  labels_ = centred(std::move(y));
}

std::vector<double> KernelRegression::centred(std::vector<double> values) const {
  for (const std::vector<std::size_t>& group : groups_) {
    const double mean = weighted_mean(values, weights_, group);
    for (const std::size_t i : group) values[i] -= mean;
  }
  return values;
}

void KernelRegression::take_off_means(MatrixView<double> values) const {
  std::vector<double> mean(values.columns);
  for (const std::vector<std::size_t>& group : groups_) {
    std::ranges::fill(mean, 0.0);
    double mass = 0;
    for (const std::size_t i : group) {
      mass += weights_[i];
      const std::span<const double> row = values.row(i);
      for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += weights_[i] * row[j];
    }
    if (!(mass > 0)) continue;
    for (const std::size_t i : group) {
      const std::span<double> row = values.row(i);
      for (std::size_t j = 0; j < mean.size(); ++j) row[j] -= mean[j] / mass;
    }
  }
}

void KernelRegression::set_kernel(const KernelMetric& metric, KernelFamily family) {
  const Matrix<double> few = gathered(sample_.x, picked(rows_, spread(rows_.size(), kScalePoints)));
  kernel_.emplace(metric, few.view(), family);
  dual() ? set_dual() : set_landmarks();
  resolved_ = is_resolved(points_);
  if (left_out_.empty()) return;
  shape(k_left_out_, left_out_.size(), points_.size());
  fill(left_out_, k_left_out_.view());
}

void KernelRegression::fill(std::span<const std::size_t> rows, MatrixView<double> values) const {
  // Coordinates of all rows at once are several times the sample.
  constexpr std::size_t kFilled = 512;
  for (std::size_t begin = 0; begin < rows.size(); begin += kFilled) {
    const std::size_t count = std::min(kFilled, rows.size() - begin);
    kernel_->values(kernel_->points(gathered(sample_.x, rows.subspan(begin, count)).view()),
                    points_, values.rows_from(begin, count));
  }
}

void KernelRegression::set_dual() {
  points_ = kernel_->points(gathered(sample_.x, rows_).view());
  shape(k_, rows_.size(), rows_.size());
  kernel_->values(points_, k_.view());
  centre();
}

void KernelRegression::set_kernel_values(Fill rows, Fill left_out) {
  resolved_ = true;
  shape(k_, rows_.size(), rows_.size());
  rows(k_.view());
  centre();
  if (left_out_.empty()) return;
  shape(k_left_out_, left_out_.size(), rows_.size());
  left_out(k_left_out_.view());
}

void KernelRegression::centre() {
  shape(centred_, rows_.size(), rows_.size());
  centre_kernel(k_.view(), groups_, weights_, centred_.view());
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) centred_(i, j) *= root_[i] * root_[j];
  }
}

void KernelRegression::set_landmarks() {
  const std::size_t m = landmarks_.size();
  points_ = kernel_->points(gathered(sample_.x, picked(rows_, landmarks_)).view());
  shape(k_, rows_.size(), m);
  fill(rows_, k_.view());
  shape(equations_, m, m);
  square_diagonal_.resize(m);
  for (std::size_t j = 0; j < m; ++j) {
    const std::span<const double> row = k_.row(landmarks_[j]);
    for (std::size_t l = 0; l < j; ++l) equations_(l, j) = row[l];
    square_diagonal_[j] = row[j];
    std::fill_n(equations_.row(j).begin(), j + 1, 0.0);
  }
  if (sample_.groups.empty()) {
    mean_.assign(m, 0.0);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::span<const double> row = k_.row(i);
      for (std::size_t j = 0; j < m; ++j) mean_[j] += weights_[i] * row[j];
    }
  }
  take_off_means(k_.view());
  add_weighted_gram(k_.view(), weights_, equations_.view());
  right_.assign(m, 0.0);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const std::span<const double> row = k_.row(i);
    for (std::size_t j = 0; j < m; ++j) right_[j] += weights_[i] * labels_[i] * row[j];
  }
}

KernelRegression::Fit KernelRegression::solve_dual(double penalty) {
  const std::size_t n = rows_.size();
  Matrix<double>& b = factor_;
  shape(b, n, n);
  for (std::size_t i = 0; i < n; ++i) {
    std::copy_n(std::as_const(centred_).row(i).begin(), i + 1, b.row(i).begin());
    b(i, i) += penalty;
  }
  Fit fit;
  if (!cholesky(b.view())) return fit;
  Matrix<double> solution(n, 1);
  for (std::size_t i = 0; i < n; ++i) solution(i, 0) = root_[i] * labels_[i];
  solve_lower(b.view(), solution.view());
  solve_lower_transposed(b.view(), solution.view());
  fit.alpha.resize(n);
  for (std::size_t i = 0; i < n; ++i) fit.alpha[i] = root_[i] * solution(i, 0);
  // f = sum_i alpha_i (k(., x_i) - its group's mean).
  for (const std::vector<std::size_t>& group : groups_) {
    double sum = 0;
    double mass = 0;
    for (const std::size_t i : group) {
      sum += fit.alpha[i];
      mass += weights_[i];
    }
    for (const std::size_t i : group) {
      if (mass > 0) fit.alpha[i] -= weights_[i] * sum / mass;
    }
  }
  if (sample_.groups.empty()) {
    for (std::size_t i = 0; i < n; ++i) {
      double value = sample_.labels[rows_[i]];
      const std::span<const double> row = k_.row(i);
      for (std::size_t j = 0; j < n; ++j) value -= row[j] * fit.alpha[j];
      fit.intercept += weights_[i] * value;
    }
  }
  return fit;
}

KernelRegression::Fit KernelRegression::solve_landmarks(double penalty) {
  const std::size_t m = landmarks_.size();
  // Not kept: of 2048 landmarks it takes 32 MiB a fold, which gradients have a use for.
  auto b = Matrix<double>::unset(m, m);
  double trace = 0;
  // Factors read the lower triangle alone. By tiles, since half of it lies across the rows.
  constexpr std::size_t kTile = 64;
  for (std::size_t first = 0; first < m; first += kTile) {
    for (std::size_t left = 0; left <= first; left += kTile) {
      for (std::size_t j = first; j < std::min(first + kTile, m); ++j) {
        for (std::size_t l = left; l < std::min(left + kTile, j); ++l) {
          b(j, l) = equations_(j, l) + penalty * equations_(l, j);
        }
      }
    }
  }
  for (std::size_t j = 0; j < m; ++j) {
    b(j, j) = equations_(j, j) + penalty * square_diagonal_[j];
    trace += b(j, j);
  }
  for (std::size_t j = 0; j < m; ++j) b(j, j) += kJitter * trace;
  Fit fit;
  if (!cholesky(b.view())) return fit;
  Matrix<double> solution(m, 1);
  std::ranges::copy(right_, solution.values().begin());
  solve_lower(b.view(), solution.view());
  solve_lower_transposed(b.view(), solution.view());
  fit.alpha.assign(solution.values().begin(), solution.values().end());
  if (sample_.groups.empty()) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      fit.intercept += weights_[i] * sample_.labels[rows_[i]];
    }
    for (std::size_t j = 0; j < m; ++j) fit.intercept -= mean_[j] * fit.alpha[j];
  }
  return fit;
}

KernelRegression::Fit KernelRegression::fit(double penalty) {
  Fit fit;
  if (resolved_) fit = dual() ? solve_dual(penalty) : solve_landmarks(penalty);
  if (fit.alpha.empty()) {
    fit.alpha.assign(k_.columns(), 0.0);
    fit.held_out.assign(left_out_.size(), 0.0);
    fit.held_out_error = std::numeric_limits<double>::infinity();
    return fit;
  }
  predict_left_out(fit);
  return fit;
}

void KernelRegression::predict_left_out(Fit& fit) const {
  fit.held_out.assign(left_out_.size(), fit.intercept);
  std::vector<double> residual(left_out_.size());
  for (std::size_t i = 0; i < residual.size(); ++i) {
    const std::span<const double> row = k_left_out_.row(i);
    for (std::size_t j = 0; j < row.size(); ++j) fit.held_out[i] += row[j] * fit.alpha[j];
    residual[i] = sample_.labels[left_out_[i]] - fit.held_out[i];
  }
  const auto weight = [&](std::size_t i) {
    return sample_.weights.empty() ? 1.0 : sample_.weights[left_out_[i]];
  };
  std::vector<double> mass;
  std::vector<double> mean;
  if (!sample_.groups.empty()) {
    mass.resize(std::size_t{std::ranges::max(sample_.groups)} + 1);
    mean.resize(mass.size());
    for (std::size_t i = 0; i < residual.size(); ++i) {
      const std::uint32_t group = sample_.groups[left_out_[i]];
      mass[group] += weight(i);
      mean[group] += weight(i) * residual[i];
    }
  }
  for (std::size_t i = 0; i < residual.size(); ++i) {
    if (!(weight(i) > 0)) continue;
    double e = residual[i];
    if (!mass.empty()) {
      const std::uint32_t group = sample_.groups[left_out_[i]];
      e -= mean[group] / mass[group];
    }
    fit.held_out_error += weight(i) * e * e;
  }
}

KernelMetric KernelRegression::gradient_product(const Fit& fit, double temperature) const {
  const std::size_t n = rows_.size();
  std::vector<double> weights = weights_;
  if (std::isfinite(temperature)) {
    std::vector<double> f(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::span<const double> row = k_.row(i);
      for (std::size_t j = 0; j < row.size(); ++j) f[i] += row[j] * fit.alpha[j];
    }
    for (const std::vector<std::size_t>& group : groups_) {
      double greatest = -std::numeric_limits<double>::infinity();
      double mass = 0;
      double tilted = 0;
      for (const std::size_t i : group) greatest = std::max(greatest, f[i]);
      for (const std::size_t i : group) {
        mass += weights_[i];
        tilted += weights_[i] * std::exp((f[i] - greatest) / temperature);
      }
      if (!(tilted > 0)) continue;
      for (const std::size_t i : group) {
        const double share = weights_[i] * std::exp((f[i] - greatest) / temperature) / tilted;
        weights[i] = (1 - kEqualShare) * mass * share + kEqualShare * weights_[i];
      }
    }
  }
  // Those that count most, where there are too many.
  std::vector<std::size_t> some(n);
  std::iota(some.begin(), some.end(), std::size_t{0});
  if (n > kGradientPoints) {
    std::ranges::stable_sort(some, std::ranges::greater{},
                             [&](std::size_t i) { return weights[i]; });
    // Half of them the heaviest, half spread over the rest, which then count for all of it.
    std::vector<std::size_t> taken(some.begin(), some.begin() + kGradientPoints / 2);
    const std::span<const std::size_t> rest = std::span(some).subspan(kGradientPoints / 2);
    double all = 0;
    for (const std::size_t i : rest) all += weights[i];
    double kept = 0;
    for (const std::size_t at : spread(rest.size(), kGradientPoints / 2)) {
      taken.push_back(rest[at]);
      kept += weights[rest[at]];
    }
    for (std::size_t t = kGradientPoints / 2; t < taken.size(); ++t)
      weights[taken[t]] *= kept > 0 ? all / kept : 0;
    some = std::move(taken);
  }
  const std::vector<std::size_t> chosen = picked(rows_, some);
  Matrix<double> gradients(some.size(), sample_.x.columns);
  // Kernel values and coordinates of all at once are several times the metric.
  for (std::size_t begin = 0; begin < chosen.size(); begin += kGradientRows) {
    const std::size_t count = std::min(kGradientRows, chosen.size() - begin);
    const Matrix<double> x = gathered(sample_.x, std::span(chosen).subspan(begin, count));
    kernel_->gradients(kernel_->points(x.view()), points_, fit.alpha,
                       gradients.view().rows_from(begin, count));
  }
  std::vector<double> w(some.size());
  std::ranges::transform(some, w.begin(), [&](std::size_t i) { return weights[i]; });
  KernelMetric metric;
  if (gradients.columns() <= kMostMetricColumns) {
    metric.full = Matrix<double>(gradients.columns(), gradients.columns());
    add_weighted_gram(gradients.view(), w, metric.full.view());
    symmetrise_from_lower(metric.full.view());
    return metric;
  }
  metric.diagonal.assign(gradients.columns(), 0.0);
  for (std::size_t i = 0; i < some.size(); ++i) {
    const std::span<const double> row = gradients.view().row(i);
    for (std::size_t k = 0; k < row.size(); ++k) metric.diagonal[k] += w[i] * row[k] * row[k];
  }
  return metric;
}

}  // namespace esscher::internal
