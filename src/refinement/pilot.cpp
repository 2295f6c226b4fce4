#include "refinement/pilot.h"

#include <span>
#include <utility>
#include <vector>

#include "esscher/base/parallel.h"
#include "esscher/linalg/gemm.h"
#include "esscher/readout/cross_fit.h"
#include "refinement/mean_error.h"

namespace esscher::internal {
namespace {

constexpr std::uint32_t kPilotFolds = 5;

/// The pilot's held projections as features.
class PilotRows final : public DesignRows {
 public:
  PilotRows(MatrixView<const double> projections, const LayerActivation& activation)
      : projections_(projections), activation_(activation) {}
  std::uint64_t rows() const override { return projections_.rows; }
  std::size_t columns() const override { return projections_.columns; }
  void fill(std::uint64_t first, MatrixView<double> out) const override {
    HeldRows(projections_).fill(first, out);
    activation_.values(out);
  }

 private:
  MatrixView<const double> projections_;
  const LayerActivation& activation_;
};

/// S of the readout over all samples; \p projections are overwritten.
Matrix<double> slope_products(const LayerActivation& activation, std::span<const double> readout,
                              MatrixView<double> projections, int threads) {
  constexpr std::uint64_t kChunk = 1024;
  auto products = parallel_reduce_chunks(
      ChunkGrid(projections.rows, kChunk), {threads, {}, {}},
      Matrix<double>(readout.size(), readout.size()),
      [&](const Chunk& chunk) {
        Matrix<double> part(readout.size(), readout.size());
        add_slope_products(activation, readout, projections.rows_from(chunk.begin, chunk.size()),
                           {}, part.view());
        return part;
      },
      [](Matrix<double>& total, Matrix<double>&& part) {
        for (std::size_t i = 0; i < total.values().size(); ++i) {
          total.values()[i] += part.values()[i];
        }
      });
  for (double& value : products.value.values()) value /= static_cast<double>(projections.rows);
  symmetrise_from_lower(products.value.view());
  return std::move(products.value);
}

}  // namespace

Pilot run_pilot(const FirstLayer& layer, const Directions& directions, std::uint64_t samples,
                const RefineOptions& options) {
  const std::size_t m = layer.width();
  const LayerActivation activation(layer.activation, layer.biases, layer.mixture);
  Matrix<double> projections(samples, m);
  std::vector<double> labels(samples);
  directions.project(0, projections.view(), labels);
  Pilot result;
  const double mean = mean_error(labels).value;
  for (const double label : labels) {
    result.label_variance += (label - mean) * (label - mean) / static_cast<double>(samples);
  }

  std::vector<std::uint32_t> folds(samples);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    folds[i] = static_cast<std::uint32_t>(i % kPilotFolds);
  }
  RidgeOptions ridge;
  ridge.threads = options.threads;
  const CrossFit pilot = cross_fit_ridge(PilotRows(projections.view(), activation), labels,
                                         std::vector<double>(samples), folds, ridge);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = (labels[i] - pilot.held_out[i]) * (labels[i] - pilot.held_out[i]);
  }
  result.error = mean_error(labels);

  const Matrix<double> products =
      slope_products(activation, pilot.fit.coefficients, projections.view(), options.threads);
  result.spectrum =
      gradient_spectrum(reduced(layer).weights.view(), products.view(), options.most_directions);
  return result;
}

}  // namespace esscher::internal
