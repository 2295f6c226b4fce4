#pragma once

/// \file
/// Spectral estimates of theta*, for a start that already knows something.

#include <cstdint>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/features/weighted_label.h"
#include "esscher/model/samples.h"

namespace esscher {

struct SpectralOptions {
  int order = 1;              ///< 1: mean of T(y) x; 2: top eigenvector of mean of T(y)(x x' - I)
  std::uint64_t samples = 0;  ///< the first so many of the source
  int threads = 0;
  Callbacks callbacks;  ///< progress counts passes over the samples (stage "spectral")
};

/// A unit vector in R^d, the estimate of theta* from T(y); its sign means nothing where order is 2.
/// Empty where it was cancelled.
///
/// Order 1 costs one pass over the samples.
///
/// Order 2 is Lanczos (Spectra) on v -> mean of T(y)(<x, v> x - v), which never forms the d x d
/// matrix and makes x anew in each of some hundred passes. theta* stands out at the upper end of
/// the spectrum where E T(Y) (Z^2 - 1) > 0 and at the lower one where it is negative; which of both
/// is read off the spectrum: the end where the gap behind the outermost eigenvalue is wider against
/// the spacing of the next five (ours). It is informative only from some n/d on: alpha_c =
/// 1/(2 lambda_2^2) (mathematics, section 2) for the best T, two to ten times that for weighted
/// labels as a rule, and hardly ever where T has heavy tails (limit the labels then).
///
/// Products are in single precision, and Lanczos stops at a residual of 1 % in all the eigenvalues
/// that it looks at: one that stands out is then exact to 1e-3 or better.
///
/// \throws UsageError where order is neither 1 nor 2, samples are 0 or exceed the source's;
///         DataError where a sample is not finite or a weighted label beyond 1e30.
std::vector<double> spectral_estimate(const SampleSource& source, const WeightedLabel& label,
                                      const SpectralOptions& options);

}  // namespace esscher
