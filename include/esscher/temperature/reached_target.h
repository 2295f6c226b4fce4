#pragma once

/// \file
/// Which of several policies have a true mean of at least a target, of which to be wrong about any
/// has a nominal chance of alpha (ours; the test of many moments is Romano, Shaikh, Wolf, "A
/// practical two-step method for testing moment inequalities", Econometrica 82, 2014; weights are
/// those of Roeder, Wasserman, "Genome-wide significance levels and weighted hypothesis testing",
/// Statistical Science 24, 2009).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"

namespace esscher {

/// Of a policy on a table.
struct MeasuredValue {
  Estimate value;
  std::span<const double> influence;  ///< TablePolicyValue::value_influence or BestOfNValue's
  /// What was expected before any of the gold rewards that the value is told from: policies that
  /// were likely to reach the target get more of alpha. Nothing: all get the same.
  std::optional<double> foreseen{};
};

/// \param policy  with its influence, which must outlive the result; steady_value counts
MeasuredValue measured_value(const TablePolicyValue& policy);
MeasuredValue measured_value(const BestOfNValue& best);

/// The policies of one table, against any target.
///
/// A policy can only be named wrongly if it lies below the target, and hardly if it lies far below.
/// Upper ends of all values at alpha/10 tell how far each may at most lie below; with these, the
/// normal variables of the policies' correlations are drawn, and the tail probability at which a
/// policy is named is the largest by which none of the draws is named but with probability
/// 9/10 alpha. It is Student's, with the degrees of freedom of each policy, and in proportion to
/// its weight Phi((foreseen - target) / error - 1.5), where there is one.
class TargetTest {
 public:
  /// \param values  must outlive nothing: all that is needed is copied
  /// \throws UsageError unless 0 < alpha < 1; InternalError for influences of unequal length
  /// Cost: n multiply-adds for each pair of policies, and 10,000 draws of as many
  TargetTest(std::span<const MeasuredValue> values, double alpha, std::uint64_t seed = 1);

  /// One a policy: where it is not below \p target, the policy is named, and all that are named are
  /// so rightly with a nominal probability of 1 - alpha. -infinity where an error is infinite or
  /// there are no influences; an exact value (error 0) is its own end. Ends depend on the target,
  /// for which alone they hold. \throws UsageError for a target that is not finite.
  /// Cost: 10,000 error functions a policy.
  std::vector<double> lower_ends(double target) const;

 private:
  std::vector<Estimate> values_;
  std::vector<std::optional<double>> foreseen_;
  std::vector<std::size_t> estimated_;  ///< those with errors and influences
  double alpha_;
  Matrix<float> draws_;      ///< of each estimated policy
  double upper_quantile_{};  ///< of the greatest, at alpha/10
};

}  // namespace esscher
