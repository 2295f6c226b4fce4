#include "pipeline/automatic_readout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "esscher/base/number_text.h"
#include "esscher/readout/cross_fit.h"
#include "esscher/readout/readout_weights.h"
#include "esscher/readout/stacking.h"
#include "esscher/temperature/weight_temperature.h"
#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

constexpr int kRounds = 2;
constexpr std::array kFactors{1.0, 2.0, 4.0};
constexpr double kSamplesPerParameter = 4;

/// Readouts to be mixed, plain regression first, and what each predicts of rows it has not seen.
struct Candidates {
  std::vector<std::vector<double>> coefficients;
  std::vector<double> intercepts;
  std::vector<std::vector<double>> held_out;

  void add(std::vector<double> a, double c, std::vector<double> predictions) {
    coefficients.push_back(std::move(a));
    intercepts.push_back(c);
    held_out.push_back(std::move(predictions));
  }
};

std::string shares_text(std::span<const double> shares, double label_temperature,
                        double temperature) {
  std::string text;
  const auto add = [&](double share, const std::string& what) {
    if (!(share >= 0.005)) return;
    text += (text.empty() ? "" : ", ") + std::to_string(std::lround(100 * share)) + " % " + what;
  };
  add(shares[0], "equal weights");
  add(shares[1], "label weights at " + number_text(label_temperature, 3));
  for (std::size_t k = 0; k < kFactors.size(); ++k) {
    add(shares[k + 2], "surrogate weights at " + number_text(kFactors[k] * temperature, 3));
  }
  return text;
}

}  // namespace

AutomaticReadout automatic_readout(const DesignRows& rows, std::span<const double> labels,
                                   const RidgeFit& uniform, std::span<const double> pilot,
                                   std::span<const std::uint32_t> folds, double beta,
                                   const RidgeOptions& ridge) {
  const auto n = static_cast<double>(labels.size());
  const std::vector<double> even(labels.size());
  // Half the samples are left by any weights that are mild enough.
  const double least = std::min(n / 2, kSamplesPerParameter * uniform.degrees_of_freedom);
  RidgeOptions fixed = ridge;
  fixed.rule = PenaltyRule::fixed;
  // False where it was cancelled.
  const auto fit = [&](std::span<const double> log_weights, Candidates& into) {
    if (ridge.rule != PenaltyRule::fixed) {
      fixed.penalty = uniform.penalty * std::sqrt(n / diagnose_weights(log_weights).ess);
    }
    CrossFit cross = cross_fit_ridge(rows, labels, log_weights, folds, fixed);
    const bool whole = !cross.held_out.empty();
    if (whole) {
      into.add(std::move(cross.fit.coefficients), cross.fit.intercept, std::move(cross.held_out));
    }
    return whole;
  };

  AutomaticReadout result;
  result.fit = uniform;
  result.fit.path.clear();
  Candidates lasting;
  lasting.add(uniform.coefficients, uniform.intercept, {pilot.begin(), pilot.end()});
  const double label_temperature = bearable_temperature(labels, beta, least);
  if (!fit(defensive_log_weights(tilted_log_weights(labels, label_temperature), even), lasting)) {
    return result;
  }
  Candidates candidates;
  std::vector<double> leading(pilot.begin(), pilot.end());
  for (int round = 0; round < kRounds; ++round) {
    const double scale = calibrate_tilt(leading, labels, beta).scale;
    for (double& value : leading) value *= scale;
    candidates = lasting;
    result.weight_temperature = bearable_temperature(leading, beta, least);
    const auto surrogate_weights = [&](double factor) {
      const double temperature = std::min(factor * result.weight_temperature, kGreatestTemperature);
      return defensive_log_weights(tilted_log_weights(leading, temperature), even);
    };
    for (const double factor : kFactors) {
      if (!fit(surrogate_weights(factor), candidates)) return result;
    }
    const std::vector<double> where_the_tilt_goes = surrogate_weights(1);
    result.fit.weights = diagnose_weights(where_the_tilt_goes);
    result.shares = stacking_shares(candidates.held_out, labels, where_the_tilt_goes);
    leading = stacked(candidates.held_out, result.shares);
  }

  result.calibration = calibrate_tilt(leading, labels, beta);
  const double scale = result.calibration.scale;
  result.fit.coefficients = stacked(candidates.coefficients, result.shares);
  for (double& a : result.fit.coefficients) a *= scale;
  result.fit.intercept = 0;
  for (std::size_t k = 0; k < result.shares.size(); ++k) {
    result.fit.intercept += scale * result.shares[k] * candidates.intercepts[k];
  }
  result.reason = "a mean of readouts: " +
                  shares_text(result.shares, label_temperature, result.weight_temperature);
  if (scale < 1) {
    result.reason +=
        "; times " + number_text(scale, 3) + ", as far as held-out labels bear out its tilt";
  }
  return result;
}

}  // namespace esscher::internal
