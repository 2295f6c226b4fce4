#pragma once

/// \file
/// Informativeness of a label about Hermite polynomials, lambda_k^2 = E[E[h_k(Z) | Y]^2].

#include <vector>

#include "esscher/model/single_index.h"

namespace esscher::internal {

struct Informativeness {
  std::vector<double> lambda_squared;  ///< k = 0..max_order
  std::vector<double> errors;          ///< estimated, absolute
};

/// lambda_k^2 of y = f(Z) + xi. See exponents.h for the method.
Informativeness label_informativeness(const Link& link, const Noise& noise, int max_order);

}  // namespace esscher::internal
