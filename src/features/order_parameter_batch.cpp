#include "features/order_parameter_batch.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "esscher/model/samples.h"
#include "features/order_parameter_frame.h"
#include "features/order_parameter_kernel.h"

namespace esscher::internal {
namespace {

/// Samples of a block: their coordinates and projections fit into the second-level cache.
constexpr std::size_t kBlock = 128;
/// Samples of a chunk, the unit of parallel work: enough that adding up its sums costs nothing.
constexpr std::uint64_t kChunk = 2048;

void fill_zero(std::span<double> values) { std::fill(values.begin(), values.end(), 0.0); }

void add(std::span<double> to, std::span<const double> from) {
  std::transform(to.begin(), to.end(), from.begin(), to.begin(), std::plus<>());
}

/// Lower triangular A with A A' = \p square (lower triangle given), a relative 1e-12 added to its
/// diagonal, and more where rounding asks for it: a change in law far below what any number of runs
/// could show, for which singular matrices need no care. Rows of zeros (neurons that were inactive
/// throughout) stay zero. \throws as refuse_overflow() where \p square is not finite
Matrix<double> semidefinite_factor(const Matrix<double>& square, double step_size) {
  const std::size_t n = square.rows();
  std::vector<double> deviations(n);
  std::vector<double> inverses(n);
  for (std::size_t j = 0; j < n; ++j) {
    deviations[j] = std::sqrt(square(j, j));
    inverses[j] = deviations[j] > 0 ? 1 / deviations[j] : 0;
  }
  for (double ridge = 1e-12; ridge < 1; ridge *= 100) {
    Matrix<double> factor(n, n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) factor(i, j) = square(i, j) * inverses[i] * inverses[j];
      factor(i, i) = 1 + ridge;
    }
    if (!cholesky(factor.view())) continue;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) factor(i, j) *= deviations[i];
    }
    return factor;
  }
  refuse_overflow(step_size);
}

}  // namespace

LargeBatch::Part::Part(std::size_t width)
    : along(width, width + 1),
      spread(width, width),
      decay(width),
      g(kBlock, width + 1),
      u(kBlock, width),
      c(kBlock, width),
      z(kBlock),
      labels(kBlock),
      block_decay(width) {}

void LargeBatch::Part::clear() {
  fill_zero(along.values());
  fill_zero(spread.values());
  fill_zero(decay);
}

LargeBatch::Part& LargeBatch::Part::operator+=(const Part& other) {
  add(along.values(), other.along.values());
  add(spread.values(), other.spread.values());
  add(decay, other.decay);
  return *this;
}

LargeBatch::LargeBatch(const FeatureOptions& options, std::span<const double> signs,
                       const LayerActivation& activation)
    : options_(options),
      signs_(signs),
      activation_(activation),
      noise_(options.seed, "stage1/noise"),
      across_(options.width, options.width),
      moved_(options.width, 2 * options.width + 1) {}

std::unique_ptr<LargeBatch::Part> LargeBatch::take_part() {
  std::unique_ptr<Part> part;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      part = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!part) part = std::make_unique<Part>(options_.width);
  part->clear();
  return part;
}

void LargeBatch::give_back(std::unique_ptr<Part> part) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(part));
}

void LargeBatch::add_block(const Matrix<double>& rows, const RandomStream& geometry,
                           std::uint64_t begin, std::size_t count, std::uint64_t first_sample,
                           Part& part) const {
  const MatrixView<double> g = part.g.view().rows_from(0, count);
  const MatrixView<double> u = part.u.view().rows_from(0, count);
  const MatrixView<double> c = part.c.view().rows_from(0, count);
  geometry.fill_normal(begin * g.columns, std::span<double>(g.data, count * g.columns));
  gemm(Operand::plain, g, Operand::transposed, rows.view(), 0, u);

  for (std::size_t i = 0; i < count; ++i) part.z[i] = g(i, 0);
  const std::span<double> labels(part.labels.data(), count);
  options_.model.link.evaluate({part.z.data(), count}, labels);
  add_noise(options_.model.noise, noise_, first_sample + begin, labels);
  options_.label.apply(labels, labels);
  const double factor = options_.step_size / static_cast<double>(options_.batch);
  for (double& label : labels) label *= factor;

  std::copy_n(u.data, count * u.columns, c.data);
  activation_.slopes(c);
  weigh_slopes(labels, signs_, c);
  column_products(c, u, part.block_decay);
  add(part.decay, part.block_decay);
  gemm(Operand::transposed, c, Operand::plain, g, 1, part.along.view());
  add_weighted_gram(c, {}, part.spread.view());
}

Matrix<double> LargeBatch::step(const Matrix<double>& rows, std::uint64_t index,
                                std::uint64_t first_sample) {
  const std::size_t m = rows.rows();
  const std::size_t k = rows.columns();
  const RandomStream geometry(options_.seed, "stage1/geometry", index);
  auto total = parallel_reduce_chunks(
      ChunkGrid(options_.batch, kChunk), {options_.threads, {}, {}}, take_part(),
      [&](const Chunk& chunk) {
        std::unique_ptr<Part> part = take_part();
        for (std::uint64_t begin = chunk.begin; begin < chunk.end; begin += kBlock) {
          const std::uint64_t count = std::min<std::uint64_t>(kBlock, chunk.end - begin);
          add_block(rows, geometry, begin, static_cast<std::size_t>(count), first_sample, *part);
        }
        return part;
      },
      [&](std::unique_ptr<Part>& sum, std::unique_ptr<Part>&& part) {
        *sum += *part;
        give_back(std::move(part));
      });
  const Part& pull = *total.value;

  fill_bartlett(geometry, options_.batch * k, options_.dim - k, across_.view(), scratch_);
  const Matrix<double> spread = semidefinite_factor(pull.spread, options_.step_size);
  gemm(Operand::plain, spread.view(), Operand::plain, across_.view(), 0,
       {moved_.data() + k, m, m, k + m});
  for (std::size_t j = 0; j < m; ++j) {
    const double kept = 1 - pull.decay[j];
    for (std::size_t i = 0; i < k; ++i) moved_(j, i) = kept * rows(j, i) + pull.along(j, i);
  }
  Matrix<double> next = fit_frame(moved_.view(), options_.step_size);
  give_back(std::move(total.value));
  return next;
}

}  // namespace esscher::internal
