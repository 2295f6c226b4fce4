#pragma once

/// \file
/// What evaluations and audits have alike: advice as records, and the options behind intervals.

#include "esscher/temperature/best_of_n_advice.h"
#include "esscher/temperature/deployment_advice.h"
#include "parameters.h"
#include "record.h"

namespace esscher::python {

Record record_of(const DeploymentAdvice& advice);
Record record_of(const BestOfNAdvice& advice);

/// "bootstrap": 0, or 100 and more.
int bootstrap_of(const Parameters& parameters);
/// "alpha", in (0, 0.5].
double alpha_of(const Parameters& parameters);
/// "beta_unit": whether it is sd, rather than reward.
bool in_sd(const Parameters& parameters);

}  // namespace esscher::python
