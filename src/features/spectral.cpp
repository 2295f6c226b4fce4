#include "esscher/features/spectral.h"

#include <Spectra/SymEigsSolver.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "features/direct_labels.h"
#include "features/learn_features_progress.h"

namespace esscher {
namespace {

// Up to here the d columns of the matrix cost no more passes than Lanczos would take.
constexpr std::uint64_t kDenseDim = 48;
// Vectors that Lanczos keeps.
constexpr std::uint64_t kKrylov = 48;
// Eigenvalues that are looked at, at each end.
constexpr std::size_t kNeighbours = 6;

/// Thrown through Spectra, which knows no other way out, and caught in this file.
struct Cancelled {};

/// Sums over the samples, in a fixed number of chunks of which each holds one vector.
class Passes {
 public:
  /// \param expected  passes that will be made, or about so many
  Passes(const SampleSource& source, const WeightedLabel& label, const SpectralOptions& options,
         std::uint64_t expected)
      : source_(source),
        label_(label),
        options_(options),
        grid_(options.samples, chunk_rows()),
        progress_(options.callbacks, "spectral", expected) {}

  std::size_t dim() const { return source_.dim(); }

  /// mean of T(y) x
  std::vector<double> mean() { return pass({}).vector; }

  /// mean of T(y) (<x, v> x - v)
  std::vector<double> product(std::span<const double> v) {
    std::vector<float> direction(v.size());
    std::transform(v.begin(), v.end(), direction.begin(),
                   [](double value) { return static_cast<float>(value); });
    Sum mean = pass(direction);
    for (std::size_t k = 0; k < dim(); ++k) mean.vector[k] -= mean.weight * v[k];
    return std::move(mean.vector);
  }

  void finish() { progress_.finish(); }

 private:
  struct Sum {
    double weight = 0;           ///< of T(y)
    std::vector<double> vector;  ///< of T(y) x, or T(y) <x, v> x
  };

  std::uint64_t block_rows() const {
    return std::clamp<std::uint64_t>((std::uint64_t{1} << 18) / source_.dim(), 16, 1024);
  }
  std::uint64_t chunk_rows() const { return std::max(block_rows(), (options_.samples + 63) / 64); }

  Sum pass(std::span<const float> v) {
    Callbacks callbacks;
    callbacks.cancellation = options_.callbacks.cancellation;
    Reduction<Sum> sum = parallel_reduce_chunks(
        grid_, {options_.threads, {}, callbacks}, Sum{0, std::vector<double>(dim())},
        [&](const Chunk& chunk) { return chunk_sum(chunk, v); },
        [](Sum& total, Sum&& part) {
          total.weight += part.weight;
          for (std::size_t k = 0; k < part.vector.size(); ++k) total.vector[k] += part.vector[k];
        });
    if (sum.status == LoopStatus::cancelled) throw Cancelled();
    progress_.at(++passes_);
    const auto count = static_cast<double>(options_.samples);
    sum.value.weight /= count;
    for (double& value : sum.value.vector) {
      value /= count;
      if (!std::isfinite(value)) {
        throw DataError("the samples hold an infinite or missing value: their mean is " +
                        number_text(value));
      }
    }
    return std::move(sum.value);
  }

  Sum chunk_sum(const Chunk& chunk, std::span<const float> v) const {
    const std::uint64_t rows = std::min(block_rows(), chunk.size());
    Matrix<float> block(rows, dim());
    std::vector<float> weights(rows);
    std::vector<float> inner(rows, 1.0F);
    std::vector<float> part(dim());
    std::vector<double> labels(rows);
    Sum sum{0, std::vector<double>(dim())};
    for (std::uint64_t begin = chunk.begin; begin < chunk.end; begin += rows) {
      const std::uint64_t count = std::min(rows, chunk.end - begin);
      const MatrixView<float> x = block.view().rows_from(0, count);
      const std::span<double> y = std::span(labels).first(count);
      source_.fill(begin, x, y);
      internal::weigh_labels(label_, begin, y);
      if (!v.empty()) {
        gemm(Operand::plain, x, Operand::plain, {v.data(), dim(), 1, 1}, 0,
             {inner.data(), count, 1, 1});
      }
      for (std::uint64_t i = 0; i < count; ++i) {
        sum.weight += y[i];
        weights[i] = static_cast<float>(y[i]) * inner[i];
      }
      gemm(Operand::plain, {weights.data(), 1, count, count}, Operand::plain, x, 0,
           {part.data(), 1, dim(), dim()});
      for (std::size_t k = 0; k < dim(); ++k) sum.vector[k] += static_cast<double>(part[k]);
    }
    return sum;
  }

