#include "esscher/pipeline/reward_model.h"

#include <cmath>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/io/safetensors.h"
#include "pipeline/model_file.h"

namespace esscher {
namespace {

/// Relative: temperatures of a grid are printed with four digits, and typed so.
constexpr double kSameTemperature = 1e-3;
constexpr internal::ModelKind kSimulatedModel{"esscher_reward_model", 1, 1, "a reward model"};

}  // namespace

const RewardHead& find_head(const RewardModel& model, ReadoutWeights weights, double beta) {
  std::string held;
  const RewardHead* nearest = nullptr;
  double least = kSameTemperature;
  for (const RewardHead& head : model.heads) {
    const double distance =
        head.weight_temperature ? std::abs(*head.weight_temperature / beta - 1) : 0;
    if (head.weights == weights && distance <= least) {
      nearest = &head;
      least = distance;
    }
    if (!held.empty()) held += ", ";
    held += readout_weights_name(head.weights);
    if (head.weight_temperature) held += " at " + number_text(*head.weight_temperature, 6);
  }
  if (nearest != nullptr) return *nearest;
  throw UsageError(rejection(
      "--weights",
      std::string(readout_weights_name(weights)) + " at temperature " + number_text(beta),
      "the model has no such readout",
      held.empty() ? "it has none: its run was stopped before stage 2" : "it holds " + held));
}

void save_reward_model(const std::string& path, const RewardModel& model) {
  Safetensors content;
  content.metadata = model.facts;
  internal::add_format(content, kSimulatedModel);
  internal::add_first_layer(content, model.first);
  internal::add_heads(content, model.heads, model.first.width());
  write_safetensors(path, content);
}

RewardModel load_reward_model(const std::string& path) {
  const internal::ModelFile file(path, kSimulatedModel);
  RewardModel model;
  model.first = file.first_layer();
  model.heads = file.heads(model.first.width());
  for (const auto& [key, value] : file.facts()) {
    if (!internal::is_own_key(kSimulatedModel, key)) model.facts[key] = value;
  }
  return model;
}

}  // namespace esscher
