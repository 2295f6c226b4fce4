#pragma once

/// \file
/// What the policy tilted by given rewards is worth, told from the rows of a table (mathematics,
/// section 8). Row i has a proxy reward r_i, which tilts, and a gold reward y_i, which is measured;
/// nothing is asked of where they come from. For honest numbers r_i must come from a model that has
/// not seen row i.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/policy/estimate.h"
#include "esscher/weights/log_weights.h"

namespace esscher {

/// How the rows of a table stand for the reference policy pi_0. All spans are of length `rows` or
/// empty, and must outlive the call that is given them.
struct TableReference {
  std::size_t rows = 0;
  /// Candidates of one prompt share a number; numbers are dense, 0 to G - 1. pi_0 is then the prior
  /// within each group, the tilt a softmax within each group, and values are averages over groups,
  /// which count equally. Empty: the rows are draws from one pi_0.
  std::span<const std::uint32_t> groups{};
  /// Logarithm of a row's prior importance pi_0 / (the law that the rows were drawn from), up to a
  /// constant; -infinity for a row that pi_0 never takes. Empty: equal.
  std::span<const double> log_weights{};
  /// Rows whose rewards come from one model, such as the folds of a cross-fit; below 2^16. Tilted
  /// weights are normalised within each stratum, since models differ by constants that no policy
  /// sees, and strata are averaged by their prior weight. Each group lies within one. Empty: one.
  std::span<const std::uint32_t> strata{};
  /// Rows of one number stand and fall together (a family, a batch): errors are those of draws of
  /// clusters. A cluster lies within one stratum, a group within one cluster. Empty: each row, or
  /// group, is drawn by itself.
  std::span<const std::uint32_t> clusters{};
  /// 1 for rows that pi_0 takes by design and not as draws, such as the measurements of a control;
  /// else 0. Their errors are those of draws, but effective rows, Pareto k and what lies above all
  /// rows are told by the others: however often one candidate is measured, that says nothing of
  /// candidates that no row shows. Without groups and clusters only. Empty: none.
  std::span<const std::uint8_t> placed{};
};

struct TablePolicyOptions {
  double beta = 1;      ///< temperature of the tilt, in units of r
  double level = 0.95;  ///< of the bootstrapped intervals, in (0, 1)
  /// Replicates: 0 for no intervals, else 100 to 100000.
  int bootstrap = 1000;
  std::uint64_t seed = 1;
  /// The table is the whole of pi_0 and no sample from it: standard errors are those of label_noise
  /// alone, nothing is bootstrapped, and everything is reliable.
  bool enumerated = false;
  /// Of an enumerated table, the standard deviation of the noise in each y, which r must not have
  /// seen. Empty: none, so that values are exact. Else not looked at: other errors hold it.
  std::span<const double> label_noise{};
  bool influence = false;  ///< TablePolicyValue's influences are asked for
  /// What y is expected to be, one a row and in its unit, such as a multiple of r: then some y may
  /// be unknown, NaN. Rows with a y must be a random draw from all rows or, with groups, those with
  /// two of them or more from all groups, and those rows from their group. Nothing is bootstrapped.
  /// Empty: every y is known.
  std::span<const double> predicted{};
  int threads = 0;
  /// Heard between replicates: then no intervals are told. nullptr: cannot be cancelled.
  const CancellationToken* cancellation = nullptr;
};

struct Interval {
  double low = 0;
  double high = 0;
};

/// degrees_of_freedom: with groups G - 1, or those of their clusters; else (sum w^2)^2 / sum w^4 of
/// the tilted weights, summed over clusters where there are any, the number of equal pieces whose
/// sum of squares would be as uncertain.
struct TableEstimate : Estimate {
  /// Empty where nothing was bootstrapped, or some replicates ran out of rows with weight (then the
  /// estimate is unreliable, too).
  std::optional<Interval> interval{};
};

/// Rewards in units of y and r, which the caller has made the same; KL in nats.
struct TablePolicyValue {
  double beta = 0;
  TableEstimate value;  ///< V = mean of y under the tilted policy: the gold value
  /// P = mean of r under the tilted policy; with groups, where the level of r is nobody's, its rise
  /// over pi_0 on the level of y there, so that over-optimisation is P - V.
  TableEstimate proxy;
  TableEstimate kl;                 ///< KL(pi_r || pi_0) = mean of r / beta - log Z, >= 0
  TableEstimate objective;          ///< J = V - beta KL
  TableEstimate reference;          ///< mean of y under pi_0
  TableEstimate rise;               ///< V - reference; with groups free of their levels
  TableEstimate gain;               ///< J - reference = rise - beta KL
  TableEstimate over_optimisation;  ///< rise of r over pi_0 less rise of y
  /// Of the tilted weights, which sum to a stratum's share within it, to 1/G within a group.
  WeightDiagnostics weights;
  /// Without groups that of `weights`, with clusters of weights summed over each, or of what a draw
  /// of the known rows or clusters leaves on average if that is less; with groups the sum over
  /// groups of (sum w)^2 / sum w^2 within each: from G (one candidate each) to the number of rows.
  double ess = 0;
  /// The least ESS within a stratum; without strata or with groups equal to `ess`.
  double least_ess = 0;
  /// KL in the limit beta -> 0: as far as this table's policies can go.
  double greedy_kl = 0;
  std::size_t groups = 0;    ///< 0: without groups
  std::size_t clusters = 0;  ///< 0: each row, or group, is drawn by itself
  std::size_t strata = 0;
  /// Where some y are unknown: share of the known rows in the tilted weights over that in the prior
  /// ones, the least of all strata; with groups over their share of the rows, of all groups that
  /// count as known. Expected to be 1. Where all y are known 1.
  double coverage = 1;
  /// Where some y are unknown, without groups: the weight on rows that score above every row whose
  /// y is known.
  double beyond = 0;
  /// Pareto k is below its threshold, and there are at least 10 effective rows in each stratum or,
  /// with groups, at least 5 groups; of rows and groups with known y (of groups effective ones, by
  /// the weight of their known rows), a coverage of 1/2, and at most a tenth beyond.
  bool reliable = true;
  std::string remark;  ///< why not, in a plain sentence; empty where reliable
  /// Where asked for, what each row, group or cluster moves the gain by, strata by strata: sums of
  /// products are the covariance of the gains of two policies on one table. The sum of squares is
  /// that of the standard error less what is added for what rows do not show (below). Empty where
  /// an error is infinite, or the table enumerated.
  std::vector<double> gain_influence{};
  std::vector<double> value_influence{};  ///< likewise of the value
  std::vector<double> rise_influence{};   ///< and of the rise
  /// Where some y are unknown and rows are drawn one by one from one pi_0: the value, the error of
  /// its correction being a steady_error(), since few known rows carry that of a strong tilt, and
  /// all rows tell how few; with what rows beyond the known ones and above all may be off by;
  /// degrees of freedom are those of the draw of all rows. Elsewhere `value` as it is.
  Estimate steady_value{};

