#pragma once

/// \file
/// Links given by points: z and f(z), interpolated.

#include <string>
#include <vector>

#include "esscher/model/link.h"

namespace esscher {

/// The piecewise cubic through the points that never overshoots (PCHIP: Fritsch and Butland 1984):
/// monotone between knots, flat at local extremes, continuous with its slope; constant beyond both
/// ends. Two points make a straight line between constants. Breaks are the knots.
/// \param z     strictly increasing, at least 2
/// \param f     as many values
/// \param name  canonical specification of the link, and what messages call it
/// \throws DataError where a rule is broken, with the 1-based number of the point.
Link table_link(std::vector<double> z, std::vector<double> f, const std::string& name);

/// Reads a CSV file of two columns z, f(z): one optional heading, empty lines and lines that start
/// with # are skipped, CRLF is tolerated. The name of the link is "table:" + \p path.
/// \throws IoError where the file cannot be read or is larger than 64 MiB;
/// \throws DataError with path:line for anything else that is wrong.
Link read_table_link(const std::string& path);

}  // namespace esscher
