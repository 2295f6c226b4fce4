#pragma once

/// \file
/// The policy tilted by a reward of several hidden directions, on a lattice in their span.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "esscher/model/multi_link.h"
#include "esscher/theory/tilted_law.h"

namespace esscher {

/// pi ∝ N(0, I_q) e^{f/beta} on the nodes of a lattice that holds all of it but for some 1e-13.
/// Sums over a lattice converge, for smooth integrands that decay, faster than any power of the
/// step; at kinks and clips like its square.
struct TiltLattice {
  std::vector<double> low;   ///< q: the first node's coordinates
  std::vector<double> step;  ///< q
  std::size_t nodes = 0;     ///< along each axis
  /// nodes^q masses of sum 1, the last axis fastest.
  std::vector<double> mass;
  TiltedLaw law;  ///< mean_direction and direction_variance are those of z_1
};

/// The lattice of one temperature. The law's relative error is estimated by the sum over every
/// other node of each axis, which is careful for smooth links; its ess_fraction is empty.
/// \throws UsageError as require_finite_tilt(), or where the law lies too far out for a lattice
/// Cost: some three times nodes^q evaluations of the link, 4e5 (q = 2) to 6e6 (q = 4).
TiltLattice tilt_lattice(const MultiLink& link, double beta);

/// The optimal policy's facts: tilted_law() of a link of one variable, else those of the lattice.
TiltedLaw tilted_law(const MultiLink& link, double beta);

/// \throws UsageError unless beta is a temperature and E e^{f/beta} is finite; \param field  the
/// caller's spelling of the temperature
void require_finite_tilt(const MultiLink& link, double beta, const std::string& field = "beta");

}  // namespace esscher
