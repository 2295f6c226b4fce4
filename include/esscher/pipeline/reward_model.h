#pragma once

/// \file
/// A trained reward model in one file: a first layer and the readouts fitted on it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "esscher/model/network.h"
#include "esscher/readout/readout_weights.h"

namespace esscher {

/// One readout, and what it was fitted for.
struct RewardHead {
  ReadoutWeights weights = ReadoutWeights::uniform;
  std::optional<double> weight_temperature;  ///< beta of the weights; empty for uniform ones
  std::vector<double> readout;               ///< a, m
  double intercept = 0;                      ///< c
  double penalty = 0;                        ///< lambda of the ridge
};

struct RewardModel {
  FirstLayer first;
  std::vector<RewardHead> heads;
  /// What else the file tells: version, seed, link, options. Kept as it is.
  std::map<std::string, std::string> facts;

  Network network(const RewardHead& head) const { return {first, head.readout, head.intercept}; }
};

/// The head fitted with such weights whose weight temperature is nearest to \p beta and
/// within 0.1 % of it; the temperature does not matter to uniform weights.
/// \throws UsageError naming what the model holds, where it holds no such head.
const RewardHead& find_head(const RewardModel& model, ReadoutWeights weights, double beta);

/// Writes safetensors: "weights" (m x k), "biases" (m), "mixture" (order x m, if any), "readouts"
/// (heads x m), "intercepts", "penalties", "weight_temperatures" (heads; infinity for none), all
/// F64, and metadata. The file appears only when it is whole. \throws IoError
void save_reward_model(const std::string& path, const RewardModel& model);

/// Bit for bit what was saved. \throws IoError where the file cannot be read, DataError where it is
/// malformed, truncated, not a reward model, or of a newer format (says which version is needed).
RewardModel load_reward_model(const std::string& path);

}  // namespace esscher
