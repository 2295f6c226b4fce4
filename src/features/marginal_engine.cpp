#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/features/feature_engine.h"
#include "features/chi_square_polynomial.h"
#include "features/marginal_kernel.h"
#include "features/marginal_reuse.h"
#include "features/marginal_start.h"

namespace esscher {
namespace {

using internal::kMarginalGroup;
using internal::MarginalGroup;
using internal::MarginalLaw;

/// Doubles, aligned for whole vectors and padded with zeros to whole groups.
class Lanes {
 public:
  explicit Lanes(std::size_t width)
      : values_(hwy::AllocateAligned<double>((width / kMarginalGroup + 1) * kMarginalGroup)) {
    std::fill_n(values_.get(), (width / kMarginalGroup + 1) * kMarginalGroup, 0.0);
  }
  double* from(std::size_t j) const { return values_.get() + j; }

 private:
  hwy::AlignedFreeUniquePtr<double[]> values_;
};

void require_marginal(const FeatureOptions& options) {
  if (options.schedule == Schedule::multi_pass) {
    throw UsageError(
        rejection("--schedule", "multi_pass",
                  "the marginal engine makes each sample when it is needed, and keeps none",
                  "take --engine direct"));
  }
  if (options.start == Start::spectral && options.spectral_order != 1) {
    throw UsageError(rejection("--start", "spectral",
                               "the marginal engine knows such starts of order 1 only, and order " +
                                   std::to_string(options.spectral_order) + " is asked for",
                               "take --engine direct, or --start random"));
  }
  // Squares of a step must be doubles.
  if (options.step_size > 1e100) {
    throw UsageError(rejection("--step-size", options.step_size, "must be at most 1e100"));
  }
}

MarginalLaw law_of(const FeatureOptions& options, const internal::LinkKernel& link) {
  MarginalLaw law;
  law.sample_key = RandomStream(options.seed, "stage1/marginal").key();
  law.chi_square_key = RandomStream(options.seed, "stage1/marginal/chi_square").key();
  law.link = &link;
  law.noise = options.model.noise.kind();
  const bool uniform = law.noise == NoiseKind::uniform;
  law.noise_scale = options.model.noise.deviation() * (uniform ? std::sqrt(12.0) : 1.0);
  law.label = options.label;
  law.batch = options.batch;
  law.dof = static_cast<double>(options.dim - 2);
  if (law.dof >= internal::kLeastPolynomialDof) {
    law.chi_square = internal::chi_square_polynomial(law.dof);
  }
  return law;
}

class MarginalEngine final : public FeatureEngine {
 public:
  explicit MarginalEngine(const FeatureOptions& options)
      : options_(options),
        neurons_(draw_neurons(options)),
        link_(options.model.link),
        law_(law_of(options, link_)),
        reuse_(law_, options.seed),
        mixture_(neurons_.mixture.rows(), internal::padded(options.width)),
        biases_(options.width),
        gain_(options.width),
        overlap_(options.width),
        rest_(options.width),
        inverse_rest_(options.width),
        before_overlap_(options.width),
        before_rest_(options.width) {
    for (std::size_t j = 0; j < options.width; ++j) {
      *biases_.from(j) = neurons_.biases[j];
      for (std::size_t k = 0; k < mixture_.rows(); ++k) mixture_(k, j) = neurons_.mixture(k, j);
    }
    set_step_size(options.step_size);
    for_groups([this](const MarginalGroup& group) {
      if (options_.start == Start::spectral) {
        start_spectral(options_, law_, group);
      } else {
        start_at_random(options_, group);
      }
      for (std::size_t j = 0; j < group.size; ++j) group.inverse_rest[j] = 1 / group.rest[j];
    });
  }

  void advance(std::uint64_t batches) override {
    for_groups([this, batches](const MarginalGroup& group) {
      if (options_.schedule == Schedule::reuse) {
        advance_reuse(group, batches);
      } else {
        advance_marginal(law_, group, first_sample(steps_), batches);
      }
    });
    steps_ += batches;
  }

  void set_step_size(double eta) override {
    for (std::size_t j = 0; j < options_.width; ++j) {
      *gain_.from(j) = neurons_.signs[j] * eta / static_cast<double>(options_.batch);
    }
  }

  std::uint64_t steps_at_a_time() const override {
    // Neuron-samples that take some tens of milliseconds.
    const std::uint64_t budget = options_.schedule == Schedule::reuse ? 200'000 : 6'000'000;
    const std::uint64_t a_step = std::max<std::uint64_t>(options_.width, 16) * options_.batch;
    return std::max<std::uint64_t>(budget / a_step, 1);
  }

