#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/readout/ridge.h"

namespace esscher::internal {

/// Weighted means of rows (phi, y) within groups, to be taken off each row (the within estimator):
/// what is left does not know the level of its group. Memory: (m + 1) doubles a group.
class GroupMeans {
 public:
  /// \param groups   n ids, dense; a group without weight has its plain mean
  /// \param weights  n, summing to 1; for a cross-fit within each fold, which keeps groups whole
  /// One pass over the rows. \throws UsageError unless there is one group a row
  GroupMeans(const DesignRows& rows, std::span<const double> targets,
             std::span<const double> weights, std::span<const std::uint32_t> groups, int threads);

  /// (phi, y) of the group of a row: m + 1.
  std::span<const double> of_row(std::uint64_t row) const { return means_.row(groups_[row]); }
  /// w_i^2 / W_g: the share of the row's weight that its group's mean takes up.
  double lost(std::uint64_t row) const { return lost_[row]; }
  /// Of all rows: m + 1.
  std::vector<double> overall() const { return overall_; }
  /// The same under other weights, which sum to 1.
  std::vector<double> overall(std::span<const double> weights) const;

 private:
  std::span<const std::uint32_t> groups_;
  Matrix<double> means_;
  std::vector<double> lost_;
  std::vector<double> overall_;
};

/// Empty where there are no groups.
std::optional<GroupMeans> group_means(const DesignRows& rows, std::span<const double> targets,
                                      std::span<const double> weights,
                                      std::span<const std::uint32_t> groups, int threads);

}  // namespace esscher::internal
