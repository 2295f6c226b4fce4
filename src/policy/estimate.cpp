#include "esscher/policy/estimate.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

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

/// The same, at once for what was asked for last: estimates come many of one kind, and a quantile
/// takes microseconds.
double remembered_quantile(double tail, double degrees_of_freedom) {
  struct Answer {
    double tail = 0;
    double degrees_of_freedom = 0;
    double quantile = 0;
  };
  thread_local Answer last;  // for a tail of 0, of which nobody asks
  if (last.tail != tail || last.degrees_of_freedom != degrees_of_freedom) {
    const double quantile = student_quantile(tail, degrees_of_freedom);
    last = {.tail = tail, .degrees_of_freedom = degrees_of_freedom, .quantile = quantile};
  }
  return last.quantile;
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
