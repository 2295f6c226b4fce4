#pragma once

/// \file
/// The law from which importance sampling draws several hidden coordinates.

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/theory/multi_tilted_law.h"

namespace esscher::internal {

/// An equal mixture of N(0, I_q), the wide N(0, 2^2 I_q) and the optimal policies of some
/// temperatures, these with a constant density on the cells of their lattices. As in
/// direction_proposal.h the mixture is the law, so that its densities are exact.
class LatticeProposal {
 public:
  explicit LatticeProposal(std::vector<TiltLattice> optimal);

  /// A draw z of q coordinates; returns the log of the density of N(0, I_q) over that of this law.
  /// \param level     in (0, 1): chooses the component, and of a lattice the cell
  /// \param normals   q standard normals, in use where the component is normal
  /// \param uniforms  q in (0, 1): the place within the cell
  double draw(double level, std::span<const double> normals, std::span<const double> uniforms,
              std::span<double> z) const;

 private:
  struct Component {
    TiltLattice lattice;
    std::vector<double> cumulative;  ///< of the masses
    double log_volume = 0;           ///< of a cell
  };
  std::vector<Component> components_;
};

}  // namespace esscher::internal
