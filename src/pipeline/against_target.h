#pragma once

/// \file
/// Policies of one table, held against a target.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "esscher/pipeline/target_answer.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "esscher/temperature/reached_target.h"

namespace esscher::internal {

/// Their influences must outlive this, and be as long as each other.
class AgainstTarget {
 public:
  /// \throws UsageError for a target that is not finite, or within groups, where the level of a
  ///         reward is nobody's
  AgainstTarget(double target, bool grouped);
  void add_tilts(const std::string& name, std::span<const TablePolicyValue> policies);
  void add_best_of_n(const std::string& name, std::span<const BestOfNValue> choices);
  void add_trained(const std::string& name, const TablePolicyValue& policy);
  TargetAnswer answer(double alpha, std::uint64_t seed) const;

 private:
  void add(ReachingPolicy policy, const MeasuredValue& value, bool told);

  TargetAnswer answer_;
  std::vector<ReachingPolicy> policies_;
  std::vector<MeasuredValue> values_;
};

}  // namespace esscher::internal
