#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/model/network.h"

namespace esscher::internal {

/// The reward that joint training fits: a two-layer network whose rows lie in k directions V of
/// the inputs, r(x) = g(V x), g(v) = sum_j a_j phi_j(<c_j, v> + b_j) + c. Rows c_j are unit
/// vectors of law N(0, metric) made unit, so that they look where the reward turns; they follow the
/// metric smoothly, since their normals stay the same.
class DirectionNetwork {
 public:
  /// \param like  activation and mixture, whose columns are taken in turn
  /// Biases are uniform on [-3, 3]; streams "refine/rows" and "refine/bias" of the seed.
  DirectionNetwork(const FirstLayer& like, std::size_t neurons, std::size_t directions,
                   std::uint64_t seed);

  std::size_t directions() const { return normals_.columns(); }
  /// C, neurons x k
  const Matrix<double>& rows() const { return rows_; }
  std::span<const double> biases() const { return biases_; }

  /// Draws rows for a metric (k x k, positive semidefinite): rows lie in its span. Directions get
  /// at least \p floor times the weight of the leading one.
  void redraw(MatrixView<const double> metric, double floor);
  /// The second layer by ridge regression, its penalty by generalised cross-validation: rows were
  /// drawn from samples before these.
  void fit(MatrixView<const double> v, std::span<const double> y, int threads);
  /// out_i = r at v_i.
  void predict(MatrixView<const double> v, std::span<double> out) const;
  /// Room for a block of samples: a thread keeps it, since to allocate it anew takes a third of the
  /// time.
  struct Workspace {
    Workspace(const DirectionNetwork& network, std::size_t block)
        : values(block, network.rows_.rows()),
          slopes(block, network.rows_.rows()),
          rewards(block, 1) {}
    Matrix<double> values;
    Matrix<double> slopes;
    Matrix<double> rewards;
  };
  /// y_i <- y_i - r(v_i), and gradients (n x k) of g at v_i; n at most the workspace's block.
  void linearise(MatrixView<const double> v, std::span<double> y, MatrixView<double> gradients,
                 Workspace& workspace) const;

 private:
  FirstLayer like_;
  Matrix<double> normals_;
  Matrix<double> rows_;
  Matrix<double> columns_;  ///< C'
  std::vector<double> biases_;
  std::optional<LayerActivation> activation_;
  std::vector<double> readout_;
  double intercept_ = 0;
  Matrix<double> slope_table_;  ///< a_j c_jh at (h, j)
};

}  // namespace esscher::internal
