#include "pipeline/automatic_readout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/readout/stacking.h"
#include "esscher/temperature/weight_temperature.h"
#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

constexpr std::array kFactors{1.0, 2.0, 4.0};
constexpr double kSamplesPerParameter = 4;
/// Weights that leave more of the effective samples of equal ones differ too little from them to
/// be worth a fit.
constexpr double kNearlyEqual = 0.9;

/// Readouts to be mixed, plain regression first, and what each predicts of rows it has not seen.
struct Candidates {
  std::vector<bool> fitted;  ///< of all that were thought of

  std::vector<std::vector<double>> coefficients;
  std::vector<double> intercepts;
  std::vector<std::vector<double>> held_out;

  void add(const CrossFit& cross) {
    fitted.push_back(true);
    coefficients.push_back(cross.fit.coefficients);
    intercepts.push_back(cross.fit.intercept);
    held_out.push_back(cross.held_out);
  }
  /// Shares of those fitted as shares of all.
  std::vector<double> spread(std::span<const double> shares) const {
    std::vector<double> all;
    auto next = shares.begin();
    for (const bool each : fitted) all.push_back(each ? *next++ : 0.0);
    return all;
  }
};

std::string shares_text(std::span<const double> shares, double label_temperature,
                        std::span<const double> temperatures) {
  std::string text;
  const auto add = [&](double share, const std::string& what) {
    if (!(share >= 0.005)) return;
    text += (text.empty() ? "" : ", ") + std::to_string(std::lround(100 * share)) + " % " + what;
  };
  add(shares[0], "equal weights");
  add(shares[1], "label weights at " + number_text(label_temperature, 3));
  for (std::size_t k = 0; k < temperatures.size(); ++k) {
    add(shares[k + 2], "surrogate weights at " + number_text(temperatures[k], 3));
  }
  return text;
}

/// The next power of the root of two.
double rounded_up(double temperature) {
  return std::exp2(std::ceil(2 * std::log2(temperature) - 1e-9) / 2);
}

/// The fits of one readout.
class WeightedFits {
 public:
  WeightedFits(const ReadoutSample& sample, SharedFits* shared, std::vector<double> even,
               double least_ess)
      : sample_(sample),
        shared_(shared),
        even_(std::move(even)),
        greatest_(kNearlyEqual * diagnose_weights(even_).ess),
        least_(least_ess) {}

  /// The lowest temperature, not below beta, at which weights leave enough effective samples.
  double bearable(std::span<const double> values, double beta) const {
    const double temperature =
        bearable_temperature([&](double t) { return sample_.tilted(values, t); }, beta, least_);
    if (!std::isfinite(temperature)) return kGreatestTemperature;
    return shared_ == nullptr ? temperature
                              : std::min(rounded_up(temperature), kGreatestTemperature);
  }

  std::vector<double> weights(std::span<const double> values, double temperature) const {
    return defensive_log_weights(sample_.tilted(values, temperature), even_);
  }

  /// Whether they differ enough from equal ones to be worth a fit.
  bool worth_a_fit(std::span<const double> tilted) const {
    return diagnose_weights(tilted).ess <= greatest_;
  }

  /// Appended in the order of the temperatures, but for those whose weights are nearly equal; false
  /// where cancelled.
  bool add(ReadoutWeights kind, std::span<const double> values,
           std::span<const double> temperatures, Candidates& candidates) const {
    SharedFits own;
    SharedFits& fits = shared_ == nullptr ? own : *shared_;
    std::vector<double> missing;
    std::vector<std::vector<double>> log_weights;
    std::vector<bool> fitted;
    for (const double temperature : temperatures) {
      std::vector<double> tilted = weights(values, temperature);
      fitted.push_back(worth_a_fit(tilted));
      if (!fitted.back() || fits.contains({kind, temperature}) ||
          std::ranges::find(missing, temperature) != missing.end()) {
        continue;
      }
      missing.push_back(temperature);
      log_weights.push_back(std::move(tilted));
    }
    if (!missing.empty()) {
      std::vector<CrossFit> made = sample_.fit(std::move(log_weights));
      if (made.size() != missing.size()) return false;
      for (std::size_t i = 0; i < made.size(); ++i) {
        if (made[i].held_out.empty()) return false;
        fits.emplace(std::pair(kind, missing[i]), std::move(made[i]));
      }
    }
    for (std::size_t k = 0; k < temperatures.size(); ++k) {
      if (fitted[k]) {
        candidates.add(fits.at({kind, temperatures[k]}));
      } else {
        candidates.fitted.push_back(false);
      }
    }
    return true;
  }

 private:
  const ReadoutSample& sample_;
  SharedFits* shared_;
  std::vector<double> even_;
  double greatest_;  ///< effective samples of weights that are worth a fit
  double least_;
};

WeightedFits weighted_fits(const ReadoutSample& sample, const CrossFit& uniform,
                           SharedFits* shared) {
  std::vector<double> even(sample.base.log_weights.begin(), sample.base.log_weights.end());
  if (even.empty()) even.assign(sample.labels.size(), 0.0);
  // Half the samples are left by any weights that are mild enough.
  const double least = std::min(diagnose_weights(even).ess / 2,
                                kSamplesPerParameter * uniform.fit.degrees_of_freedom);
  return {sample, shared, std::move(even), least};
}

