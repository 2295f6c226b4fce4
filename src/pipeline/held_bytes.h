#pragma once

/// \file
/// What a fit of a table may hold in memory rather than make again: the one place that says so.
/// Results do not depend on it, but for the rounding of single precision. With what rounds and
/// readouts need beside it (some 0.7 GB for 2048 landmarks in 1000 columns) fits were found below
/// 1 GB (docs/size.md says which; groups and preferences take more).

#include <cstdint>

namespace esscher::internal {

/// The features of all kernels and folds together. Where that is too little they take turns, and
/// the set at work may have all of it; where even that is too little its rows are made anew for
/// each pass.
inline constexpr std::uint64_t kHeldBytes = std::uint64_t{1} << 29;

/// Transformed rows of the table. They are soon made again: k operations a number, where features
/// take m and more.
inline constexpr std::uint64_t kHeldRowBytes = kHeldBytes / 4;

/// Features that would take more in double precision are rounded to single, held or not.
inline constexpr std::uint64_t kDoubleBytes = std::uint64_t{1} << 29;

}  // namespace esscher::internal
