#include "features/sample_label.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace esscher::internal {

void standardise_on_sample(std::span<const double> labels, std::span<const double> shares,
                           WeightedLabel& label) {
  const double greatest = *std::ranges::max_element(labels);
  if (label.weighting == Weighting::centred) {
    double total = 0;
    double sum = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const double w = shares[i] * std::exp((labels[i] - greatest) * label.inverse_temperature);
      total += w;
      sum += w * labels[i];
    }
    label.centre = sum / total;
  }
  // Shifted by the largest exponent, so that the squares do not overflow.
  label.log_scale = label.weighting == Weighting::none ? 0 : greatest * label.inverse_temperature;
  std::vector<double> weighted(labels.size());
  label.apply(labels, weighted);
  double square = 0;
  for (std::size_t i = 0; i < weighted.size(); ++i) square += shares[i] * weighted[i] * weighted[i];
  label.log_scale += 0.5 * std::log(square);
}

}  // namespace esscher::internal
