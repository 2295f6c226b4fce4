#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace esscher::internal {

/// Prior-weighted second moments of r and y about the means of their cells (groups, or folds).
struct Spread {
  double rr = 0;
  double yy = 0;
  double ry = 0;

  double correlation() const { return rr > 0 && yy > 0 ? ry / std::sqrt(rr * yy) : 0; }
};

/// \param log_weights  as many as rows, or none
Spread spread(std::span<const double> r, std::span<const double> y,
              std::span<const std::uint32_t> cells, std::vector<double> log_weights);

}  // namespace esscher::internal
