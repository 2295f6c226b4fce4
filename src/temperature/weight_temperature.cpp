#include "esscher/temperature/weight_temperature.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/readout/readout_weights.h"
#include "esscher/weights/log_weights.h"

namespace esscher {
namespace {

void require_grid(std::span<const double> temperatures, std::span<const double> ess) {
  const auto refuse = [](const std::string& value, const char* constraint) {
    throw UsageError(rejection("temperatures", value, constraint));
  };
  if (temperatures.empty() || std::isfinite(temperatures.back())) {
    refuse(std::to_string(temperatures.size()) + " of them", "must end with equal weights");
  }
  for (std::size_t i = 1; i < temperatures.size(); ++i) {
    if (!(temperatures[i - 1] < temperatures[i])) {
      refuse(number_text(temperatures[i - 1]), "must ascend");
    }
  }
  if (ess.size() != temperatures.size()) {
    refuse(std::to_string(temperatures.size()) + " of them",
           "there must be one effective sample size each");
  }
}

}  // namespace

std::vector<double> weight_temperature_grid(double beta) {
  require_temperature(beta, "beta");
  std::vector<double> grid;
  for (const double factor : {1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0}) grid.push_back(factor * beta);
  grid.push_back(std::numeric_limits<double>::infinity());
  return grid;
}

double bearable_temperature(std::span<const double> values, double beta, double least_ess) {
  if (static_cast<double>(values.size()) < least_ess) {
    return std::numeric_limits<double>::infinity();
  }
  const auto leaves_enough = [&](double temperature) {
    return diagnose_weights(tilted_log_weights(values, temperature)).ess >= least_ess;
  };
  double temperature = beta;
  for (int step = 1; temperature < kGreatestTemperature && !leaves_enough(temperature); ++step) {
    temperature = std::min(beta * std::exp2(step / 4.0), kGreatestTemperature);
  }
  return temperature;
}

AveragedWeights averaged_weights(std::span<const double> temperatures, std::span<const double> ess,
                                 const AveragedWeightsOptions& options) {
  require_grid(temperatures, ess);
  const double least = options.least_ess_ratio * static_cast<double>(options.parameters);
  AveragedWeights result;
  const std::size_t last = temperatures.size() - 1;
  while (result.first < last && !(ess[result.first] >= least)) ++result.first;
  const std::string bar = number_text(least, 3) + " effective samples (" +
                          number_text(options.least_ess_ratio) + " of the readout's " +
                          std::to_string(options.parameters) + " effective parameters)";
  if (result.first == last) {
    result.reason = "equal weights: even at " + number_text(temperatures[last - 1], 4) +
                    ", the highest temperature looked at, weights would not leave " + bar;
    return result;
  }
  result.reason = "mean of " + std::to_string(last - result.first + 1) +
                  " readouts, with weights at temperatures from " +
                  number_text(temperatures[result.first], 4) + " up to equal weights";
  if (result.first > 0) result.reason += "; lower ones would not leave " + bar;
  return result;
}

}  // namespace esscher
