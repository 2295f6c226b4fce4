#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/base/matrix.h"
#include "esscher/io/feature_rows.h"

namespace esscher::internal {

struct FarColumn;

/// What the passes over a table's rows share.
struct WeightedRows {
  const FeatureRows& features;
  std::span<const std::uint64_t> rows;
  std::span<const double> weights;  ///< one for each of `rows`, none negative
  int threads = 0;
  const Callbacks& callbacks;
  std::span<const FarColumn> far{};  ///< columns whose values are taken at their bounds beyond them

  void gather(std::span<const std::uint64_t> numbers, MatrixView<double> out) const;
};

/// Moments of each column over the rows of positive weight.
struct ColumnMoments {
  std::uint64_t rows = 0;    ///< of positive weight
  double weight = 0;         ///< sum w
  double square_weight = 0;  ///< sum w^2
  std::vector<double> mean;
  std::vector<double> scatter;  ///< sum w (x - mean)^2
  std::vector<double> least;
  std::vector<double> greatest;

  /// (sum w)^2 / sum w^2.
  double effective_rows() const { return weight * weight / square_weight; }
};

/// One pass; empty where it was cancelled.
std::optional<ColumnMoments> column_moments(const WeightedRows& table);

/// The correlation matrix of the columns \p kept, means and deviations given: sum w z z' / sum w,
/// kept x kept, whole. One pass; empty where it was cancelled.
std::optional<Matrix<double>> column_correlations(const WeightedRows& table,
                                                  const ColumnMoments& moments,
                                                  std::span<const double> scale,
                                                  std::span<const std::size_t> kept);

/// z_j = (x_k - mean_k) / scale_k for the k-th column kept, in each row; z may be x.
void standardise_rows(MatrixView<const double> x, std::span<const double> mean,
                      std::span<const double> scale, std::span<const std::size_t> kept,
                      MatrixView<double> z);

}  // namespace esscher::internal
