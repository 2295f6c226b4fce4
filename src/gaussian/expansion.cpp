#include "esscher/gaussian/expansion.h"

#include <cmath>

#include "esscher/base/error.h"
#include "esscher/gaussian/hermite.h"

namespace esscher {

HermiteExpansion hermite_expansion(const std::function<double(double)>& g,
                                   std::span<const double> breaks, int max_order,
                                   const QuadratureOptions& options) {
  if (max_order < 0) throw UsageError(rejection("max_order", max_order, "must be 0 or more"));
  const std::size_t orders = static_cast<std::size_t>(max_order) + 1;
  const auto integrand = [&](double z, std::span<double> values) {
    const double y = g(z);
    hermite_all(z, values.first(orders));
    for (double& value : values.first(orders)) value *= y;
    values[orders] = y * y;
    return 0.0;
  };
  TiltedIntegrals integrals =
      tilted_integrals(integrand, static_cast<int>(orders) + 1, breaks, options);
  // Nothing is tilted, but the common scale need not be one.
  const double scale = std::exp(integrals.log_scale);
  HermiteExpansion expansion;
  for (std::size_t k = 0; k < orders; ++k) {
    expansion.coefficients.push_back(scale * integrals.values[k]);
    expansion.errors.push_back(scale * integrals.errors[k]);
  }
  expansion.second_moment = scale * integrals.values[orders];
  return expansion;
}

}  // namespace esscher
