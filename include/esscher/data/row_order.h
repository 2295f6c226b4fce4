#pragma once

/// \file
/// The order in which training visits rows that may lie in a file too large for memory.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace esscher {

/// From so many rows on, the order is random in windows only.
inline constexpr std::size_t kWindowedOrder = 100'000;
/// Consecutive entries that stay together, and how many such runs make a window.
inline constexpr std::size_t kOrderRun = 64;
inline constexpr std::size_t kOrderWindow = 64;

/// Row numbers in the order in which to visit them, as many as \p rows has.
/// - Fewer than kWindowedOrder: all orders are equally probable.
/// - More: runs of 64 consecutive entries come in random order, and within each window of 64 runs
///   the rows are shuffled. Whoever reads a window of 4096 rows at a time, sorted, reads 64 pieces
///   of the file rather than 4096.
/// - With log weights, one for each entry of \p rows: a row of weight w, scaled to mean 1, is
///   visited floor(w) or ceil(w) times, w on average (systematic resampling), so that plain
///   averages over the list are weighted averages over the rows.
/// A function of the numbers given, the seed and nothing else. O(rows), some 0.1 us a row.
/// \throws DataError where a log weight is NaN or +infinity, or none is finite; InternalError where
///         their number is wrong
std::vector<std::uint64_t> row_order(std::span<const std::uint64_t> rows,
                                     std::span<const double> log_weights, std::uint64_t seed);

}  // namespace esscher
