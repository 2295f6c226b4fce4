#include "esscher/policy/estimate.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "esscher/base/error.h"

namespace esscher {

double Estimate::half_width(double level) const {
  if (!(level > 0 && level < 1)) {
    throw UsageError(rejection("level", level, "must be between 0 and 1", "for example 0.95"));
  }
  if (standard_error == 0) return 0;
  const double tail = (1 - level) / 2;
  const double quantile =
      std::isinf(degrees_of_freedom)
          ? boost::math::quantile(boost::math::complement(boost::math::normal(), tail))
          : boost::math::quantile(
                boost::math::complement(boost::math::students_t(degrees_of_freedom), tail));
  return quantile * standard_error;
}

}  // namespace esscher
