#include "features/learn_features_drift.h"

#include <algorithm>
#include <cmath>

#include "esscher/gaussian/quadrature.h"

namespace esscher::internal {
namespace {

/// E phi'(Z + b)^2 for one neuron.
double mean_square_slope(const Activation& activation, double bias, const Matrix<double>& mixture) {
  const LayerActivation neuron(activation, std::span(&bias, 1), mixture);
  std::vector<double> breaks;
  if (activation.kind == ActivationKind::relu) breaks.push_back(-bias);
  return gaussian_expectation(
             [&](double z) {
               double slope = z;
               neuron.slopes({&slope, 1, 1, 1});
               return slope * slope;
             },
             breaks)
      .value;
}

double mean_size(std::span<const double> overlaps) {
  double sum = 0;
  for (const double overlap : overlaps) sum += std::abs(overlap);
  return sum / static_cast<double>(overlaps.size());
}

}  // namespace

DriftFollower::DriftFollower(const FeatureOptions& options, std::span<const double> overlaps)
    : options_(options), over_(options.schedule == Schedule::reuse) {
  const std::size_t count = std::min(kDriftNeurons, overlaps.size());
  last_.assign(overlaps.begin(), overlaps.begin() + static_cast<std::ptrdiff_t>(count));
  over_ = over_ || mean_size(last_) > kEarlyOverlap;
  if (over_) return;
  // Powers of overlaps of about 0.25 fade fast; polynomial activations are taken whole.
  const int order = std::max(12, options.activation.order);
  const WeightedLabelMoments moments = weighted_label_moments(options.model, options.label, order);
  const Neurons neurons = draw_neurons(options);
  slopes_ = Matrix<double>(count, static_cast<std::size_t>(order));
  spread_.resize(count);
  for (std::size_t j = 0; j < count; ++j) {
    Matrix<double> mixture(neurons.mixture.rows(), neurons.mixture.rows() > 0 ? 1 : 0);
    for (std::size_t k = 0; k < mixture.rows(); ++k) mixture(k, 0) = neurons.mixture(k, j);
    const double bias = neurons.biases[j];
    const std::vector<double> expansion =
        activation_expansion(options.activation, bias, mixture.values(), order);
    for (int k = 1; k <= order; ++k) {
      slopes_(j, k - 1) = neurons.signs[j] * k * moments.signal[k] * expansion[k];
    }
    spread_[j] = static_cast<double>(options.dim - 1) * moments.root_mean_square *
                 moments.root_mean_square * mean_square_slope(options.activation, bias, mixture);
  }
  double rate = 0;
  for (std::size_t j = 0; j < count; ++j) {
    constexpr double kStep = 1e-3;
    const double rise = expected_change(j, last_[j] + kStep) - expected_change(j, last_[j] - kStep);
    rate += std::abs(rise) / (2 * kStep * static_cast<double>(count));
  }
  most_steps_ = 1 / rate;
}

double DriftFollower::slope(std::size_t j, double overlap) const {
  const std::span<const double> coefficients = slopes_.row(j);
  double sum = 0;
  for (std::size_t k = coefficients.size(); k-- > 0;) sum = sum * overlap + coefficients[k];
  return sum;
}

double DriftFollower::expected_change(std::size_t j, double overlap) const {
  const double eta = options_.step_size;
  const double share = 1 / static_cast<double>(options_.batch);
  const double rest = 1 - overlap * overlap;
  const double pull = slope(j, overlap);
  const double size = spread_[j] * share + (1 - share) * rest * pull * pull;
  return (overlap + eta * rest * pull) / std::sqrt(1 + eta * eta * size) - overlap;
}

void DriftFollower::observe(std::uint64_t steps, std::span<const double> overlaps) {
  const std::uint64_t fresh =
      options_.samples - (options_.start == Start::spectral ? options_.spectral_samples : 0);
  const std::uint64_t total = steps_ + steps;
  over_ = over_ || total * options_.batch > fresh || !(static_cast<double>(total) <= most_steps_);
  if (over_ || steps == 0) return;
  const auto count = static_cast<double>(last_.size());
  double predicted = 0;
  double observed = 0;
  for (std::size_t j = 0; j < last_.size(); ++j) {
    const double direction = slope(j, last_[j]) >= 0 ? 1 / count : -1 / count;
    const auto length = static_cast<double>(steps);
    const double middle = last_[j] + length / 2 * expected_change(j, last_[j]);
    predicted += direction * length * expected_change(j, middle);
    observed += direction * (overlaps[j] - last_[j]);
  }
  predicted_ += predicted;
  observed_ += observed;
  squares_ += (observed - predicted) * (observed - predicted);
  steps_ = total;
  ++intervals_;
  std::copy_n(overlaps.begin(), last_.size(), last_.begin());
  over_ = mean_size(last_) > kEarlyOverlap;
}

std::optional<DriftComparison> DriftFollower::comparison() const {
  constexpr std::uint64_t kLeastIntervals = 8;
  if (intervals_ < kLeastIntervals) return {};
  const std::uint64_t samples = steps_ * options_.batch;
  const double each = 1 / static_cast<double>(samples);
  return DriftComparison{predicted_ * each, observed_ * each, std::sqrt(squares_) * each, samples};
}

}  // namespace esscher::internal
