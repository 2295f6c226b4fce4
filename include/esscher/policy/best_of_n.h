#pragma once

/// \file
/// Best-of-n on a table: of n independent draws from pi_0 the one of the highest proxy reward is
/// taken, ties split by a fair draw. By the ranks of the proxy this is an exact sum.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "esscher/policy/estimate.h"
#include "esscher/policy/table_policy.h"

namespace esscher {

struct BestOfNOptions {
  /// Draws, >= 1; need not be whole: the law whose distribution function of r is F^n.
  double n = 1;
  bool enumerated = false;                ///< as TablePolicyOptions::enumerated
  bool influence = false;                 ///< BestOfNValue's influences are asked for
  std::span<const double> predicted{};    ///< as TablePolicyOptions::predicted
  std::span<const double> label_noise{};  ///< as TablePolicyOptions::label_noise
};

/// Rewards in units of y and r; KL in nats.
struct BestOfNValue {
  double n = 1;
  Estimate value;      ///< mean of y over the choices
  Estimate proxy;      ///< mean of r over the choices; with groups as TablePolicyValue::proxy
  Estimate reference;  ///< mean of y under pi_0
  Estimate gain;       ///< value - reference, free of the levels of groups
  /// Of the choices' law from pi_0, exactly on these rows: at most `kl_bound`, and equal to it in
  /// the limit of many rows without ties.
  Estimate kl;
  double kl_bound = 0;       ///< log n - (n - 1)/n
  std::size_t groups = 0;    ///< 0: without groups
  std::size_t clusters = 0;  ///< as TablePolicyValue::clusters
  double coverage = 1;       ///< as TablePolicyValue::coverage
  double beyond = 0;         ///< as TablePolicyValue::beyond
  /// (sum w)^2 / sum w^2 of the choices' law among rows whose y is known: without groups over all
  /// rows or clusters, or what a draw of them leaves on average if that is less, with groups summed
  /// over groups.
  double ess = 0;
  double least_ess = 0;  ///< without groups the least within a stratum; with groups equal to `ess`
  /// 10 effective rows in each stratum or, with groups, 5 groups; a coverage of 1/2, and at most a
  /// tenth beyond.
  bool reliable = true;
  std::string remark;  ///< why not; empty where reliable
  /// As TablePolicyValue::gain_influence.
  std::vector<double> gain_influence{};
  std::vector<double> value_influence{};  ///< likewise of the value
  Estimate steady_value{};                ///< as TablePolicyValue::steady_value

  /// Lets go of them.
  void clear_influences() {
    gain_influence = {};
    value_influence = {};
  }
};

/// With rows sorted by r, F_b the prior weight up to and with the b-th distinct value and m_b its
/// own: row i of that value is chosen with probability p_i (F_b^n - F_{b-1}^n) / m_b. Groups,
/// strata and weights count as in table_policy_value(); draws never leave a group, nor a stratum.
///
/// Standard errors: with groups those of a mean over groups; without, by the influence of a row on
/// its own choice and on the ranks of all others, divided by 1 - its weight, and centred within
/// strata; raised as those of table_policy_value(). Without groups the rows are a sample, in which
/// draws meet the same row more often than in pi_0: a bias of about n (n - 1) / (2 rows of a
/// stratum) times (value at n - 1 less that at n). Intervals do not know it; their coverage at 0.95
/// with n = 8 was 0.94 for strata of 100 rows, 0.92 for strata of 25. Cost: O(rows log rows).
/// \throws UsageError unless n is finite, 1 <= n <= 1e15; as table_policy_value()
BestOfNValue best_of_n_value(std::span<const double> r, std::span<const double> y,
                             const TableReference& reference, const BestOfNOptions& options);

/// log n - (n - 1)/n, an upper bound of the KL of best-of-n; within 1e-16 of it.
/// \throws UsageError unless n >= 1 and finite
double best_of_n_kl_bound(double n);

/// The n >= 1 at which best_of_n_kl_bound(n) = kl, to a relative error of some 1e-15 (1 + kl).
/// \throws UsageError unless 0 <= kl <= 700
double equivalent_n(double kl);

}  // namespace esscher
