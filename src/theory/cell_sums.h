#pragma once

/// \file
/// lambda_k^2 from cells of the label, one way for each kind of noise.

#include <cstddef>
#include <vector>

#include "label_cells.h"
#include "label_law.h"

namespace esscher::internal {

/// Copies of the law of f that the label is an equal mixture of: one without noise, two shifted by
/// -tau and +tau under Rademacher noise.
struct Shifts {
  std::vector<double> offsets;
  double factor() const { return 1 / double(offsets.size()); }
};

class CellSums {
 public:
  CellSums(const Link& link, const Noise& noise, int max_order)
      : law_(link, max_order, noise.kind() == NoiseKind::none),
        noise_(noise),
        orders_(static_cast<std::size_t>(max_order) + 1) {}

  Informativeness mixture(const Shifts& shifts) const;
  Informativeness uniform() const;
  Informativeness gaussian(double deviation) const;

 private:
  /// The noise-free label in (low, high).
  struct Cell {
    double low;
    double high;
    std::size_t interval;  ///< of the critical labels, the one that it lies in
    std::vector<double> mass;

    double gap() const { return high - low; }
    double zeta(std::size_t k) const { return mass[0] > 0 ? mass[k] / mass[0] : 0; }
    bool precedes(const Cell& next) const { return interval == next.interval && high == next.low; }
  };

  /// What noise takes from a cell that is wide on its scale, where the cell is left whole.
  struct Losses {
    std::vector<double> of_order;
    double largest;  ///< over k >= 1
    /// Where it is not left whole: parts to cut the label into, 0 for points on each branch; and
    /// the number of masses to convolve, a root finding taking as long as a point.
    double parts;
    double work;
  };

  int cells_per_interval(std::size_t intervals) const;

  /// Labels at which the law of y = f + offset changes its form, for every offset.
  std::vector<double> critical(const Shifts& shifts, bool with_atoms) const;
  /// Nodes for the label between two of them, an even number of steps.
  std::vector<double> nodes(double low, double high, const Shifts& shifts, int count) const;
  /// Cells as without noise, with further ends on either side of critical labels and atoms: beyond
  /// these, noise does not mix a cell with what lies past them.
  std::vector<Cell> cells(double deviation) const;
  void add_parts(const Cell& cell, int parts, std::vector<LabelPoint>& fine,
                 std::vector<LabelPoint>& coarse) const;
  std::vector<Losses> losses(const std::vector<Cell>& cells, double deviation) const;

  LabelLaw law_;
  Noise noise_;
  std::size_t orders_;
};

}  // namespace esscher::internal
