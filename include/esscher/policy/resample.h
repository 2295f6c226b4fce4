#pragma once

/// \file
/// Rows of a table drawn anew as a policy would choose them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/policy/table_policy.h"

namespace esscher {

enum class ResampleKind {
  tilted,          ///< independent draws from the tilted policy, with replacement
  best_of_n,       ///< each draw the best by r of n from pi_0, ties split by a fair draw
  soft_best_of_n,  ///< the first `count` of draws from the tilted policy without replacement
};
std::string_view resample_kind_name(ResampleKind kind);
/// \throws UsageError naming \p field, with the nearest name
ResampleKind parse_resample_kind(std::string_view text, std::string_view field = "kind");

struct ResampleOptions {
  ResampleKind kind = ResampleKind::tilted;
  double beta = 1;  ///< tilted, soft_best_of_n: temperature in units of r
  double n = 1;     ///< best_of_n: candidates of a draw, from 1 to 1e15; need not be whole
  /// Draws or, with groups, draws in each group. soft_best_of_n: at most the number of rows that
  /// pi_0 takes at all.
  std::uint64_t count = 1;
  std::uint64_t seed = 1;
  int threads = 0;
  /// After a request to cancel no more is drawn, and the list of draws is empty.
  const CancellationToken* cancellation = nullptr;
};

struct ResampledRow {
  std::uint32_t group = 0;  ///< 0 without groups
  std::uint64_t row = 0;    ///< from 0
  std::uint64_t draw = 0;   ///< from 0, within its group; soft_best_of_n: in the order of drawing
};

/// `count` draws for each group, ordered by group and draw. Groups, strata and prior weights count
/// as in table_policy_value().
///
/// A draw with replacement is a function of (seed, kind, group, draw) and the table, so that more
/// draws begin with those of fewer. Draws without replacement are Gumbel top-k (Kool, van Hoof,
/// Welling, "Stochastic beams and where to find them", ICML 2019): the rows of the greatest
/// log w_i + G_i, with noise G_i a function of (seed, row); one draw alone is one of the policy's.
/// Cost: O(log rows) a draw, after a sort for best_of_n; without replacement O(rows log rows).
/// \throws UsageError for an option outside its range, and where the draws do not fit into memory;
///         as table_policy_value()
std::vector<ResampledRow> resample(std::span<const double> r, const TableReference& reference,
                                   const ResampleOptions& options);

}  // namespace esscher