  /// Lets go of them: one number a row each.
  void clear_influences() {
    for (std::vector<double>* each : {&gain_influence, &value_influence, &rise_influence}) {
      *each = {};
    }
  }
};

/// Weights of row i within its stratum or group: w_i = p_i e^{r_i/beta} / Z, and
/// V = sum_c share_c sum_{i in c} w_i y_i over the strata or groups c.
///
/// Standard errors. With groups: those of a mean over G independent groups. Without: each row's
/// influence, divided by 1 - w_i as in a jackknife (exactly so for V and P, slightly larger for
/// log Z; infinite where a row has all the weight), centred and scaled by (n - 1)/n within each
/// stratum; the rewards r count as given.
///
/// Three things are added to the error of a figure that holds y. Of ESS rows or
/// clusters that show one y alone, three in ESS may be otherwise: it is not below
/// sqrt(3 E_{pi_0} (y - V)^2) / ESS there; of groups with known y that show one rise or value,
/// likewise by what the same rewards in another order would be worth. Where some y are unknown,
/// rows beyond the known ones may be off by a standard deviation of y (both policy/unseen.h). And
/// where half of them or more are known, without groups, rows above all that are there may make it
/// worse, if y goes on as it bends in r: a policy goes there, and an estimate lacks it
/// (policy/above_rows.h; what errors hold against is in docs/trust.md). Where y rises as r does
/// that is next to nothing.
///
/// With clusters, influences are summed over each before they are squared.
///
/// Unknown rewards y (ours, after prediction-powered inference; mathematics, section 10). Tilted
/// weights, and with them KL and proxy, are those of all rows. Means of y are those of the
/// predictions m plus sum_K w (y - m) / sum_K w over the known rows K, under the tilted weights as
/// under the prior ones; within groups, sum (w - p) y is that of m in all groups plus (N - 1)/(K -
/// 1) sum_K (w - p) (y - m - their mean) in those with K >= 2 known of N rows, which is unbiased;
/// they stand for groups of like size. A group of one row has no rise.
/// Errors count both parts. ESS, Pareto k and degrees of freedom are those of known rows alone.
/// Where all y are known predictions fall out.
///
/// Intervals: rows, or clusters of them, are drawn anew within strata, or groups among groups. The
/// bootstrap-t interval (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter
/// 12) corrects bias and skewness, Student's interval is steady where it is too short; each end is
/// the farther of the two. Coverage in simulation (y = 0.8 z + noise, r = z normal, 500 rows in 5
/// strata, beta of 1.5, 1, 0.8; 1000 tables) at a nominal 0.95: value 0.95, 0.94, 0.92; gain 0.96,
/// 0.96, 0.96; KL 0.94, 0.92, 0.87, since heavy rows that the sample has missed show nowhere.
/// Percentile intervals cover the value with 0.93, 0.87, 0.78. Strata of 20 rows are too few at
/// beta = 1.2: value 0.93, and 0.80 among the tables that pass as reliable, which are those that
/// lack heavy rows.
///
/// The result has the same bits for any number of threads. Replicates depend on seed, number and
/// row only, so that temperatures are compared on the same ones.
/// Cost: O(n log n), and some 10 ns a row and replicate (with groups 10 ns a group and replicate).
/// \throws UsageError for unequal lengths or an option outside its range; DataError where a reward
///         is not finite, a log-weight is NaN or +infinity, group numbers are not dense, a group
///         lies in several strata or clusters or has no weight, a cluster lies in
///         several strata, every group is a single row, or there is but
///         one group or a stratum of one row (unless enumerated); a stratum has fewer than two
///         known rows, or fewer than two groups have two.
TablePolicyValue table_policy_value(std::span<const double> r, std::span<const double> y,
                                    const TableReference& reference,
                                    const TablePolicyOptions& options = {});

}  // namespace esscher
