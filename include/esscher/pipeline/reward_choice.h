#pragma once

/// \file
/// Which of a trained reward's predictions a caller means, who may have left that open.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "esscher/pipeline/table_training.h"

namespace esscher {

struct ChosenReward {
  std::size_t column = TrainedReward::kUniform;  ///< of predict_rewards()
  std::string remark{};                          ///< a sentence where the choice was open
};

/// The readout of such weights for the temperature within 0.1 % of \p beta: temperatures are
/// printed with four digits, and typed so. A model of equal weights alone gives those for "auto",
/// too. "uniform" and "linear" are for all temperatures. Without \p beta, the one temperature that
/// there is or, of automatic weights, equal ones with a remark. \param weights  "auto", "uniform",
/// "label", "surrogate"; or "linear", the baseline \throws UsageError naming "--weights" or
/// "--beta", where there is no such readout, with those
///         that there are
ChosenReward choose_reward(const TrainedReward& reward, std::string_view weights,
                           std::optional<double> beta);

}  // namespace esscher
