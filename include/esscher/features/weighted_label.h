#pragma once

/// \file
/// The label as stage 1 sees it: T(y), the exponentially weighted label (mathematics, section 3).

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "esscher/model/single_index.h"

namespace esscher {

enum class Weighting {
  none,       ///< T = y: plain regression
  exp,        ///< T = e^{sy}
  label_exp,  ///< T = y e^{sy}: the negative gradient of the weighted squared loss of a small
              ///< network
  centred,    ///< T = (y - c) e^{sy}, c the weighted mean of y: the same drift at less variance
};

/// "none", "exp", "label_exp", "centred".
std::string_view weighting_name(Weighting weighting);
/// \throws UsageError naming \p field; the nearest name is offered.
Weighting parse_weighting(std::string_view text, std::string_view field = "weighting");

/// T(y) / scale with y first held within [clip_low, clip_high]. Dividing by the root mean square of
/// T makes step sizes free of units (ours). The exponent s y - log_scale is held below 700, so that
/// nothing overflows.
struct WeightedLabel {
  Weighting weighting = Weighting::label_exp;
  double inverse_temperature = 1;  ///< s = 1/beta1; not used by none
  double centre = 0;               ///< c; only used by centred
  double log_scale = 0;            ///< logarithm of the scale
  double clip_low = -std::numeric_limits<double>::infinity();
  double clip_high = std::numeric_limits<double>::infinity();

  double operator()(double y) const;
  /// out[i] = T(y[i]); in place allowed. Vectorised; relative error a few units in the last place.
  void apply(std::span<const double> y, std::span<double> out) const;
};

/// Population moments of a weighted label under a model, by quadrature over z and the noise.
struct WeightedLabelMoments {
  double mean = 0;              ///< E T
  double root_mean_square = 0;  ///< sqrt(E T^2)
  std::vector<double> signal;   ///< E[T h_k(Z)], k = 0..max_order
};

/// The weighted label of \p model with centre and scale filled in, so that E T^2 = 1.
/// \param beta1  not used by Weighting::none
/// \throws UsageError where E T^2 is infinite: says so and offers to clip the labels (\p clip_low,
///         \p clip_high) or to raise the temperature; where T is 0 throughout; for a temperature or
///         limits out of range. Cost: as weighted_label_moments().
WeightedLabel standardised_label(const SingleIndexModel& model, Weighting weighting, double beta1,
                                 double clip_low, double clip_high);

/// Moments of T as it is (scale, clip and all), good to about 1e-9 of the root mean square.
/// Cost: some milliseconds; some tens with clipped gaussian or uniform noise.
/// \throws UsageError where E T^2 is infinite, or max_order < 0
WeightedLabelMoments weighted_label_moments(const SingleIndexModel& model,
                                            const WeightedLabel& label, int max_order);

}  // namespace esscher
