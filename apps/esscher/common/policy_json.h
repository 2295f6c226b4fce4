#pragma once

/// \file
/// Policies on tables, best-of-n and advice in results, as evaluations and audits have them alike.

#include <optional>
#include <vector>

#include "esscher/pipeline/target_answer.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "esscher/temperature/best_of_n_advice.h"
#include "esscher/temperature/deployment_advice.h"
#include "esscher/temperature/forecast.h"
#include "json_text.h"

namespace esscher::app {

/// null where it is not finite.
Json number_json(double value);
Json estimate_json(const Estimate& estimate);
Json estimate_json(const TableEstimate& estimate);
Json interval_json(const Interval& interval);
/// With the interval that an advice goes by.
Json advised_gain_json(const TableEstimate& gain);

/// \param sd  of the reward, in whose unit beta is
Json policy_json(const TablePolicyValue& policy, double sd);
Json best_of_n_json(const BestOfNValue& best);
/// A list, with the intervals that hold for all at once.
Json choices_json(const std::vector<BestOfNValue>& choices, const std::vector<Interval>& gains);
/// Null where there is none.
Json forecast_json(const std::optional<Forecast>& forecast);
Json advice_json(const DeploymentAdvice& advice);
Json advice_json(const BestOfNAdvice& advice);
/// null where no target was given.
Json target_json(const std::optional<TargetAnswer>& answer);

}  // namespace esscher::app