  std::span<const double> overlaps() const override { return {overlap_.from(0), options_.width}; }

  FirstLayer layer() const override;

 private:
  /// Number of the first sample of batch number \p batch.
  std::uint64_t first_sample(std::uint64_t batch) const {
    const bool spectral = options_.start == Start::spectral;
    return (spectral ? options_.spectral_samples : 0) + batch * options_.batch;
  }

  template <class Use>
  void for_groups(Use use) {
    const ChunkGrid grid(options_.width, kMarginalGroup);
    ParallelOptions parallel;
    parallel.threads = options_.threads;
    parallel_for_chunks(grid, parallel, [&](const Chunk& chunk) {
      const auto first = static_cast<std::size_t>(chunk.begin);
      const double* mixture = mixture_.empty() ? nullptr : mixture_.data() + first;
      const internal::ActivationTables<double> activation(options_.activation, mixture,
                                                          mixture_.columns());
      use(MarginalGroup{chunk.begin, internal::padded(chunk.size()), overlap_.from(first),
                        rest_.from(first), inverse_rest_.from(first), gain_.from(first),
                        biases_.from(first), &activation});
    });
  }

  /// Steps 2 t and 2 t + 1 use batch t. Between the two, the state before the first is kept: the
  /// second makes its batch anew.
  void advance_reuse(const MarginalGroup& group, std::uint64_t batches);

  FeatureOptions options_;
  Neurons neurons_;
  internal::LinkKernel link_;
  MarginalLaw law_;
  internal::ReuseSteps reuse_;
  Matrix<double> mixture_;
  Lanes biases_, gain_, overlap_, rest_, inverse_rest_, before_overlap_, before_rest_;
  std::uint64_t steps_ = 0;
};

void MarginalEngine::advance_reuse(const MarginalGroup& group, std::uint64_t batches) {
  double* const before_overlap = before_overlap_.from(group.first);
  double* const before_rest = before_rest_.from(group.first);
  double middle_overlap[kMarginalGroup];
  double middle_rest[kMarginalGroup];
  const std::uint64_t end = steps_ + batches;
  for (std::uint64_t step = steps_; step < end;) {
    if (step % 2 == 1) {
      std::copy_n(before_overlap, group.size, group.overlap);
      std::copy_n(before_rest, group.size, group.rest);
    } else {
      std::copy_n(group.overlap, group.size, before_overlap);
      std::copy_n(group.rest, group.size, before_rest);
    }
    reuse_.take(group, first_sample(step / 2), middle_overlap, middle_rest);
    const bool only_first = step % 2 == 0 && step + 1 == end;
    if (only_first) {
      std::copy_n(middle_overlap, group.size, group.overlap);
      std::copy_n(middle_rest, group.size, group.rest);
    }
    step += step % 2 == 0 && !only_first ? 2 : 1;
  }
}

FirstLayer MarginalEngine::layer() const {
  const std::size_t m = options_.width;
  // Rows beside column 0 are normal vectors in R^{d-1} made unit: rotated so that row j has only
  // j + 1 coordinates (Bartlett), or as they are where d is small.
  const bool triangular = options_.dim - 1 >= m;
  const std::size_t columns = triangular ? m : static_cast<std::size_t>(options_.dim - 1);
  FirstLayer layer;
  layer.dim = options_.dim;
  layer.biases = neurons_.biases;
  layer.activation = options_.activation;
  layer.mixture = neurons_.mixture;
  layer.weights = Matrix<double>(m, columns + 1);
  const RandomStream stream(options_.seed, "stage1/marginal/direction");
  for (std::size_t j = 0; j < m; ++j) {
    const std::span<double> row = layer.weights.row(j);
    const std::span<double> direction = row.subspan(1, triangular ? j + 1 : columns);
    stream.at(j).fill_normal(0, direction);
    if (triangular) {
      const auto dof = static_cast<double>(options_.dim - 1 - j);
      direction[j] = std::sqrt(stream.at(j).chi_square(0, dof));
    }
    double square = 0;
    for (const double x : direction) square += x * x;
    const double factor = *rest_.from(j) / std::sqrt(square);
    for (double& x : direction) x *= factor;
    row[0] = *overlap_.from(j);
  }
  return layer;
}

}  // namespace

std::unique_ptr<FeatureEngine> make_marginal_engine(const FeatureOptions& options) {
  require_marginal(options);
  return std::make_unique<MarginalEngine>(options);
}

}  // namespace esscher
