#include "esscher/linalg/log_sum_exp.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/linalg/compensated_sum.h"

namespace esscher {

double log_sum_exp(std::span<const double> x) {
  double largest = -std::numeric_limits<double>::infinity();
  for (const double term : x) {
    if (std::isnan(term)) throw UsageError(rejection("x", term, "logarithms must be numbers"));
    largest = std::max(largest, term);
  }
  if (std::isinf(largest)) return largest;
  CompensatedSum sum;
  for (const double term : x) sum.add(std::exp(term - largest));
  return largest + std::log(sum.value());
}

}  // namespace esscher
