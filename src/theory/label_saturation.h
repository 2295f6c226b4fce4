#pragma once

/// \file
/// Labels that only double precision ties. tanh(10 z) is invertible, yet all its values beyond
/// |z| = 1.9 round to +-1, and just below they have few digits left: taken for what they look like,
/// they would hide how z and the label hang together.

#include <vector>

#include "esscher/model/link.h"
#include "label_law.h"

namespace esscher::internal {

/// Gives each atom that f runs into without a break its squares, E[h_k^2] over its stretch: what
/// it contributes to lambda_k^2 once its labels are told apart. Where one stretch alone takes these
/// labels it is resolved: what little of the neighbouring branches lies within 1e-8 of the atom's
/// label, relative, goes to it, too.
/// \param even  whether the branches are of the right half alone, and masses are mirrored.
void resolve_saturation(const Link& link, bool even, std::vector<Branch>& branches,
                        std::vector<Atom>& atoms);

}  // namespace esscher::internal
