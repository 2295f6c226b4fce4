#include "features/order_parameter_group.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "esscher/base/random.h"
#include "esscher/linalg/gemm.h"
#include "esscher/model/samples.h"
#include "features/order_parameter_frame.h"
#include "features/order_parameter_kernel.h"

namespace esscher::internal {
namespace {

MatrixView<const double> block(const Matrix<double>& of, std::size_t row, std::size_t rows,
                               std::size_t column, std::size_t columns) {
  return {of.data() + row * of.columns() + column, rows, columns, of.columns()};
}

/// c <- a b: packing does not pay for a few rows.
void multiply(MatrixView<const double> a, MatrixView<const double> b, MatrixView<double> c) {
  constexpr std::size_t kFew = 12;
  if (a.rows >= kFew) {
    gemm(Operand::plain, a, Operand::plain, b, 0, c);
    return;
  }
  for (std::size_t i = 0; i < a.rows; ++i) combine_rows(a.row(i), b, c.row(i));
}

}  // namespace

SampleGroup::SampleGroup(const FeatureOptions& options, std::size_t samples,
                         std::span<const double> signs, const LayerActivation& activation)
    : options_(options),
      signs_(signs),
      activation_(activation),
      batch_(static_cast<std::size_t>(options.batch)),
      steps_per_batch_(options.schedule == Schedule::reuse ? 2 : 1),
      steps_(samples / batch_ * steps_per_batch_),
      x_(samples, options.width + 1 + samples),
      projections_(samples, options.width),
      gram_(steps_ > 1 ? samples : 0, steps_ > 1 ? samples : 0),
      z_(samples),
      labels_(samples),
      coefficients_(samples, options.width),
      scale_(options.width),
      start_share_(options.width),
      u_(batch_, options.width),
      c_(batch_, options.width),
      pull_(batch_, options.width),
      decay_(options.width),
      growth_(options.width),
      inverse_length_(options.width, 1.0),
      share_(options.width) {}

void SampleGroup::begin(const Matrix<double>& rows, std::uint64_t index,
                        std::uint64_t first_sample) {
  start_ = rows;
  steps_done_ = 0;
  std::fill(coefficients_.values().begin(), coefficients_.values().end(), 0.0);
  std::fill(scale_.begin(), scale_.end(), 1.0);
  std::fill(start_share_.begin(), start_share_.end(), 1.0);
  draw_samples(index, first_sample);
}

void SampleGroup::draw_samples(std::uint64_t index, std::uint64_t first_sample) {
  const std::size_t r = samples();
  const std::size_t k = start_.columns();
  const RandomStream stream(options_.seed, "stage1/geometry", index);
  scratch_.resize(r * k);
  stream.fill_normal(0, std::span<double>(scratch_));
  for (std::size_t i = 0; i < r; ++i) {
    std::copy_n(scratch_.begin() + static_cast<std::ptrdiff_t>(i * k), k, x_.row(i).begin());
    z_[i] = x_(i, 0);
  }
  fill_bartlett(stream, r * k, options_.dim - k, {x_.data() + k, r, r, x_.columns()}, scratch_);
  gemm(Operand::plain, block(x_, 0, r, 0, k), Operand::transposed, start_.view(), 0,
       projections_.view());
  if (steps_ > 1) {
    gram_ = row_gram(x_.view());
    symmetrise_from_lower(gram_.view());
  }
  options_.model.link.evaluate(z_, labels_);
  add_noise(options_.model.noise, RandomStream(options_.seed, "stage1/noise"), first_sample,
            labels_);
  options_.label.apply(labels_, labels_);
  const double factor = options_.step_size / static_cast<double>(batch_);
  for (double& label : labels_) label *= factor;
}

void SampleGroup::step() {
  const std::size_t first = steps_done_ / steps_per_batch_ * batch_;
  project(first);
  update(first);
  ++steps_done_;
}

void SampleGroup::project(std::size_t first) {
  const std::size_t m = options_.width;
  // Rows of A beyond those that a step has been at are still 0.
  const std::size_t used = (steps_done_ + steps_per_batch_ - 1) / steps_per_batch_ * batch_;
  if (used == 0) {
    std::copy_n(projections_.row(first).begin(), batch_ * m, u_.values().begin());
    return;
  }
  multiply(block(gram_, first, batch_, 0, used), block(coefficients_, 0, used, 0, m), u_.view());
  for (std::size_t i = 0; i < batch_; ++i) {
    const std::span<const double> start = projections_.row(first + i);
    const std::span<double> u = u_.row(i);
    for (std::size_t j = 0; j < m; ++j) u[j] = scale_[j] * (start_share_[j] * start[j] + u[j]);
  }
}

void SampleGroup::update(std::size_t first) {
  const std::size_t m = options_.width;
  c_ = u_;
  activation_.slopes(c_.view());
  weigh_slopes({labels_.data() + first, batch_}, signs_, c_.view());
  column_products(c_.view(), u_.view(), decay_);
  if (steps_ > 1) {
    // w + sum_i c_i (x_i - u_i w) has length 1 + |sum_i c_i x_i|^2 - decay^2, squared.
    multiply(block(gram_, first, batch_, first, batch_), c_.view(), pull_.view());
    column_products(c_.view(), pull_.view(), growth_);
    inverse_lengths(decay_, growth_, inverse_length_);
  }
  for (std::size_t j = 0; j < m; ++j) {
    scale_[j] *= (1 - decay_[j]) * inverse_length_[j];
    // What the scale has shrunk away can no longer be divided by it.
    if (!(std::abs(scale_[j]) > 1e-50 && std::abs(scale_[j]) < 1e50)) fold_scale(j);
    share_[j] = inverse_length_[j] / scale_[j];
  }
  for (std::size_t i = 0; i < batch_; ++i) {
    const std::span<const double> c = c_.row(i);
    const std::span<double> sum = coefficients_.row(first + i);
    for (std::size_t j = 0; j < m; ++j) sum[j] += c[j] * share_[j];
  }
}

void SampleGroup::fold_scale(std::size_t neuron) {
  start_share_[neuron] *= scale_[neuron];
  for (std::size_t i = 0; i < samples(); ++i) coefficients_(i, neuron) *= scale_[neuron];
  scale_[neuron] = 1;
}

void SampleGroup::overlaps(std::span<double> out) const {
  combine_rows(z_, coefficients_.view(), out);
  for (std::size_t j = 0; j < out.size(); ++j) {
    out[j] = scale_[j] * (start_share_[j] * start_(j, 0) + out[j]);
    if (!std::isfinite(out[j])) refuse_overflow(options_.step_size);
  }
}

Matrix<double> SampleGroup::rows(Matrix<double>& scratch) const {
  const std::size_t m = options_.width;
  const std::size_t f = x_.columns();
  if (scratch.rows() != m || scratch.columns() != f) scratch = Matrix<double>(m, f);
  std::vector<double> sums(m);
  combine_rows(z_, coefficients_.view(), sums);
  gemm(Operand::transposed, coefficients_.view(), Operand::plain, block(x_, 0, samples(), 1, f - 1),
       0, {scratch.data() + 1, m, f - 1, f});
  for (std::size_t j = 0; j < m; ++j) {
    const std::span<double> row = scratch.row(j);
    const std::span<const double> start = start_.row(j);
    row[0] = sums[j];
    for (std::size_t k = 0; k <= j + 1; ++k) row[k] += start_share_[j] * start[k];
    // Of D only the sign is left: rows are made unit.
    if (scale_[j] < 0) std::transform(row.begin(), row.end(), row.begin(), std::negate<>());
  }
  return fit_frame(scratch.view(), options_.step_size);
}

}  // namespace esscher::internal
