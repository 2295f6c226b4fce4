#include "evaluation_parameters.h"

#include <string>

#include "esscher/base/error.h"

namespace esscher::python {

std::vector<double> best_of(const Parameters& parameters) {
  if (parameters.is("best_of", "auto")) return {};
  std::vector<double> numbers = parameters.numbers("best_of");
  if (!numbers.empty()) return numbers;
  throw UsageError(rejection("best_of", parameters.shown("best_of"), "names no number",
                             "name one, or take auto"));
}

int bootstrap_of(const Parameters& parameters) {
  const int replicates = parameters.integer("bootstrap", 0, 100'000);
  if (replicates != 0 && replicates < 100) {
    throw UsageError(rejection("bootstrap", parameters.shown("bootstrap"),
                               "must be 0 or at least 100", "take 1000"));
  }
  return replicates;
}

double alpha_of(const Parameters& parameters) {
  const double alpha = parameters.number("alpha");
  if (!(alpha > 0 && alpha <= 0.5)) {
    throw UsageError(rejection("alpha", alpha, "must lie in (0, 0.5]", "take 0.05"));
  }
  return alpha;
}

std::optional<double> target_of(const Parameters& parameters) {
  if (parameters.is_none("target")) return std::nullopt;
  return parameters.number("target");
}

bool in_sd(const Parameters& parameters) {
  const std::string unit = parameters.text("beta_unit");
  if (unit == "reward" || unit == "sd") return unit == "sd";
  throw UsageError(rejection("beta_unit", unit, "must be reward or sd"));
}

}  // namespace esscher::python
