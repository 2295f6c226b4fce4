#include "record/preference_json.h"

#include <utility>

namespace esscher::internal {
namespace {

Json pair_estimate_json(const Estimate& estimate) {
  return {{"value", estimate.value}, {"standard_error", number_json(estimate.standard_error)}};
}

Json pair_estimate_json(const std::optional<Estimate>& estimate) {
  return estimate ? pair_estimate_json(*estimate) : Json();
}

}  // namespace

Json counts_json(const std::optional<PreferenceCounts>& counts) {
  if (!counts) return {};
  return {
      {"pairs", counts->pairs}, {"ties", counts->ties}, {"contradictory", counts->contradictory}};
}

Json quality_json(const PreferenceQuality& quality) {
  Json bins = Json::array();
  for (const CalibrationBin& bin : quality.bins) {
    bins.push_back({{"low", bin.low},
                    {"high", bin.high},
                    {"pairs", bin.pairs},
                    {"predicted", bin.predicted},
                    {"observed", pair_estimate_json(bin.observed)}});
  }
  return {{"pairs", quality.pairs},
          {"accuracy", pair_estimate_json(quality.accuracy)},
          {"log_loss", pair_estimate_json(quality.log_loss)},
          {"calibration", pair_estimate_json(quality.calibration)},
          {"bins", std::move(bins)}};
}

}  // namespace esscher::internal
