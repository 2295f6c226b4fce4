#pragma once

/// \file
/// Several steps of stage 1 on a group of samples whose geometry is drawn at once.
///
/// Relative to a frame of K coordinates that holds theta* and the rows W at the group's start, the
/// r samples of the group are X = [G, T]: G (r x K) standard normal, and T (r x r) the Bartlett
/// factor of Wishart_r(d - K), coordinates of what is outside of the frame. That is their exact
/// law, whatever the steps do with them, since W at the start is independent of them. Each row
/// stays in the span of its start and the samples, w_j = D_j (E_j W_j + sum_i A_ij X_i), so that a
/// step needs the Gram matrix X X' and no coordinates: <w_j, x_i> = D_j (E_j U_ij + (X X' A)_ij)
/// with U = G W'. Dividing by D makes a step an update of A in the step's own rows only.

#include <cstdint>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/features/feature_options.h"
#include "esscher/model/activation.h"

namespace esscher::internal {

class SampleGroup {
 public:
  /// \param samples  r, a multiple of options.batch; d - (m + 1) >= r
  /// \param signs    m; it and \p activation must outlive this
  SampleGroup(const FeatureOptions& options, std::size_t samples, std::span<const double> signs,
              const LayerActivation& activation);

  std::size_t samples() const { return x_.rows(); }
  std::size_t steps() const { return steps_; }
  std::size_t steps_done() const { return steps_done_; }

  /// Begins group number \p index from rows (m x (m + 1)), its first sample having number
  /// \p first_sample.
  void begin(const Matrix<double>& rows, std::uint64_t index, std::uint64_t first_sample);
  /// \pre steps_done() < steps()
  void step();
  /// The overlaps as they are now. \throws as refuse_overflow() where one is no longer finite
  void overlaps(std::span<double> out) const;
  /// The rows as they are now, unit, in m + 1 coordinates.
  Matrix<double> rows(Matrix<double>& scratch) const;

 private:
  void draw_samples(std::uint64_t index, std::uint64_t first_sample);
  void project(std::size_t first);
  void update(std::size_t first);
  void fold_scale(std::size_t neuron);

  const FeatureOptions& options_;
  std::span<const double> signs_;
  const LayerActivation& activation_;
  std::size_t batch_;
  std::size_t steps_per_batch_;
  std::size_t steps_;
  std::size_t steps_done_ = 0;

  Matrix<double> start_;        ///< W, m x K
  Matrix<double> x_;            ///< X, r x (K + r)
  Matrix<double> projections_;  ///< U, r x m
  Matrix<double> gram_;         ///< X X', r x r; unused where there is one step
  std::vector<double> z_;       ///< r
  std::vector<double> labels_;  ///< T(y) eta / B, r

  Matrix<double> coefficients_;      ///< A, r x m
  std::vector<double> scale_;        ///< D
  std::vector<double> start_share_;  ///< E

  Matrix<double> u_;                    ///< <w_j, x_i> of a step's samples, B x m
  Matrix<double> c_;                    ///< eta c_ij, B x m
  Matrix<double> pull_;                 ///< X X' c, B x m
  std::vector<double> decay_;           ///< sum over the step of eta c_ij u_ij, m
  std::vector<double> growth_;          ///< |sum over the step of eta c_ij x_i|^2, m
  std::vector<double> inverse_length_;  ///< 1 where there is one step: rows() makes rows unit
  std::vector<double> share_;           ///< of c in A, m
  std::vector<double> scratch_;
};

}  // namespace esscher::internal
