#include "policy/policy_checks.h"

#include <cmath>
#include <string>
#include <string_view>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::internal {
namespace {

template <class Whole>
void require_range(Whole value, Whole least, Whole most, std::string_view field) {
  if (least <= value && value <= most) return;
  throw UsageError(
      rejection(field, std::to_string(value),
                "must be from " + std::to_string(least) + " to " + std::to_string(most)));
}

}  // namespace

void check(const PolicyOptions& options) {
  require_range<std::uint64_t>(options.samples, 16, std::uint64_t{1} << 32, "samples");
  require_range<std::uint64_t>(options.particles, 16, 1 << 24, "particles");
  require_range<int>(options.runs, 2, 1024, "runs");
  require_range<int>(options.moves, 1, 1000, "moves");
}

void check(const FirstLayer& layer, std::span<const double> readout, double intercept,
           double beta) {
  require_temperature(beta, "beta");
  if (layer.width() == 0 || layer.weights.columns() == 0) {
    throw UsageError(rejection("layer", static_cast<double>(layer.width()),
                               "must have at least one neuron and one coordinate"));
  }
  if (readout.size() != layer.width()) {
    throw UsageError(rejection("readout", std::to_string(readout.size()) + " weights",
                               "must have one weight for each of the layer's " +
                                   std::to_string(layer.width()) + " neurons"));
  }
  for (const double a : readout) {
    if (!std::isfinite(a)) throw UsageError(rejection("readout", a, "must be finite"));
  }
  if (!std::isfinite(intercept)) {
    throw UsageError(rejection("intercept", intercept, "must be finite"));
  }
}

}  // namespace esscher::internal
