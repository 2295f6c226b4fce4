#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/policy/table_policy.h"

namespace esscher::internal {

/// The noise of the labels that a table of designs holds.
struct LabelNoise {
  double sd = 0;  ///< of one label
  /// The variance of each design's label in sd^2: 1 / replicates.
  std::vector<double> shares;

  /// Standard deviations of the designs' labels.
  std::vector<double> of_rows() const;
};

/// Of a table that is all there is.
inline constexpr const char* kExactOfLabels =
    "Values are exact for these labels: noise in them is in no error, unless it is told or "
    "replicates tell it.";

/// What policies that knew every noise-free reward would gain, J* - reference, at each temperature.
///
/// Labels are y = f + e with e normal of variance v_i = sd^2 shares_i. The law of f, about its mean
/// or with groups about its group's, is a histogram: normal of variance Var y - mean v at first,
/// then a hundred steps of expectation-maximisation on the labels. The answer is the mean of the
/// gain over draws of f given the labels. Posterior means of f would gain too little, since the
/// gain is convex in f; and e^{-v/(2 beta^2)} on each e^{y/beta}, unbiased for Z whatever the law,
/// is useless where v > beta^2, for then few labels carry its sum. 0 where the labels vary no more
/// than their noise does. \param noise  of sd above 0 Cost: table_policy_value() for each
/// temperature and draw (48, fewer beyond 170000 rows); 8 bytes a row and draw.
std::vector<double> noise_free_gain(std::span<const double> labels, const LabelNoise& noise,
                                    const TableReference& reference, std::span<const double> betas,
                                    const TablePolicyOptions& options);

}  // namespace esscher::internal
