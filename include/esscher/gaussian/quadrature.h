#pragma once

/// \file
/// Integrals under the standard normal law, tilted or not, of several functions at once:
///
///     E[g_i(Z) e^{l(Z)}],  Z ~ N(0, 1),  i = 1, ..., p.
///
/// The tilt l may be of size 1e6 (a reward of size 1e3 at temperature 1e-3), its mass far from the
/// origin and within a width of 1e-3. So nothing is exponentiated before the largest exponent is
/// known, and panels are laid around the peaks that are found, not around zero.

#include <functional>
#include <span>
#include <vector>

namespace esscher {

/// Fills values[i] = g_i(z) and returns l(z). Called for finite z only.
using TiltedIntegrand = std::function<double(double z, std::span<double> values)>;

struct QuadratureOptions {
  /// Goal for the error of each integral relative to E[|g_i| e^l]. Below about 2e-14 rounding wins.
  double relative_tolerance = 1e-13;
  /// Relative rounding error that l and the g_i bring along beyond what their own size tells, for
  /// example eps * s * |a| where l = s (f - a): bisecting below it is futile, and errors include
  /// it.
  double rounding = 0;
  /// Work limit: 31 evaluations a panel.
  int max_panels = 20000;
};

struct TiltedIntegrals {
  /// E[g_i e^l] = values[i] * e^{log_scale}.
  double log_scale = 0;
  std::vector<double> values;
  /// Estimated absolute error of each value (in the same scale): the quadrature's plus rounding,
  /// which is eps * |l| where l is large.
  std::vector<double> errors;
  /// The part of the line that was integrated; beyond it the integrand is below e^{-80} of its
  /// peak.
  double lower = 0;
  double upper = 0;
  int panels = 0;
  /// False where max_panels ended the work: errors then say how far it came.
  bool converged = false;
};

/// Adaptive Gauss-Kronrod (15/31 points; nodes from Boost.Math) on panels that are split at \p
/// breaks, sized by the peaks of the integrand and bisected where the error is largest.
/// Deterministic.
///
/// \param integrand   l and g_1..g_p; features narrower than 1/32 that \p breaks does not name may
///                    be missed (as by any rule that samples). A jump or kink that it does not
///                    name is bisected down to, as a rule; but about one in fifty comes to lie
///                    between a panel's end and its outermost node (1e-3 of the panel), and that
///                    sliver's error is then not seen by \p errors either: name the breaks.
/// \param components  p >= 1
/// \param breaks      ascending points where a derivative of l or g_i may jump
/// \throws UsageError where components < 1, the tolerance is not positive, or the integrand grows
///         up to the end of the search (|z| = 1e9): whether the integral is finite has to be known
///         before it is asked for. InternalError where the integrand is NaN.
/// Cost: about 1200 evaluations for the search and 31 to 62 a panel, 20 to 80 panels as a rule;
/// p + 1 further searches where one component is e^{40} above the rest.
TiltedIntegrals tilted_integrals(const TiltedIntegrand& integrand, int components,
                                 std::span<const double> breaks,
                                 const QuadratureOptions& options = {});

/// An untilted expectation with its error estimate.
struct Expectation {
  double value = 0;
  double error = 0;
};

/// E g(Z), Z ~ N(0, 1): tilted_integrals without a tilt, for one function.
Expectation gaussian_expectation(const std::function<double(double)>& g,
                                 std::span<const double> breaks = {},
                                 const QuadratureOptions& options = {});

}  // namespace esscher
