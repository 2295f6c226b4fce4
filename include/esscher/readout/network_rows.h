#pragma once

/// \file
/// Stage 2's samples in simulation: features of a first layer on fresh Gaussian inputs, made in its
/// own few coordinates, whatever d is.

#include <cstdint>
#include <string_view>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/model/network.h"
#include "esscher/readout/ridge.h"

namespace esscher {

/// Row i: phi_j(<w_j, x_i> + b_j), x_i standard normal in the layer's k reduced coordinates, a
/// function of (seed, stage, i): z_i = <theta*, x_i> is element i of the stream "<stage>/z",
/// whatever the layer, the components along further hidden directions are elements i of
/// "<stage>/z2" and so on, and the other k - q coordinates are elements i (k - q) ... of
/// "<stage>/x".
/// More rows begin with those of fewer. Holds the rows where they fit into \p held_bytes, else
/// makes them anew for each block that is asked for; same bits either way. Cost of a row: k normals
/// and m k multiply-adds.
class NetworkRows final : public DesignRows {
 public:
  /// \throws UsageError for no rows
  NetworkRows(const FirstLayer& layer, std::uint64_t rows, std::uint64_t seed,
              std::string_view stage, std::uint64_t held_bytes = std::uint64_t{1} << 31,
              int threads = 0);
  std::uint64_t rows() const override { return rows_; }
  std::size_t columns() const override { return layer_.width(); }
  void fill(std::uint64_t first, MatrixView<double> out) const override;

  /// Of all rows what lies along the q hidden directions: n x q, row-major, <theta_h, x_i>.
  std::vector<double> directions() const;

 private:
  void make(std::uint64_t first, MatrixView<double> out) const;

  FirstLayer layer_;
  LayerActivation activation_;
  std::uint64_t rows_;
  std::vector<RandomStream> direction_streams_;  ///< q
  RandomStream rest_stream_;
  Matrix<double> held_;
};

}  // namespace esscher
