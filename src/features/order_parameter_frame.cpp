#include "features/order_parameter_frame.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/features/spectral.h"
#include "esscher/linalg/factor.h"
#include "esscher/model/samples.h"
#include "linalg/gemm_kernel.h"

namespace esscher::internal {
namespace {

/// A pivot of the Cholesky factor is a row's squared distance from those before it, with an error
/// of about m eps times the row's square. Above this share of it some seven digits are right, far
/// more than any number of runs could tell; once neurons have learned, 1e-4 is common.
constexpr double kLeastPivot = 1e-7;

/// Whether \p gram's Cholesky factor, now in its place, is good to seven digits.
bool factor_well(Matrix<double>& gram) {
  std::vector<double> squares(gram.rows());
  for (std::size_t j = 0; j < gram.rows(); ++j) squares[j] = gram(j, j);
  if (!cholesky(gram.view())) return false;
  for (std::size_t j = 0; j < gram.rows(); ++j) {
    if (!(gram(j, j) * gram(j, j) >= kLeastPivot * squares[j])) return false;
  }
  return true;
}

/// Cosine between theta* and the spectral estimate of it.
double estimate_overlap(const FeatureOptions& options) {
  const std::uint64_t samples = options.spectral_samples;
  if (options.spectral_order == 2) {
    const SingleIndexSamples source(options.model, options.dim, options.seed, "stage1");
    return spectral_estimate(source, options.label,
                             {2, samples, options.threads, options.callbacks})[0];
  }
  // Mean of T(y) x: sum T z along theta*, and across it a normal vector of variance sum T^2 in each
  // of the d - 1 other dimensions.
  const RandomStream stream(options.seed, "stage1/spectral");
  const RandomStream noise(options.seed, "stage1/noise");
  constexpr std::uint64_t kBlock = 4096;
  std::vector<double> z(kBlock);
  std::vector<double> label(kBlock);
  double along = 0;
  double squares = 0;
  for (std::uint64_t first = 0; first < samples; first += kBlock) {
    const auto count = static_cast<std::size_t>(std::min(kBlock, samples - first));
    const std::span<double> points(z.data(), count);
    const std::span<double> labels(label.data(), count);
    stream.fill_normal(first, points);
    options.model.link.evaluate(points, labels);
    add_noise(options.model.noise, noise, first, labels);
    options.label.apply(labels, labels);
    along += std::inner_product(labels.begin(), labels.end(), points.begin(), 0.0);
    squares += std::inner_product(labels.begin(), labels.end(), labels.begin(), 0.0);
  }
  const double across =
      std::sqrt(squares * stream.chi_square(0, static_cast<double>(options.dim - 1)));
  return squares > 0 ? along / std::hypot(along, across) : 0;
}

}  // namespace

void refuse_overflow(double step_size) {
  throw UsageError(rejection("--step-size", step_size,
                             "the neurons' rows have left the range of doubles",
                             "lower it, or limit the labels by --label-clip"));
}

void fill_bartlett(const RandomStream& stream, std::uint64_t first, std::uint64_t dof,
                   MatrixView<double> factor, std::vector<double>& scratch) {
  const std::size_t n = factor.rows;
  scratch.resize(n * (n - 1) / 2);
  stream.fill_normal(first, std::span<double>(scratch));
  const double* below = scratch.data();
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<double> row = factor.row(i);
    std::copy(below, below + i, row.begin());
    below += i;
    row[i] = std::sqrt(stream.chi_square(i, static_cast<double>(dof - i)));
    std::fill(row.begin() + static_cast<std::ptrdiff_t>(i) + 1, row.end(), 0.0);
  }
}

Matrix<double> row_gram(MatrixView<const double> x) {
  Matrix<double> gram(x.rows, x.rows);
  multiply_add(Operand::plain, x, Operand::transposed, x, {}, Region::lower, gram.view());
  return gram;
}

Matrix<double> fit_frame(MatrixView<const double> rows, double step_size) {
  const std::size_t m = rows.rows;
  const MatrixView<const double> across{rows.data + 1, m, rows.columns - 1, rows.stride};
  Matrix<double> factor = row_gram(across);
  std::vector<double> lengths(m);
  for (std::size_t j = 0; j < m; ++j) {
    lengths[j] = std::sqrt(rows(j, 0) * rows(j, 0) + factor(j, j));
    if (!(lengths[j] > 0) || !std::isfinite(lengths[j])) refuse_overflow(step_size);
  }
  if (!factor_well(factor)) factor = lq_factor(across);
  Matrix<double> fitted(m, m + 1);
  for (std::size_t j = 0; j < m; ++j) {
    fitted(j, 0) = rows(j, 0) / lengths[j];
    for (std::size_t i = 0; i <= j; ++i) fitted(j, i + 1) = factor(j, i) / lengths[j];
  }
  return fitted;
}

Matrix<double> start_rows(const FeatureOptions& options) {
  const std::size_t m = options.width;
  const RandomStream stream(options.seed, "stage1/rows");
  // Coordinates along theta*, along the part of the estimate that is orthogonal to it, and m more.
  Matrix<double> rows(m, m + 2);
  std::vector<double> draws(2 * m);
  stream.fill_normal(0, std::span<double>(draws));
  Matrix<double> rest(m, m);
  std::vector<double> scratch;
  fill_bartlett(stream, 2 * m, options.dim - 2, rest.view(), scratch);
  for (std::size_t j = 0; j < m; ++j) {
    rows(j, 0) = draws[2 * j];
    rows(j, 1) = draws[2 * j + 1];
    std::copy(rest.row(j).begin(), rest.row(j).end(), rows.row(j).begin() + 2);
  }
  if (options.start == Start::spectral) {
    const double overlap = estimate_overlap(options);
    const double across = std::sqrt((1 - overlap) * (1 + overlap));
    const RandomStream sides(options.seed, "stage1/start");
    for (std::size_t j = 0; j < m; ++j) {
      const std::span<const double> row = rows.row(j);
      const double length = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
      rows(j, 0) += length * sides.sign(j) * overlap;
      rows(j, 1) += length * sides.sign(j) * across;
    }
  }
  return fit_frame(rows.view(), options.step_size);
}

}  // namespace esscher::internal
