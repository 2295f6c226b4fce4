#include "esscher/pipeline/reward_choice.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher {
namespace {

FitWeights deployed_weights(std::string_view text) {
  try {
    return parse_fit_weights(text, "--weights");
  } catch (const UsageError& error) {
    throw UsageError(std::string(error.what()) + "; or linear, the baseline");
  }
}

}  // namespace

ChosenReward choose_reward(const TrainedReward& reward, std::string_view weights,
                           std::optional<double> beta) {
  if (beta) require_temperature(*beta, "--beta");
  if (weights == "linear") return {TrainedReward::kLinear};
  const FitWeights kind = deployed_weights(weights);
  if (kind == FitWeights::uniform) return {TrainedReward::kUniform};
  std::vector<const Deployment*> held;
  std::string names;
  for (const Deployment& deployment : reward.deployments) {
    if (deployment.weights != kind) continue;
    if (beta && std::abs(*beta - deployment.beta) <= 1e-3 * deployment.beta) {
      return {reward.column(kind, deployment.beta)};
    }
    names += (names.empty() ? "" : ", ") + number_text(deployment.beta, 4);
    held.push_back(&deployment);
  }
  if (!beta && held.size() == 1) return {reward.column(kind, held.front()->beta)};
  // A model of equal weights alone, such as one of pairs, has one reward for every temperature.
  const bool equal_alone = std::ranges::all_of(
      reward.deployments,
      [](const Deployment& deployment) { return deployment.weights == FitWeights::uniform; });
  if (kind == FitWeights::automatic && equal_alone) return {TrainedReward::kUniform};
  if (held.empty()) {
    throw UsageError(rejection("--weights", weights, "the model holds no such readout",
                               "fit one with --weights " + std::string(weights)));
  }
  if (!beta && kind == FitWeights::automatic) {
    return {TrainedReward::kUniform,
            "no --beta: rewards by equal weights, which are for no temperature; the model holds "
            "auto weights for " +
                names};
  }
  const std::string remedy = "the model holds " + std::string(weights) + " weights for " + names;
  throw UsageError(beta ? rejection("--beta", *beta, "no readout was fitted for it", remedy)
                        : "--beta: missing; " + remedy);
}

}  // namespace esscher
