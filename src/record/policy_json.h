#pragma once

/// \file
/// Policies on tables, best-of-n and advice, as evaluations and audits have them alike.

#include <optional>
#include <vector>

#include "esscher/pipeline/target_answer.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "esscher/temperature/best_of_n_advice.h"
#include "esscher/temperature/deployment_advice.h"
#include "esscher/temperature/forecast.h"
#include "record/record_json.h"

namespace esscher::internal {

Json interval_json(const Interval& interval);
/// Null where there is none.
Json forecast_json(const std::optional<Forecast>& forecast);
/// null where no target was given.
Json target_json(const std::optional<TargetAnswer>& answer);

/// What is told of them in more or less detail.
class PolicyJson {
 public:
  explicit PolicyJson(const RunRecord& run) : detailed_(run.detailed) {}

  Json estimate(const Estimate& found) const;
  Json estimate(const TableEstimate& found) const;
  /// With the interval that an advice goes by.
  Json advised_gain(const TableEstimate& gain) const;
  /// \param sd  of the reward, in whose unit beta is
  Json policy(const TablePolicyValue& value, double sd) const;
  Json best_of_n(const BestOfNValue& best) const;
  /// A list, with the intervals that hold for all at once.
  Json choices(const std::vector<BestOfNValue>& all, const std::vector<Interval>& gains) const;
  /// Adds to each policy, and to each of the choices, what the labelled rows alone tell of it.
  void add_labelled(Json& policies, Json& choices, const ToldByLabelled& labelled) const;
  Json advice(const DeploymentAdvice& given) const;
  Json advice(const BestOfNAdvice& given) const;

 private:
  bool detailed_;
};

}  // namespace esscher::internal
