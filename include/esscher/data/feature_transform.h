#pragma once

/// \file
/// Linear transforms of features that a fit learns from its training rows alone: centred and scaled
/// columns, or decorrelated coordinates of about unit variance.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/base/matrix.h"
#include "esscher/io/feature_rows.h"

namespace esscher {

enum class TransformKind {
  none,         ///< columns as they are
  standardise,  ///< (x - mean) / sd, constant columns dropped
  whiten,       ///< standardised, rotated to principal axes, scaled; null directions dropped
};
std::string_view transform_name(TransformKind kind);
/// \throws UsageError naming \p field, with the nearest name
TransformKind parse_transform(std::string_view text, std::string_view field = "--transform");

/// Most columns, constant ones aside, that can be whitened: the covariance is held as a matrix and
/// its eigenproblem costs the cube.
inline constexpr std::size_t kGreatestWhitened = 4096;

/// Standardised columns are cut off beyond so many deviations: a value that far out, as of a column
/// that hardly varies, would carry a linear reward beyond any bound.
inline constexpr double kMostDeviations = 10;

struct TransformOptions {
  TransformKind kind = TransformKind::whiten;
  /// The share s in [0, 1] by which whitening shrinks the correlation matrix R to (1 - s) R + s I.
  /// Empty: the oracle-approximating rule (OAS) of Chen, Wiesel, Eldar, Hero, "Shrinkage algorithms
  /// for MMSE covariance estimation", IEEE Trans. Signal Processing 58 (2010), eq. 23, for R:
  ///     s = min(1, ((1 - 2/p) tr R^2 + p^2) / ((n + 1 - 2/p) (tr R^2 - p))),
  /// with p columns and n = (sum w)^2 / sum w^2, the number of rows where weights are equal.
  std::optional<double> shrinkage;
  /// Directions in which R's eigenvalue is at most this share of its largest are null: dropped
  /// before shrinkage. One-hot blocks lose one direction each. The eigenvalues' rounding error is
  /// about 1e-12 of the largest at p = 4096, so that exact dependences are recognised.
  double null_tolerance = 1e-9;
  int threads = 0;
  Callbacks callbacks;
};

/// z = (x - mean) / scale for `standardise`, within +- kMostDeviations, and that times `directions`
/// for `whiten`. Plain fields, all that a model file needs.
struct FeatureTransform {
  TransformKind kind = TransformKind::none;
  /// inputs numbers each. Scale is the standard deviation (sum w (x - mean)^2 / sum w)^(1/2), and 0
  /// marks a column that was constant and is dropped. Where a few values, or one that recurs, lie
  /// so far out that the deviation is theirs, more than 30 times that of a normal law with the
  /// column's quartiles, they count for both as if 10 such deviations from its median. `none`:
  /// zeros and ones.
  std::vector<double> mean;
  std::vector<double> scale;
  /// `whiten` only: inputs x outputs, column j an eigenvector of R over the root of its shrunk
  /// eigenvalue, largest first, its largest entry positive; rows of dropped columns are 0.
  Matrix<double> directions;
  /// `whiten` only: the shrinkage taken.
  double shrinkage = 0;
  /// Columns with values so far out, in ascending order; a model file does not tell them.
  std::vector<std::size_t> far_columns{};
  /// A request to cancel came first: nothing above is of use.
  bool cancelled = false;

  std::size_t inputs() const { return scale.size(); }
  std::size_t outputs() const;
  std::size_t constant_columns() const;
  /// Directions that whitening dropped, constant columns not among them.
  std::size_t null_directions() const;
  /// inputs() - outputs()
  std::size_t dropped() const { return inputs() - outputs(); }

  /// x is n x inputs(), out n x outputs(). Computed in double precision on the calling thread; a
  /// row's result does not depend on the rows beside it. Safe from several threads at a time.
  /// Cost: n d, and n d k where whitened.
  /// \throws DataError where a result is not finite in out's precision; InternalError where shapes
  ///         do not fit
  void apply(MatrixView<const double> x, MatrixView<float> out) const;
  void apply(MatrixView<const double> x, MatrixView<double> out) const;

  /// One sentence for a report: "whitened: 80 columns to 76 coordinates (4 null directions dropped,
  /// shrinkage 0.031)".
  std::string remark() const;
};

/// Learns a transform from the numbered rows, best in ascending order. log_weights belong to
/// `rows`, entry by entry; empty: all equal; rows of weight 0 are not seen. One pass over the rows
/// for means and deviations (two-pass within a chunk, merged about a common origin, so that a
/// column at 1e8 +- 1 keeps its digits), another where values lie far out, and whitening takes
/// another for the correlations. Memory: O(d^2) and some 32 MiB. The same bits for any number of
/// threads.
///
/// \throws DataError where fewer than 2 rows have weight, all columns are constant, or a column's
///         spread is beyond doubles; what gather() throws; UsageError where an option is out of
///         range, or more than kGreatestWhitened columns are to be whitened
FeatureTransform fit_transform(const FeatureRows& features, std::span<const std::uint64_t> rows,
                               std::span<const double> log_weights = {},
                               const TransformOptions& options = {});

}  // namespace esscher
