#pragma once

#include <cstdint>

#include "esscher/refinement/gradient_product.h"
#include "esscher/refinement/refine.h"
#include "refinement/directions.h"

namespace esscher::internal {

struct Pilot {
  GradientSpectrum spectrum;  ///< of a ridge readout of the layer's rows
  HeldOutError error;         ///< the readout's, by cross-fitting
  double label_variance = 0;
};

/// Step 1 of refine.h, on the first \p samples samples.
Pilot run_pilot(const FirstLayer& layer, const Directions& directions, std::uint64_t samples,
                const RefineOptions& options);

}  // namespace esscher::internal
