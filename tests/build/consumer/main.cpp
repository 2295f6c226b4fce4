#include <cmath>
#include <cstdio>

#include "esscher/base/build_info.h"
#include "esscher/theory/tilted_law.h"

// Reaches from the last room to the first: links, quadrature, random streams' SIMD and OpenMP.
int main() {
  const esscher::TiltedLaw law = esscher::tilted_law(esscher::parse_link("formula:2*z"), 0.5);
  std::printf("%s: J* = %.12f\n", esscher::build_line().c_str(), law.optimal_value);
  // r = 2z at beta = 1/2: J* = 2^2 / (2 beta) = 4.
  return std::abs(law.optimal_value - 4) < 1e-9 ? 0 : 1;
}
