#pragma once

/// \file
/// The single-index label y = f(<theta*, x>) + xi, and what the exponential weight e^{s y} makes of
/// it given the index: moments of the label tilted by s, conditional on the clean reward f.

#include "esscher/model/link.h"
#include "esscher/model/noise.h"

namespace esscher {

struct SingleIndexModel {
  Link link;
  Noise noise;

  /// log E[e^{s y} | f] = s f + kappa(s).
  double log_weight(double f, double s) const { return s * f + noise.cumulant(s); }

  /// E[y e^{s y} | f] / E[e^{s y} | f] = f + kappa'(s).
  double weighted_mean(double f, double s) const { return f + noise.cumulant_slope(s); }

  /// E[y^2 e^{s y} | f] / E[e^{s y} | f] = (f + kappa'(s))^2 + kappa''(s).
  double weighted_square(double f, double s) const {
    const double mean = weighted_mean(f, s);
    return mean * mean + noise.cumulant_curvature(s);
  }
};

}  // namespace esscher
