#include "esscher/gaussian/hermite.h"

#include <cmath>

#include "esscher/base/error.h"

namespace esscher {

double hermite(int order, double z) {
  if (order < 0) throw UsageError(rejection("order", order, "must be 0 or more"));
  double previous = 0;
  double current = 1;
  for (int k = 0; k < order; ++k) {
    const double next = (z * current - std::sqrt(double(k)) * previous) / std::sqrt(double(k + 1));
    previous = current;
    current = next;
  }
  return current;
}

void hermite_all(double z, std::span<double> out) {
  if (out.empty()) return;
  out[0] = 1;
  if (out.size() > 1) out[1] = z;
  for (std::size_t k = 1; k + 1 < out.size(); ++k) {
    out[k + 1] = (z * out[k] - std::sqrt(double(k)) * out[k - 1]) / std::sqrt(double(k + 1));
  }
}

}  // namespace esscher
