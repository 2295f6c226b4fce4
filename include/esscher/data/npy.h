#pragma once

/// \file
/// NumPy's array files (.npy, format 1.0:
/// numpy.org/doc/stable/reference/generated/numpy.lib.format.html).

#include <string>

#include "esscher/base/matrix.h"

namespace esscher {

/// Writes an n x d array of float64, C order, little-endian; it appears only when it is whole.
/// \throws IoError where writing fails.
void write_npy(const std::string& path, MatrixView<const double> values);

}  // namespace esscher
