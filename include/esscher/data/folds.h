#pragma once

/// \file
/// Splits of a table's rows: folds for cross-fitting, and random parts to train on.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace esscher {

/// The fold, from 0 to folds - 1, of each of \p rows rows. Without \p groups rows are dealt out at
/// random and folds' sizes differ by at most 1. With them (an id a row) groups stay whole: in
/// random order each goes to the fold that is least full, the first of those that tie, so that
/// sizes differ by at most the largest group. A function of the seed, the number of rows and which
/// rows share a group; the ids themselves do not matter. O(rows log groups).
/// \param unit  what messages call a group, and after two dashes the option that tells them
/// \throws UsageError naming \p field unless 2 <= folds, and there are as many rows and groups;
///         DataError where all rows are in one group; InternalError unless there is a group a row
std::vector<std::uint32_t> assign_folds(std::uint64_t rows, std::span<const std::uint32_t> groups,
                                        int folds, std::uint64_t seed,
                                        std::string_view field = "--folds",
                                        std::string_view unit = "group");

/// The finest partition that keeps whole what either of two keeps whole: rows have one number where
/// a chain of shared numbers of \p a and \p b leads from one to the other. Dense, in order of first
/// occurrence. O(rows log rows). \throws InternalError for unequal lengths
std::vector<std::uint32_t> joined_groups(std::span<const std::uint32_t> a,
                                         std::span<const std::uint32_t> b);

/// Numbers of the rows in that fold, or in all others, ascending.
std::vector<std::uint64_t> rows_in_fold(std::span<const std::uint32_t> folds, std::uint32_t fold);
std::vector<std::uint64_t> rows_not_in_fold(std::span<const std::uint32_t> folds,
                                            std::uint32_t fold);

/// \p count of the given numbers at random without replacement, in ascending order. With the same
/// seed a smaller count gives a part of a larger one.
/// \throws UsageError where count exceeds the number of rows
std::vector<std::uint64_t> random_subset(std::span<const std::uint64_t> rows, std::uint64_t count,
                                         std::uint64_t seed);
/// The same of the numbers 0 to rows - 1.
std::vector<std::uint64_t> random_subset(std::uint64_t rows, std::uint64_t count,
                                         std::uint64_t seed);

}  // namespace esscher
