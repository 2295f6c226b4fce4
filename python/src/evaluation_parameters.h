#pragma once

/// \file
/// What evaluations and audits have alike: advice as records, and the options behind intervals.

#include <optional>
#include <vector>

#include "esscher/pipeline/target_answer.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/temperature/best_of_n_advice.h"
#include "esscher/temperature/deployment_advice.h"
#include "esscher/temperature/forecast.h"
#include "parameters.h"
#include "record.h"

namespace esscher::python {

Record record_of(const DeploymentAdvice& advice);
Record record_of(const BestOfNAdvice& advice);

/// A list, with the intervals that hold for all at once.
nb::list choices_of(const std::vector<BestOfNValue>& best_of_n, const std::vector<Interval>& gains);
/// "simultaneous_low" and "simultaneous_high".
void add_simultaneous(Record& record, const Interval& gain);

Record record_of(const Forecast& forecast);
Record record_of(const TargetAnswer& answer);

/// "best_of": empty where open.
std::vector<double> best_of(const Parameters& parameters);
/// "bootstrap": 0, or 100 and more.
int bootstrap_of(const Parameters& parameters);
/// "alpha", in (0, 0.5].
double alpha_of(const Parameters& parameters);
/// "target": empty where it is None.
std::optional<double> target_of(const Parameters& parameters);
/// "beta_unit": whether it is sd, rather than reward.
bool in_sd(const Parameters& parameters);

}  // namespace esscher::python
