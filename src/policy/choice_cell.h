#pragma once

/// \file
/// Best-of-n in one cell of a table.

#include <array>
#include <cstddef>
#include <vector>

#include "policy/known_gold.h"
#include "policy/shared_cells.h"

namespace esscher::internal {

/// Places of figures, of a cell.
inline constexpr std::size_t kChosenValue = 0;
inline constexpr std::size_t kChosenProxy = 1;
inline constexpr std::size_t kChosenReference = 2;
inline constexpr std::size_t kChosenGain = 3;
inline constexpr std::size_t kChosenKl = 4;
inline constexpr std::size_t kChoiceFigures = 5;
using ChoiceFigures = std::array<double, kChoiceFigures>;

struct CellFigures {
  ChoiceFigures value{};
  ChoiceFigures variance{};
  double ess = 0;
  double known = 1;  ///< weight of the known rows
  double coverage = 1;
  std::vector<double> gain_influence{};  ///< of its pieces, without groups
  std::vector<double> value_influence{};
};

/// F_b^power - F_{b-1}^power, with its digits where it is small: the chance that the best of so
/// many draws is of level b.
double chance(double power, const RankedCells::Level& level);

/// \param gold       with groups all of it
/// \param given      what is known
/// \param influence  whether CellFigures' influences are asked for
CellFigures choice_figures(const RankedCells& ranked, std::size_t cell, const KnownGold& gold,
                           const KnownGold& given, double n, bool influence);

}  // namespace esscher::internal
