#pragma once

#include <vector>

#include "esscher/report/chart.h"

namespace esscher::internal {

struct Domain {
  double low = 0;
  double high = 1;
};

/// Whether a value has a place on an axis.
bool has_place(const ChartAxis& axis, double value);
/// What the axes of curves must hold. Intervals may stretch y to three times what points need, and
/// those of doubtful points not at all: what lies beyond is cut off, so that one wide error does
/// not flatten all else. Round numbers to mark on an axis that is not even, well apart; empty: as
/// Vega chooses.
std::vector<double> axis_values(const ChartAxis& axis, Domain domain);
Domain x_domain(const Chart& chart);
Domain y_domain(const Chart& chart);

}  // namespace esscher::internal
