#include "esscher/temperature/weight_temperature.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "esscher/base/number_text.h"
#include "esscher/readout/readout_weights.h"
#include "esscher/weights/log_weights.h"

namespace esscher {

double bearable_temperature(internal::FunctionRef<std::vector<double>(double)> log_weights,
                            double beta, double least_ess) {
  require_temperature(beta, "beta");
  const auto leaves_enough = [&](double temperature) {
    return diagnose_weights(log_weights(temperature)).ess >= least_ess;
  };
  double temperature = beta;
  for (int step = 1; !leaves_enough(temperature); ++step) {
    if (temperature == kGreatestTemperature) return std::numeric_limits<double>::infinity();
    temperature = std::min(beta * std::exp2(step / 4.0), kGreatestTemperature);
  }
  return temperature;
}

double bearable_temperature(std::span<const double> values, double beta, double least_ess) {
  if (static_cast<double>(values.size()) < least_ess) {
    require_temperature(beta, "beta");
    return std::numeric_limits<double>::infinity();
  }
  const double found = bearable_temperature(
      [&](double temperature) { return tilted_log_weights(values, temperature); }, beta, least_ess);
  // Equal weights would leave them.
  return std::isfinite(found) ? found : kGreatestTemperature;
}

}  // namespace esscher
