#pragma once

/// \file
/// How gold rewards go with a proxy in rows where both are known.

#include <span>

#include "esscher/pipeline/table_audit.h"

namespace esscher::internal {

/// The table's known rows, of which a proxy is calibrated. Spans are of one length or empty.
struct KnownRows {
  std::span<const double> gold;
  std::span<const std::uint32_t> cells;   ///< groups, or one number throughout
  std::span<const double> log_weights;    ///< may be empty
  std::span<const std::uint32_t> pieces;  ///< what is drawn by itself: clusters, groups or rows
  bool grouped = false;
};

/// \param proxy  of those rows
ProxyCalibration calibrate(std::span<const double> proxy, const KnownRows& rows);

/// Share of rows whose value another row of its cell has, too.
double tied_share(std::span<const double> values, std::span<const std::uint32_t> cells);

}  // namespace esscher::internal