/// Those of a pilot, the lowest first.
std::array<double, kFactors.size()> surrogate_temperatures(double bearable) {
  std::array<double, kFactors.size()> temperatures{};
  std::ranges::transform(kFactors, temperatures.begin(), [&](double factor) {
    return std::min(factor * bearable, kGreatestTemperature);
  });
  return temperatures;
}

}  // namespace

std::vector<WeightKind> automatic_fits(const ReadoutSample& sample, const CrossFit& uniform,
                                       double beta) {
  SharedFits none;
  const WeightedFits fits = weighted_fits(sample, uniform, &none);
  std::vector<WeightKind> kinds;
  const auto add = [&](ReadoutWeights kind, std::span<const double> values, double temperature) {
    const WeightKind next(kind, temperature);
    if (std::ranges::find(kinds, next) != kinds.end()) return;
    if (fits.worth_a_fit(fits.weights(values, temperature))) kinds.push_back(next);
  };
  add(ReadoutWeights::label, sample.labels, fits.bearable(sample.labels, beta));
  const std::vector<double> pilot = sample.rewards(uniform.held_out);
  const double scale = calibrate_tilt(pilot, sample.labels, beta, sample.base).scale;
  for (const double temperature : surrogate_temperatures(fits.bearable(pilot, beta / scale))) {
    add(ReadoutWeights::surrogate, pilot, temperature);
  }
  return kinds;
}

bool share_fits(const ReadoutSample& sample, const CrossFit& uniform,
                std::span<const WeightKind> kinds, SharedFits& shared) {
  const WeightedFits fits = weighted_fits(sample, uniform, &shared);
  const std::vector<double> pilot = sample.rewards(uniform.held_out);
  std::vector<WeightKind> missing;
  std::vector<std::vector<double>> log_weights;
  for (const WeightKind& kind : kinds) {
    if (shared.contains(kind) || std::ranges::find(missing, kind) != missing.end()) continue;
    missing.push_back(kind);
    const bool label = kind.first == ReadoutWeights::label;
    log_weights.push_back(
        fits.weights(label ? sample.labels : std::span<const double>(pilot), kind.second));
  }
  if (missing.empty()) return true;
  std::vector<CrossFit> made = sample.fit(std::move(log_weights));
  if (made.size() != missing.size()) return false;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i].held_out.empty()) return false;
    shared.emplace(missing[i], std::move(made[i]));
  }
  return true;
}

AutomaticReadout automatic_readout(const ReadoutSample& sample, const CrossFit& uniform,
                                   double beta, const AutomaticReadoutOptions& options) {
  if (options.shared != nullptr && options.rounds != 1) {
    throw InternalError("fits are shared in one round only");
  }
  const WeightedFits fits = weighted_fits(sample, uniform, options.shared);
  const auto calibrate = [&](std::span<const double> rewards) {
    return calibrate_tilt(rewards, sample.labels, beta, sample.base);
  };

  AutomaticReadout result;
  result.fit = uniform.fit;
  result.fit.path.clear();
  Candidates lasting;
  lasting.add(uniform);
  const double label_temperature = fits.bearable(sample.labels, beta);
  if (!fits.add(ReadoutWeights::label, sample.labels, {&label_temperature, 1}, lasting)) {
    return result;
  }
  Candidates candidates;
  std::vector<double> temperatures;
  std::vector<double> shares;
  std::vector<double> leading = uniform.held_out;
  for (int round = 0; round < options.rounds; ++round) {
    const std::vector<double> pilot = sample.rewards(leading);
    // A pilot brought to its slope tilts at beta as itself does at beta over the scale.
    const double bearable = fits.bearable(pilot, beta / calibrate(pilot).scale);
    const auto factored = surrogate_temperatures(bearable);
    temperatures.assign(factored.begin(), factored.end());
    candidates = lasting;
    if (!fits.add(ReadoutWeights::surrogate, pilot, temperatures, candidates)) return result;
    const std::vector<double> where_the_tilt_goes = fits.weights(pilot, bearable);
    result.fit.weights = diagnose_weights(where_the_tilt_goes);
    result.weight_temperature = bearable;
    shares = cautious_stacking_shares(candidates.held_out, sample.targets, where_the_tilt_goes,
                                      sample.base.groups);
    leading = stacked(candidates.held_out, shares);
  }
  result.shares = candidates.spread(shares);

  result.calibration = calibrate(sample.rewards(leading));
  result.fit.coefficients = stacked(candidates.coefficients, shares);
  result.fit.intercept = 0;
  for (std::size_t k = 0; k < shares.size(); ++k) {
    result.fit.intercept += shares[k] * candidates.intercepts[k];
  }
  for (double& temperature : temperatures) temperature *= options.unit;
  result.reason = "a mean of readouts: " +
                  shares_text(result.shares, options.unit * label_temperature, temperatures);
  if (result.calibration.scale < 1) {
    const TiltSlope& slope = result.calibration.last;
    result.reason += "; times " + number_text(result.calibration.scale, 3) +
                     ": where its tilt leads, held-out labels rise by " +
                     number_text(slope.slope, 2) + " +- " + number_text(slope.standard_error, 1) +
                     " for each unit predicted";
  }
  return result;
}

}  // namespace esscher::internal
