#pragma once

/// \file
/// Sums of mass_k^2 / mass_0 over cells of the label, and of the densities' under Gaussian noise.

#include <span>
#include <vector>

#include "label_cells.h"
#include "label_law.h"

namespace esscher::internal {

/// In deviations: beyond it the Gaussian kernel is left out.
inline constexpr double kKernelReach = 8;

/// lambda_k^2 at two resolutions, the second with every pair of cells merged.
class TwoGrids {
 public:
  explicit TwoGrids(std::size_t orders) : fine_(orders), coarse_(orders), hidden_(orders) {}

  void add_fine(std::span<const double> mass) { add(mass, 1, fine_); }
  void add_coarse(std::span<const double> mass) { add(mass, 1, coarse_); }
  /// Quadrature weights instead of cells: contributes width * p_k^2 / p_0.
  void add_fine(std::span<const double> density, double width) { add(density, width, fine_); }
  void add_coarse(std::span<const double> density, double width) { add(density, width, coarse_); }
  /// Contributes \p factor * squares, whatever the grid.
  void add_resolved(std::span<const double> squares, double factor);
  /// An error of at most factor * (squares - mass^2 / mass_0).
  void add_hidden(std::span<const double> squares, std::span<const double> mass, double factor);
  /// Points as labels under Gaussian noise: contributes the integral of p_k^2 / p_0.
  void add_fine_convolved(std::vector<LabelPoint> points, double deviation);
  void add_coarse_convolved(std::vector<LabelPoint> points, double deviation);

  /// The loss is of second order in the width of a cell: one Richardson step takes most of it away.
  Informativeness extrapolated() const;

 private:
  static void add(std::span<const double> mass, double width, std::vector<double>& totals);
  static void convolve(std::vector<LabelPoint> points, double deviation,
                       std::vector<double>& totals);

  std::vector<double> fine_;
  std::vector<double> coarse_;
  std::vector<double> hidden_;
};

}  // namespace esscher::internal
