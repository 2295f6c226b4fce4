#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/base/matrix.h"
#include "esscher/readout/ridge.h"
#include "readout/group_means.h"

namespace esscher::internal {

/// First and second weighted moments of rows (phi, y): all that a ridge regression needs. The
/// second are taken about the mean.
struct Moments {
  double weight = 0;         ///< sum w
  double square_weight = 0;  ///< sum w^2
  double lost = 0;           ///< sum w_i^2 / W_g: what means of groups take up; 0 without groups
  std::vector<double> mean;  ///< m + 1, the target last
  /// sum w (x - mean)(x - mean)', (m + 1) x (m + 1), the lower triangle.
  Matrix<double> scatter;

  std::size_t features() const { return mean.size() - 1; }
  /// Less one for each group where weights are equal.
  double effective_samples() const { return weight * (weight - lost) / square_weight; }
  /// trace / m of the features' covariance; 0 for no features.
  double mean_eigenvalue() const;
  /// Weighted variance of the target.
  double target_variance() const { return scatter(features(), features()) / weight; }
};

/// The moments of both together (Chan, Golub, LeVeque, "Algorithms for computing the sample
/// variance", The American Statistician 37, 1983): sums of squares only, nothing cancels.
/// One that has no weight changes nothing. \param scale  of the other's weights, above 0
void merge(Moments& into, const Moments& other, double scale = 1);
Moments merged(std::span<const Moments* const> parts);

/// Moments of rows (phi, y) - origin. The origin is the heaviest row: differences to it keep all
/// digits however large the mean is, and even where that row has nearly all the weight; a column
/// that never varies has exactly no variance. With groups: moments of rows less their group's mean,
/// and the origin is the mean of all rows.
struct FoldMoments {
  std::vector<double> origin;  ///< m + 1
  std::vector<Moments> folds;

  /// The intercept for the rows themselves, from that for the differences.
  double intercept(std::span<const double> coefficients, double of_differences) const;
};

/// To which fold each row belongs: row i to of_row[i], or to i mod count where that is empty.
struct FoldPlan {
  std::size_t count = 1;
  std::span<const std::uint32_t> of_row{};

  std::size_t fold(std::uint64_t row) const {
    return of_row.empty() ? static_cast<std::size_t>(row % count) : of_row[row];
  }
};

/// How rows count.
struct RowWeights {
  std::span<const double> weights;     ///< n, >= 0; empty for ones
  const GroupMeans* groups = nullptr;  ///< means to be taken off the rows; null for none

  double weight(std::uint64_t row) const { return weights.empty() ? 1.0 : weights[row]; }
};

/// One pass over the rows, however many weights there are: for each of them the moments of each
/// fold, with the bits that it would have alone.
/// Empty where it was cancelled. \throws DataError where features are not finite or overflow
std::optional<std::vector<FoldMoments>> fold_moments(const DesignRows& rows,
                                                     std::span<const double> targets,
                                                     std::span<const RowWeights> each,
                                                     const FoldPlan& folds, int threads,
                                                     const Callbacks& callbacks);

}  // namespace esscher::internal