  const SampleSource& source_;
  const WeightedLabel& label_;
  const SpectralOptions& options_;
  ChunkGrid grid_;
  internal::StageProgress progress_;
  std::uint64_t passes_ = 0;
};

std::vector<double> normalised(std::vector<double> v) {
  double squares = 0;
  for (const double value : v) squares += value * value;
  if (squares == 0) {  // no label has any weight: nothing is known, and any direction as good
    v[0] = 1;
    return v;
  }
  for (double& value : v) value /= std::sqrt(squares);
  return v;
}

/// Whether theta* stands out at the upper end of the spectrum rather than at the lower one: where
/// the gap behind the outermost eigenvalue is wider against the spacing of those that follow. Of
/// two ends of noise one may be far more spread out than the other.
///
/// \param values  descending; in the middle of them only the kNeighbours at each end count
bool upper_end_stands_out(std::span<const double> values) {
  const std::size_t n = values.size();
  const std::size_t k = std::min(kNeighbours, n / 2);
  if (k < 3) return values.front() >= -values.back();
  const double upper_gap = values[0] - values[1];
  const double lower_gap = values[n - 2] - values[n - 1];
  const double upper_spread = values[1] - values[k - 1];
  const double lower_spread = values[n - k] - values[n - 2];
  return upper_gap * lower_spread >= lower_gap * upper_spread;
}

std::vector<double> dense_estimate(Passes& passes) {
  const std::size_t d = passes.dim();
  Matrix<double> matrix(d, d);
  for (std::size_t j = 0; j < d; ++j) {
    std::vector<double> unit(d);
    unit[j] = 1;
    const std::vector<double> column = passes.product(unit);
    std::copy(column.begin(), column.end(), matrix.row(j).begin());
  }
  const SymmetricEigen eigen = symmetric_eigen(matrix.view());
  const std::vector<double> values(eigen.values.rbegin(), eigen.values.rend());
  const std::size_t column = upper_end_stands_out(values) ? d - 1 : 0;
  std::vector<double> vector(d);
  for (std::size_t k = 0; k < d; ++k) vector[k] = eigen.vectors(k, column);
  return vector;
}

/// The matrix as Spectra wants it.
class MatrixOperator {
 public:
  using Scalar = double;
  explicit MatrixOperator(Passes& passes) : passes_(&passes) {}
  Eigen::Index rows() const { return static_cast<Eigen::Index>(passes_->dim()); }
  Eigen::Index cols() const { return rows(); }
  void perform_op(const double* in, double* out) const {
    const std::vector<double> product = passes_->product({in, passes_->dim()});
    std::copy(product.begin(), product.end(), out);
  }

 private:
  Passes* passes_;
};

std::vector<double> lanczos_estimate(Passes& passes) {
  std::vector<double> start(passes.dim());
  RandomStream(0, "spectral/start").fill_normal(0, start);
  std::vector<double> image = passes.product(start);
  // Then the matrix is 0, which Spectra does not take.
  if (std::all_of(image.begin(), image.end(), [](double value) { return value == 0; })) {
    return image;
  }
  MatrixOperator matrix(passes);
  constexpr std::size_t kEnds = 2 * kNeighbours;
  constexpr Eigen::Index kRestarts = 20;
  // Residuals, as parts of the eigenvalues. An eigenvalue that stands out has long converged when
  // its neighbours have, which lie close together; where nothing stands out nothing is lost.
  for (double tolerance = 1e-2;; tolerance *= 100) {
    Spectra::SymEigsSolver<MatrixOperator> solver(matrix, static_cast<Eigen::Index>(kEnds),
                                                  static_cast<Eigen::Index>(kKrylov));
    solver.init(start.data());
    solver.compute(Spectra::SortRule::BothEnds, kRestarts, tolerance,
                   Spectra::SortRule::LargestAlge);
    if (solver.info() != Spectra::CompInfo::Successful) continue;
    const Eigen::VectorXd values = solver.eigenvalues();
    const Eigen::MatrixXd vectors = solver.eigenvectors();
    const bool upper = upper_end_stands_out({values.data(), kEnds});
    const double* const end = vectors.col(upper ? 0 : vectors.cols() - 1).data();
    return {end, end + vectors.rows()};
  }
}

void validate(const SampleSource& source, const SpectralOptions& options) {
  if (options.order != 1 && options.order != 2) {
    throw UsageError(rejection("--spectral-order", std::to_string(options.order), "must be 1 or 2",
                               "1 serves links of generative exponent 1"));
  }
  if (options.samples == 0 || options.samples > source.size()) {
    throw UsageError(rejection("--spectral-samples", std::to_string(options.samples),
                               "must be from 1 to the number of samples"));
  }
}

}  // namespace

std::vector<double> spectral_estimate(const SampleSource& source, const WeightedLabel& label,
                                      const SpectralOptions& options) {
  validate(source, options);
  const bool dense = source.dim() <= kDenseDim;
  const std::uint64_t passes_expected = options.order == 1 ? 1 : dense ? source.dim() : 2 * kKrylov;
  Passes passes(source, label, options, passes_expected);
  std::vector<double> estimate;
  try {
    estimate = options.order == 1 ? passes.mean()
               : dense            ? dense_estimate(passes)
                                  : lanczos_estimate(passes);
  } catch (const Cancelled&) {
    return {};
  }
  passes.finish();
  return normalised(std::move(estimate));
}

}  // namespace esscher
