#pragma once

/// \file
/// The law from which importance sampling draws z = <theta*, x>.

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/model/link.h"
#include "esscher/theory/tilted_law.h"

namespace esscher::internal {

/// An equal mixture of N(0, 1), the wide N(0, 2^2) and the optimal policies of some temperatures.
/// The wide component sees to the tails, where a learned reward was never fitted and may have
/// grown.
///
/// It is tabulated as a density that is constant on cells: the table is the law, so its densities
/// and quantiles are exact, and how well it follows the mixture is a matter of efficiency alone.
/// Cells are bisected until the density varies little within those that carry mass.
class DirectionProposal {
 public:
  DirectionProposal(const Link& reward, std::span<const TiltedLaw> optimal);

  struct Draw {
    double z = 0;
    double log_ratio = 0;  ///< log of the density of N(0, 1) over that of this law, at z
  };
  /// The \p v quantile, 0 < v < 1. Cost: a binary search in some thousand cells.
  Draw quantile(double v) const;

 private:
  std::vector<double> edges_;       ///< of the cells, ascending
  std::vector<double> cumulative_;  ///< mass up to each edge, from 0 to 1
};

}  // namespace esscher::internal
