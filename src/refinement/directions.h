#pragma once

/// \file
/// k orthonormal directions V of the inputs, and what joint training does with them: samples are
/// seen through v = V x, and one step moves V by a batch's gradient. Two engines of one law.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "esscher/base/callbacks.h"
#include "esscher/base/matrix.h"
#include "esscher/model/multi_index.h"
#include "esscher/model/network.h"
#include "esscher/model/samples.h"
#include "refinement/direction_network.h"

namespace esscher::internal {

/// Sums over a batch, of residuals e and gradients g (k) of the network.
struct BatchSums {
  explicit BatchSums(std::size_t k = 0) : outer(k, k) {}
  void add(std::span<const double> residuals, MatrixView<const double> gradients);
  BatchSums& operator+=(const BatchSums& other);

  Matrix<double> outer;  ///< sum of g g', the lower triangle
  double squares = 0;    ///< sum of e^2
};

class Directions {
 public:
  virtual ~Directions() = default;

  /// Of samples number first, first + 1, ...: projections <w_j, x> on the first layer (n x m), and
  /// labels. Samples of the pilot are others than those of the functions below, or the same ones
  /// where the engine stores them.
  virtual void project(std::uint64_t first, MatrixView<double> u, std::span<double> y) const = 0;
  /// V <- the rows' combinations (k x m), made orthonormal.
  virtual void start(MatrixView<const double> combinations) = 0;

  /// Of samples number first, ...: v = V x (n x k) and labels. Behind a move the order_parameter
  /// engine draws other samples under the same number.
  virtual void draw(std::uint64_t first, MatrixView<double> v, std::span<double> y) const = 0;
  /// Goes through a batch: D = mean of e g (x - V'v)', k x d, the gradient of the squared loss that
  /// leaves V's span, is kept for move(). Empty sums where it was cancelled.
  virtual BatchSums accumulate(std::uint64_t first, std::uint64_t count,
                               const DirectionNetwork& network) = 0;
  /// V <- V + P D, made orthonormal symmetrically.
  virtual void move(MatrixView<const double> p) = 0;

  /// <V, theta>, k x hidden directions.
  virtual Matrix<double> overlaps() const = 0;
  /// Rows C V (C: m x k) in coordinates whose first are the hidden ones.
  virtual Matrix<double> rows(MatrixView<const double> c) const = 0;
};

/// Samples x, explicit. \p source and \p layer must outlive it.
std::unique_ptr<Directions> make_direct_directions(const SampleSource& source,
                                                   const FirstLayer& layer, int threads,
                                                   const Callbacks& callbacks);

/// The exact law of all inner products, at a cost that does not depend on d (mathematics, section
/// 4.1): state are the overlaps alone. Streams "refine/..." of the seed.
/// \pre layer.dim - k - layer.hidden >= k
std::unique_ptr<Directions> make_order_parameter_directions(const MultiIndexModel& model,
                                                            const FirstLayer& layer,
                                                            std::uint64_t seed, int threads,
                                                            const Callbacks& callbacks);

/// rows <- (rows rows')^{-1/2} rows, the nearest orthonormal ones.
void orthonormalise(Matrix<double>& rows);
/// a^{power} for symmetric positive semidefinite a (lower triangle); eigenvalues below 0 count as
/// 0.
Matrix<double> symmetric_power(MatrixView<const double> a, double power);

}  // namespace esscher::internal
