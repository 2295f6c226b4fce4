#pragma once

/// \file
/// The tilted policy's figures on a table, and on tables drawn anew from it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policy/known_gold.h"
#include "policy/table_cells.h"

namespace esscher::internal {

/// In the order of TablePolicyValue.
inline constexpr std::size_t kValue = 0;
inline constexpr std::size_t kProxy = 1;
inline constexpr std::size_t kKl = 2;
inline constexpr std::size_t kObjective = 3;
inline constexpr std::size_t kReference = 4;
inline constexpr std::size_t kRise = 5;
inline constexpr std::size_t kGain = 6;
inline constexpr std::size_t kOver = 7;
inline constexpr std::size_t kFigures = 8;
using Figures = std::array<double, kFigures>;

struct TableFigures {
  Figures value{};
  Figures error{};  ///< standard errors; infinite where there is no telling
  /// False where a resample holds only rows whose weight underflows, or but one with weight.
  bool exists = true;
};

/// Figures whose influences may be asked for, and those of each.
inline constexpr std::array<std::size_t, 3> kInfluenced{kGain, kValue, kRise};
using Influences = std::array<std::vector<double>, kInfluenced.size()>;

/// The figures of one tilt.
class TiltedTable {
 public:
  /// \p cells must outlive this. With groups all of \p gold is known.
  TiltedTable(const TableCells& cells, std::span<const double> r, const KnownGold& gold,
              double beta);

  /// Values less the means of y (kValue, kObjective, kReference; with groups kProxy) and r
  /// (kProxy), which are added by level(). \p counts says how often each piece of the cells is
  /// there. Empty: once.
  /// \param influences  where given, what each piece moves the kInfluenced figures by, about their
  ///                    means: the sum of their squares is the square of a figure's standard error.
  ///                    Empty where that is infinite. Without counts.
  TableFigures figures(std::span<const std::uint32_t> counts = {},
                       Influences* influences = nullptr) const;
  Figures level() const;
  /// log of the tilted weights, in the cells' order; they sum to the share of each cell.
  std::vector<double> log_weights() const;
  /// The weights themselves.
  std::vector<double> all_weights() const;
  /// log_weights() of rows whose gold is known, but for those that are placed, and no others.
  std::vector<double> drawn_log_weights(const KnownGold& gold) const;
  /// Tilted weights of rows whose gold is known, but for those that are placed, summed over each
  /// piece, of single rows without those of no known one; without groups.
  std::vector<double> piece_weights(const KnownGold& gold) const;
  /// (sum w)^2 / sum w^2 within each cell, w of known rows, summed over pieces but for groups;
  /// those that are placed have no part.
  /// \param pieces  piece_weights(); of groups and single rows not looked at
  std::vector<double> cell_ess(const KnownGold& gold, std::span<const double> pieces) const;
  /// Weight of the known rows within each cell.
  std::vector<double> known_shares(const KnownGold& gold) const;
  double greedy_kl() const;
  /// Share of the known rows in the tilted weights over that in the prior ones, the least of all
  /// cells.
  double coverage() const { return coverage_; }

 private:
  struct Cell {
    bool weak = false;
    double shift = 0;      ///< the greatest (r - mean) / beta; 0 where the tilt is weak
    double mean_r = 0;     ///< less the mean over the table
    double total = 0;      ///< sum of prior weights times e^x
    double log_scale = 0;  ///< what log prior + x lacks of the logarithm of a row's weight
  };
  /// What the tilt makes of one cell.
  struct Tilted {
    double prior = 0;   ///< sum of prior weights
    double total = 0;   ///< sum of prior weights times e^x
    double excess = 0;  ///< weak tilt: total / prior - 1
    double y = 0;       ///< tilted means
    double x = 0;
    double kl = 0;
    double reference_y = 0;
    double reference_x = 0;
  };

  /// Puts rewards in the place of those of cell c that are not known.
  void correct_cell(std::size_t c, const KnownGold& gold);
  Tilted tilt(std::size_t c, std::span<const std::uint32_t> counts) const;
  Figures cell_figures(std::size_t c, const Tilted& tilted) const;
  TableFigures over_groups(std::span<const std::uint32_t> counts, Influences* influences) const;
  /// How far the groups of each piece lie from \p mean, summed.
  std::vector<Figures> moved_by_pieces(const Figures& mean) const;
  TableFigures over_rows(std::span<const std::uint32_t> counts, Influences* influences) const;
  /// Adds the variances that the rows of cell c bring in; into \p influences, where given, what
  /// each of its pieces moves those figures by.
  void add_variances(std::size_t c, const Tilted& tilted, double share, const Figures& offset,
                     std::span<const std::uint32_t> counts, Figures& variances,
                     Influences* influences) const;

  /// Calls take(c, j) for each row j of cell c whose gold is known.
  template <class Take>
  void for_known(const KnownGold& gold, Take&& take) const;
  /// Tilted weight of row j of cell c, of sum 1 within it.
  double weight(std::size_t c, std::size_t j) const {
    const double tilt = tilt_[j];
    return cells_.prior[j] * (cell_[c].weak ? 1 + tilt : tilt) / cell_[c].total;
  }
  double log_weight(std::size_t c, std::size_t j) const {
    return cells_.log_prior[j] + x_[j] + cell_[c].log_scale;
  }

  /// How often row j, or with groups cell j, is there.
  double count(std::span<const std::uint32_t> counts, std::size_t j) const {
    return counts.empty() ? 1.0 : static_cast<double>(counts[cells_.piece[j]]);
  }

  const TableCells& cells_;
  double beta_;
  double mean_y_ = 0;
  double mean_r_ = 0;
  double coverage_ = 1;
  // Of each row:
  std::vector<double> x_;  ///< (r - the cell's mean) / beta - the cell's shift
  /// e^x or, in a cell of weak tilt, e^x - 1, which keeps its digits.
  std::vector<double> tilt_;
  std::vector<double> y_;            ///< less the mean over the table
  std::vector<double> reference_y_;  ///< another than y only where not all of the gold is known
  std::vector<std::size_t> known_;   ///< rows whose gold is, where not all of it is
  std::vector<Cell> cell_;
  std::vector<Figures> group_figures_;
};

}  // namespace esscher::internal
