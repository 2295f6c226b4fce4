#pragma once

#include <cstdint>
#include <span>

#include "esscher/pipeline/table_training.h"

namespace esscher::internal {

/// Takes off each row the plain mean of its group, from predictions and from what was observed.
/// \param groups  ids, one a row; none: nothing is taken off
void remove_group_means(HeldOutRewards& rewards, std::span<const std::uint32_t> groups);

}  // namespace esscher::internal
