#include "features/marginal_reuse.h"

#include <cmath>
#include <cstddef>
#include <span>

#include "esscher/base/matrix.h"
#include "features/chi_square_polynomial.h"

namespace esscher::internal {
namespace {

/// A batch's numbers: row i belongs to sample i, column j to neuron j of the group.
using Table = Matrix<double>;

/// Sum over the batch of x_i y_i, for neuron j.
double dot(const Table& x, const Table& y, std::size_t j) {
  double sum = 0;
  for (std::size_t i = 0; i < x.rows(); ++i) sum += x(i, j) * y(i, j);
  return sum;
}

/// (m, q) after a step; returns the length of the row before it is normalised.
double turn(double along, double across, double& m, double& q) {
  const double next = m + q * along;
  const double other = std::hypot(q - m * along, std::sqrt(across));
  const double length = std::hypot(next, other);
  m = next / length;
  q = other / length;
  return length;
}

/// Everything about a batch that is drawn or follows from the state before it.
struct Batch {
  Batch(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t first);

  Table a, b, z;
  Table label;  ///< T(y)
  Table c;      ///< of the first step
  std::vector<double> chi_square;
};

Batch::Batch(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t first)
    : a(law.batch, group.size), b(a), z(a), label(a), c(a), chi_square(group.size) {
  MarginalDraws draws;
  for (std::size_t i = 0; i < a.rows(); ++i) {
    draw_marginal(law, group, first + i, draws);
    for (std::size_t j = 0; j < group.size; ++j) {
      a(i, j) = static_cast<double>(draws.a[j]);
      b(i, j) = static_cast<double>(draws.b[j]);
      z(i, j) = group.overlap[j] * a(i, j) + group.rest[j] * b(i, j);
    }
    law.link->evaluate(z.row(i).data(), label.row(i).data(), group.size);
    for (std::size_t j = 0; j < group.size; ++j) label(i, j) += draws.noise[j];
  }
  // Of the last sample, as one_pass has it.
  chi_square.assign(draws.chi_square, draws.chi_square + group.size);
  law.label.apply(label.values(), label.values());
  c = a;
  activation_slopes(*group.activation, group.biases, c.view());
  for (std::size_t i = 0; i < a.rows(); ++i) {
    for (std::size_t j = 0; j < group.size; ++j) c(i, j) *= group.gain[j] * label(i, j);
  }
}

}  // namespace

ReuseSteps::ReuseSteps(const MarginalLaw& law, std::uint64_t seed)
    : law_(law),
      normals_(seed, "stage1/marginal/reuse"),
      chi_squares_(seed, "stage1/marginal/reuse_chi_square") {
  if (law.dof - 1 >= kLeastPolynomialDof) chi_square_ = chi_square_polynomial(law.dof - 1);
}

void ReuseSteps::take(const MarginalGroup& group, std::uint64_t first, double* overlap,
                      double* rest) const {
  const std::size_t size = group.size;
  const std::size_t samples = law_.batch;
  const Batch batch(law_, group, first);
  // e, P n and then, row by row, u.
  Table direction(samples, size);
  Table normal(samples, size);
  Table u(samples, size);
  for (std::size_t i = 0; i < samples; ++i) {
    if (samples > 1) normals_.at(first + i).fill_normal(group.first, normal.row(i));
  }
  for (std::size_t j = 0; j < size; ++j) {
    const double along = dot(batch.c, batch.b, j);
    const double norm = std::sqrt(dot(batch.c, batch.c, j));
    const double chi = std::sqrt(batch.chi_square[j]);
    double m = group.overlap[j];
    double q = group.rest[j];
    const double across = norm * chi;
    const double length = turn(along, across * across, m, q);
    overlap[j] = m;
    rest[j] = q;
    for (std::size_t i = 0; i < samples; ++i) {
      direction(i, j) = norm > 0 ? batch.c(i, j) / norm : (i == 0 ? 1.0 : 0.0);
    }
    const double projection = dot(direction, normal, j);
    for (std::size_t i = 0; i < samples; ++i) {
      normal(i, j) -= projection * direction(i, j);
      const double gradient =
          along * batch.b(i, j) + across * (direction(i, j) * chi + normal(i, j));
      u(i, j) = (batch.a(i, j) + gradient) / length;
    }
  }
  Table second = u;
  activation_slopes(*group.activation, group.biases, second.view());
  const std::vector<double> chi_squares = second_chi_squares(group, first + samples - 1);
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t i = 0; i < samples; ++i) second(i, j) *= group.gain[j] * batch.label(i, j);
    const double m = overlap[j];
    const double q = rest[j];
    const double along_row = dot(second, u, j);
    const double along_truth = dot(second, batch.z, j) - m * along_row;
    const double in_plane_a = dot(second, batch.a, j);
    const double in_plane_b = dot(second, batch.b, j);
    const double shared = dot(direction, second, j);
    const double fresh = std::max(dot(second, second, j) - shared * shared, 0.0);
    const double chi = std::sqrt(batch.chi_square[j]);
    const double outside = chi * shared + dot(normal, second, j);
    const double square = in_plane_a * in_plane_a + in_plane_b * in_plane_b + outside * outside +
                          fresh * chi_squares[j] - along_row * along_row;
    const double along = q > 0 ? along_truth / q : 0.0;
    const double across = std::max(square - along * along, 0.0);
    group.overlap[j] = m;
    group.rest[j] = q;
    turn(along, across, group.overlap[j], group.rest[j]);
  }
}

std::vector<double> ReuseSteps::second_chi_squares(const MarginalGroup& group,
                                                   std::uint64_t sample) const {
  std::vector<double> result(group.size, 0.0);
  const double dof = law_.dof - 1;
  if (dof <= 0 || law_.batch == 1) return result;
  const RandomStream stream = chi_squares_.at(sample);
  if (chi_square_.empty()) {
    for (std::size_t j = 0; j < group.size; ++j) {
      result[j] = stream.chi_square(group.first + j, dof);
    }
    return result;
  }
  // Single precision, whose normals stay within the polynomial's range.
  float w[kMarginalGroup];
  stream.fill_normal(group.first, std::span(w, group.size));
  for (std::size_t j = 0; j < group.size; ++j) {
    for (std::size_t k = chi_square_.size(); k-- > 0;) {
      result[j] = result[j] * static_cast<double>(w[j]) + chi_square_[k];
    }
  }
  return result;
}

}  // namespace esscher::internal
