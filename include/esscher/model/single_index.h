#pragma once

/// \file
/// The label of a single-index model.

#include "esscher/model/link.h"
#include "esscher/model/noise.h"

namespace esscher {

/// The law of a label y = f(<theta*, x>) + xi: its link f and the noise xi, independent of x.
struct SingleIndexModel {
  Link link;
  Noise noise;
};

}  // namespace esscher
