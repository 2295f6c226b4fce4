#pragma once

/// \file
/// Folds that a user names keep groups and clusters whole.

#include <string>
#include <vector>

#include "esscher/data/dataset.h"

namespace esscher::internal {

/// \throws DataError where there are fewer than two folds
void require_two_folds(const Dataset& data, const DatasetOptions& options);

/// \throws DataError where there are fewer than two folds, or a group or cluster lies in two:
///         named, with a row, or a pair, of the file for each
void require_whole_folds(const Dataset& data, const std::vector<std::string>& cluster_names,
                         const DatasetOptions& options);

}  // namespace esscher::internal
