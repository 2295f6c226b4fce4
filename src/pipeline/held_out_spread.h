#pragma once

#include <cmath>
#include <cstddef>
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

/// How many a table holds: rows, effective ones of unlike weights, or what of them is drawn
/// together. \param together     groups or clusters, or empty \param log_weights  may be empty
double draws(std::span<const std::uint32_t> together, std::size_t rows,
             std::span<const double> log_weights);

/// Whether a correlation over so many draws lies three standard errors above zero, by Fisher's
/// transform.
bool surely_positive(double correlation, double draws);

/// \param log_weights  as many as rows, or none
Spread spread(std::span<const double> r, std::span<const double> y,
              std::span<const std::uint32_t> cells, std::vector<double> log_weights);

}  // namespace esscher::internal
