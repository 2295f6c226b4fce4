#pragma once

/// \file
/// Intervals of the gains of several policies that hold for all of them at once, so that the best
/// of them may be picked by its lower end (ours; after Chernozhukov, Chetverikov, Kato, "Gaussian
/// approximations and multiplier bootstrap for maxima of sums of high-dimensional random vectors",
/// The Annals of Statistics 41, 2013).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"

namespace esscher {

/// Of a policy on a table.
struct MeasuredGain {
  Estimate gain;
  std::span<const double> influence;  ///< TablePolicyValue::gain_influence or BestOfNValue's
  bool tilted = true;                 ///< false where the policy is the reference
};

struct SimultaneousGains {
  /// Of each policy; infinite where its error is, or where it has no influences.
  std::vector<Interval> intervals;
  /// c: the greatest of the gains' standardised errors stays below it with probability 1 - alpha/2.
  /// It lies between the normal quantiles of one policy and of so many independent ones.
  double quantile = 0;
};

/// The gains of policies on one table move together, as their influences tell. c is the 1 - alpha/2
/// quantile of the maximum of normal variables with their correlations. Each interval then has, at
/// both ends, Student's quantile of the tail probability of c, with the degrees of freedom of its
/// own weights: where few rows carry a policy its interval is wide. All intervals hold at once with
/// a nominal probability of 1 - \p alpha. Heavy rows that a sample has missed show nowhere, so that
/// low temperatures are rather too well thought of. Simulated where no temperature gains anything
/// (y = z/2 + noise, r = z normal, 12 temperatures of at least 5 effective rows, 300 rows): with
/// noise of 1 some lower end was above zero in 1.5 % of 200 tables; with noise of 0.3, where the
/// missing rows are all that is unknown, in 8 %, and of tables of 1000 rows in 14 %.
/// An exact gain (error 0) is its own interval. Policies without a tilt (KL below 1e-6) take no
/// part; theirs are intervals all the same.
/// \param gains  of policies on one table, with influences
/// \throws UsageError unless 0 < alpha < 1; InternalError for influences of unequal length
/// Cost: n multiply-adds for each pair of policies, and 10,000 draws of as many.
SimultaneousGains simultaneous_gains(std::span<const MeasuredGain> gains, double alpha = 0.05,
                                     std::uint64_t seed = 1);

/// A policy that is the reference to six digits gains nothing, whatever the last digits say.
bool is_tilted(const TablePolicyValue& policy);

/// \param policy  with its influence, which must outlive the result
MeasuredGain measured_gain(const TablePolicyValue& policy);
MeasuredGain measured_gain(const BestOfNValue& best);

/// Influences of at most so many pieces are taken as they are.
inline constexpr std::size_t kFoldedPieces = 16384;

/// Of more pieces, sums of every kFoldedPieces-th with random signs, common to all policies of one
/// table: so that many policies of a large table fit into memory. Correlations are then off by some
/// 1/sqrt(kFoldedPieces) at most, 0.008 (Charikar, Chen, Farach-Colton, "Finding frequent items in
/// data streams", ICALP 2002).
void fold_influence(std::vector<double>& influence);
/// All that there are.
void fold_influences(TablePolicyValue& policy);
void fold_influences(BestOfNValue& best);

}  // namespace esscher
