#pragma once

/// \file
/// One step of stage 1 on a batch larger than the number of neurons.
///
/// Of the batch the rows see m directions only: with C (B x m) the coefficients eta c_ij and
/// X = [G, X_perp], G in the K coordinates of the frame, the new rows are
/// (1 - sum_i C_ij u_ij) w_j + C'G in the frame, and across it C' X_perp, whose Gram matrix is
/// A Wishart_m(d - K) A' in law for any A with A A' = C' C. So a batch of any size needs memory for
/// m x K numbers, and samples come and go in blocks.

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/features/feature_options.h"
#include "esscher/model/activation.h"

namespace esscher::internal {

class LargeBatch {
 public:
  /// \param signs  m; all three must outlive this
  /// \pre d - (m + 1) >= m
  LargeBatch(const FeatureOptions& options, std::span<const double> signs,
             const LayerActivation& activation);

  /// The rows (m x (m + 1), unit) after batch number \p index, whose first sample is number
  /// \p first_sample.
  /// Cost: some 5 m^2 flops a sample and some 6 m^3 a batch, on options.threads threads.
  Matrix<double> step(const Matrix<double>& rows, std::uint64_t index, std::uint64_t first_sample);

 private:
  /// What a chunk of the batch does to the rows, and room for a block of its samples.
  struct Part {
    explicit Part(std::size_t width);
    void clear();
    Part& operator+=(const Part& other);

    Matrix<double> along;       ///< C'G, m x K
    Matrix<double> spread;      ///< C'C, m x m, its lower triangle
    std::vector<double> decay;  ///< sum_i C_ij u_ij, m

    Matrix<double> g;
    Matrix<double> u;
    Matrix<double> c;
    std::vector<double> z;
    std::vector<double> labels;
    std::vector<double> block_decay;
  };

  std::unique_ptr<Part> take_part();
  void give_back(std::unique_ptr<Part> part);
  void add_block(const Matrix<double>& rows, const RandomStream& geometry, std::uint64_t begin,
                 std::size_t count, std::uint64_t first_sample, Part& part) const;

  const FeatureOptions& options_;
  std::span<const double> signs_;
  const LayerActivation& activation_;
  RandomStream noise_;
  // Kept from batch to batch: to allocate them anew takes a good part of a batch's time.
  std::mutex mutex_;
  std::vector<std::unique_ptr<Part>> idle_;
  Matrix<double> across_;
  Matrix<double> moved_;
  std::vector<double> scratch_;
};

}  // namespace esscher::internal
