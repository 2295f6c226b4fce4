#pragma once

/// \file
/// Which exponential moments of a link exist. Truncated quadrature returns some number for any of
/// them, so this is decided from the link's growth before anything is integrated.

#include <string>

#include "esscher/model/link.h"

namespace esscher {

/// The verdict on E e^{s f(Z)} for s >= 0.
struct Finiteness {
  /// E e^{s f} is finite exactly for s < limit (or for all s where limit is +infinity): 1/(2a)
  /// where f grows upward like a z^2; 0 where it grows faster, so that no positive s is finite. At
  /// s = limit itself a lower-order term decides; it is counted as infinite.
  double limit = 0;

  bool finite_at(double s) const { return s == 0 || s < limit; }
  /// One sentence for a report.
  std::string sentence;
};

/// Cost: none. Source: Gaussian integrals of e^{s a z^2 - z^2/2}.
Finiteness tilt_finiteness(const Link& link);

/// \throws UsageError unless E e^{f/beta} is finite: says at which temperatures it is, and how to
/// clip. \param field  the caller's spelling of the temperature, for example "--beta"
void require_finite_tilt(const Link& link, double beta, const std::string& field = "beta");

}  // namespace esscher
