#pragma once

/// \file
/// Columns of numbers that are taken for features by nobody's word, and should not be: they number
/// the rows, split them into folds, never vary, or are the reward in another guise.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace esscher::internal {

/// Why a column is no feature, a clause such as "it numbers the rows"; empty where it may be one.
/// NaN in \p values is a missing value, and not looked at. \param rewards  as many, or none
/// - constant;
/// - an index, unless it is named as a time (year, date, ...), or is out of order and rewards
/// follow it, as in designed experiments: named as one ("", "Unnamed: 0"), a permutation of
/// consecutive whole numbers, or whole
///   numbers of which none occurs twice although draws from their range would repeat four or more
///   (by chance: below 2 %), or that are named as one (id, idx, ..., alone or behind "_"); repeated
///   whole numbers named id, which belong to a group;
/// - a split: named as one (fold, split, cv, partition, ...), with few whole numbers.
std::string index_or_split(std::string_view name, std::span<const double> values,
                           std::span<const double> rewards = {});

/// Whether the column is a monotone function of the reward: its copy, scaled, rounded, ranked or in
/// bins. Five rows at least lie outside the most frequent value, and rewards do not lie in clusters
/// that the values name, as those of a strong treatment do.
bool tells_order(std::span<const double> values, std::span<const double> rewards);

/// What a column tells of the order of rewards within groups.
enum class OrderWithin {
  none,    ///< it errs, or columns that know nothing of the rewards would not with 1e-9 or more
  strong,  ///< no error, as a strong feature may make none: fewer than 60 steps from one of a
           ///< group's values to the next, or rewards in clusters of their own, one a value
  told,    ///< no error in more steps than one that does not know the rewards would take
};

/// As tells_order(), within every group and in one direction; none where rewards have fewer than
/// ten values. \param groups  as many, dense
OrderWithin order_within(std::span<const double> values, std::span<const double> rewards,
                         std::span<const std::uint32_t> groups);

/// Pearson correlation of the column with the rewards, or that of their ranks where it is stronger,
/// with \p groups of differences to their means; 0 where one does not vary or the rewards have
/// fewer than ten values.
double strongest_correlation(std::span<const double> values, std::span<const double> rewards,
                             std::span<const std::uint32_t> groups = {});

/// Share of the pairs within groups, of those whose rewards differ, in which the column is greater
/// where the reward is, equal values as half; 0.5 where fewer than 30 of them share no row, since
/// a single success has a pair with each failure. Of the first 2^22 pairs, equal rewards too.
double ordered_share(std::span<const double> values, std::span<const double> rewards,
                     std::span<const std::uint32_t> groups);

/// Whether the rewards have fewer than ten values: classes, which a good feature may tell.
bool is_coarse(std::span<const double> rewards);

/// Correlations from here on are worth a word.
inline constexpr double kSuspiciousCorrelation = 0.9;
/// And shares of pairs, or as far from all of them.
inline constexpr double kSuspiciousShare = 0.95;

}  // namespace esscher::internal
