#pragma once

/// \file
/// Parameters that evaluations and audits have alike.

#include <optional>
#include <vector>

#include "parameters.h"

namespace esscher::python {

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
