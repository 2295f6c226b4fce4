#pragma once

/// \file
/// Label noise: y = r*(x) + xi with xi independent of x, of mean 0 and standard deviation tau.

#include <string>
#include <string_view>

namespace esscher {

enum class NoiseKind { none, gaussian, uniform, rademacher };

/// The law of xi, with its cumulant generating function kappa(s) = log E e^{s xi} and derivatives:
/// gaussian s^2 tau^2 / 2; uniform log(sinh(a)/a), a = s tau sqrt 3; rademacher log cosh(s tau).
/// All are exact to a few units in the last place for every finite s, without overflow.
class Noise {
 public:
  Noise() = default;
  /// \throws UsageError unless deviation is in (0, 1e50] (or 0 with NoiseKind::none).
  Noise(NoiseKind kind, double deviation);

  NoiseKind kind() const { return kind_; }
  double deviation() const { return deviation_; }  ///< tau
  double variance() const { return deviation_ * deviation_; }

  double cumulant(double s) const;            ///< kappa(s)
  double cumulant_slope(double s) const;      ///< kappa'(s): the mean of xi tilted by e^{s xi}
  double cumulant_curvature(double s) const;  ///< kappa''(s): its variance

  /// "none", "gaussian:0.3": parse_noise(name()) is this noise.
  std::string name() const;

 private:
  NoiseKind kind_ = NoiseKind::none;
  double deviation_ = 0;
};

/// Reads "none", "gaussian:TAU", "uniform:TAU" or "rademacher:TAU".
/// \throws UsageError naming \p field for an unknown kind (the nearest is offered) or a deviation
///         that is negative, not finite or missing; a deviation of 0 is read as none.
Noise parse_noise(std::string_view text, std::string_view field = "noise");

}  // namespace esscher
