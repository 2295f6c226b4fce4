#pragma once

/// \file
/// Preferences that are stated as pairs: each is two rows of a dataset, the chosen one first.

#include <optional>
#include <string>

#include "dataset_tables.h"
#include "esscher/data/dataset.h"
#include "esscher/io/mapped_array.h"

namespace esscher::internal {

/// Where the two sides of pairs lie.
struct PairArrays {
  MappedArray chosen;
  MappedArray rejected;
};

/// Whether the options speak of pairs. \throws UsageError where they name one side only, or what
/// pairs do not have beside them (a reward, a group)
bool has_pairs(const DatasetOptions& options);

/// The options with a table of labels in its place: `data`, where the sides are npy files.
DatasetOptions with_label_table(const DatasetOptions& options);

/// The sides as arrays; none where they are columns of one table.
/// \throws UsageError for what is no pair of arrays, DataError for unequal shapes
std::optional<PairArrays> open_pair_arrays(const DatasetOptions& options);

/// How far the chosen row is preferred, in [0, 1]: twice the share of its wins less one.
/// \param margin  strength, or none: a sure win
double preference_lead(std::optional<double> margin);

/// \throws DataError where all pairs are ties
void require_preference(const DatasetOptions& options, const Dataset& data);

/// Behind the last row: drops pairs of which both sides have the same features, counts, and makes
/// clusters of pairs that share a design.
/// \throws DataError where no pair is left that one side wins
void finish_pairs(const DatasetOptions& options, Dataset& data);

}  // namespace esscher::internal
