#pragma once

/// \file
/// The weighted label averaged over its noise, given the value f of the link.

#include "esscher/features/weighted_label.h"

namespace esscher::internal {

/// value * e^{log_scale}: the exponent alone may not fit into a double.
struct ScaledValue {
  double log_scale = 0;
  double value = 0;
};

/// E[T(f + xi)^power] over the noise xi, with scale left out: T as though log_scale were 0.
class NoisyLabel {
 public:
  /// \param power  1 or 2
  NoisyLabel(const Noise& noise, const WeightedLabel& label, int power);

  /// Without clipping by cumulants, E (y - c) e^{ty} = e^{tf + kappa(t)} (f + kappa'(t) - c) and so
  /// on; with it by a sum over what the noise can do, good to a relative 1e-10.
  /// Cost: some ns; with clipped gaussian or uniform noise some us.
  ScaledValue operator()(double f) const;

 private:
  class Sum;

  /// The polynomial that stands before e^{t y} in T^power.
  double factor(double y) const;
  ScaledValue by_cumulants(double f) const;
  /// The noise's density on the part of [clip_low, clip_high] that matters.
  void add_gaussian(double f, Sum& sum) const;
  void add_uniform(double f, Sum& sum) const;

  Noise noise_;
  int power_;
  bool has_factor_;  ///< whether there is a polynomial at all
  double centre_;
  double tilt_;  ///< t = power * s
  double low_;
  double high_;
};

}  // namespace esscher::internal
