#include "features/direct_labels.h"

#include <cmath>
#include <string>

#include "esscher/base/error.h"

namespace esscher::internal {

void weigh_labels(const WeightedLabel& label, std::uint64_t first, std::span<double> y) {
  constexpr double kMost = 1e30;
  label.apply(y, y);
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (std::abs(y[i]) <= kMost) continue;
    throw DataError(rejection("weighted label of sample " + std::to_string(first + i), y[i],
                              "must be finite and at most 1e30 in size",
                              "raise --feature-temperature or limit labels by --label-clip"));
  }
}

}  // namespace esscher::internal
