#include "esscher/policy/estimate.h"

#include <array>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstddef>

#include "esscher/base/error.h"

namespace esscher {
namespace {

/// Of Student's law, at its upper end.
double student_quantile(double tail, double degrees_of_freedom) {
  if (std::isinf(degrees_of_freedom)) {
    return boost::math::quantile(boost::math::complement(boost::math::normal(), tail));
  }
  return boost::math::quantile(
      boost::math::complement(boost::math::students_t(degrees_of_freedom), tail));
}

/// The same, at once for what was asked for lately: estimates come many of a few kinds, and a
/// quantile takes microseconds.
double remembered_quantile(double tail, double degrees_of_freedom) {
  struct Answer {
    double tail = 0;
    double degrees_of_freedom = 0;
    double quantile = 0;
  };
  thread_local std::array<Answer, 4> known;  // for a tail of 0, of which nobody asks
  thread_local std::size_t oldest = 0;
  for (const Answer& answer : known) {
    if (answer.tail == tail && answer.degrees_of_freedom == degrees_of_freedom)
      return answer.quantile;
  }
  const double quantile = student_quantile(tail, degrees_of_freedom);
  known[oldest] = {.tail = tail, .degrees_of_freedom = degrees_of_freedom, .quantile = quantile};
  oldest = (oldest + 1) % known.size();
  return quantile;
}

}  // namespace

double Estimate::half_width(double level) const {
  if (!(level > 0 && level < 1)) {
    throw UsageError(rejection("level", level, "must be between 0 and 1", "for example 0.95"));
  }
  if (standard_error == 0) return 0;
  return remembered_quantile((1 - level) / 2, degrees_of_freedom) * standard_error;
}

}  // namespace esscher
