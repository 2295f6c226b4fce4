#include "esscher/readout/stacking.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/matrix.h"
#include "esscher/weights/log_weights.h"

namespace esscher {
namespace {

constexpr int kMostExchanges = 10'000;
/// Gradients that differ by less than this share count as equal.
constexpr double kEqualGradients = 1e-12;

void require_lengths(std::span<const std::vector<double>> predictions, std::size_t rows) {
  if (predictions.empty()) {
    throw UsageError(rejection("readouts", "none", "there must be at least one"));
  }
  for (const std::vector<double>& each : predictions) {
    if (each.size() == rows && rows > 0) continue;
    throw UsageError(rejection(
        "held-out predictions", std::to_string(each.size()) + " values",
        "there must be one for each of the " + std::to_string(rows) + " rows, and at least one"));
  }
}

/// The least c'Vc over the simplex. Share moves from the coordinate with the steepest gradient to
/// the one with the flattest, each time to the best point between (Platt's working sets of two):
/// V is positive semidefinite, so that the end is the minimum.
std::vector<double> least_variance_shares(const Matrix<double>& v) {
  const std::size_t count = v.rows();
  std::vector<double> shares(count, 0.0);
  shares[0] = 1;
  std::vector<double> gradient(count);
  for (int exchange = 0; exchange < kMostExchanges; ++exchange) {
    for (std::size_t i = 0; i < count; ++i) {
      gradient[i] = 0;
      for (std::size_t j = 0; j < count; ++j) gradient[i] += v(i, j) * shares[j];
    }
    std::size_t to = 0;
    std::size_t from = count;
    for (std::size_t i = 0; i < count; ++i) {
      if (gradient[i] < gradient[to]) to = i;
      if (shares[i] > 0 && (from == count || gradient[i] > gradient[from])) from = i;
    }
    const double difference = gradient[from] - gradient[to];
    if (!(difference > kEqualGradients * std::abs(gradient[from]))) break;
    const double curvature = v(from, from) + v(to, to) - 2 * v(from, to);
    const double step =
        curvature > 0 ? std::min(difference / curvature, shares[from]) : shares[from];
    shares[to] += step;
    shares[from] = step == shares[from] ? 0 : shares[from] - step;
  }
  return shares;
}

/// Errors of each readout about their mean, or their group's, and weights of sum 1.
struct HeldOutErrors {
  HeldOutErrors(std::span<const std::vector<double>> held_out, std::span<const double> labels,
                std::span<const double> log_weights, std::span<const std::uint32_t> groups)
      : errors(labels.size(), held_out.size()), weights(log_weights.begin(), log_weights.end()) {
    require_lengths(held_out, labels.size());
    const std::size_t n = labels.size();
    if (log_weights.size() != n || (!groups.empty() && groups.size() != n)) {
      const bool weighted = log_weights.size() != n;
      throw UsageError(
          rejection(weighted ? "log_weights" : "groups",
                    std::to_string(weighted ? log_weights.size() : groups.size()) + " values",
                    "there are " + std::to_string(n) + " labels"));
    }
    normalise_log_weights(weights);
    for (double& w : weights) w = std::exp(w);
    const auto group = [&](std::size_t i) { return groups.empty() ? 0 : groups[i]; };
    Matrix<double> mean(groups.empty() ? 1 : std::size_t{std::ranges::max(groups)} + 1,
                        held_out.size());
    std::vector<double> mass(mean.rows());
    for (std::size_t i = 0; i < n; ++i) {
      mass[group(i)] += weights[i];
      for (std::size_t k = 0; k < held_out.size(); ++k) {
        errors(i, k) = labels[i] - held_out[k][i];
        mean(group(i), k) += weights[i] * errors(i, k);
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (!(mass[group(i)] > 0)) continue;
      for (std::size_t k = 0; k < held_out.size(); ++k) {
        errors(i, k) -= mean(group(i), k) / mass[group(i)];
      }
    }
  }

  std::vector<double> least_shares() const {
    Matrix<double> covariance(errors.columns(), errors.columns());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      for (std::size_t k = 0; k < errors.columns(); ++k) {
        for (std::size_t l = 0; l < errors.columns(); ++l) {
          covariance(k, l) += weights[i] * errors(i, k) * errors(i, l);
        }
      }
    }
    return least_variance_shares(covariance);
  }

  Matrix<double> errors;  ///< n x h
  std::vector<double> weights;
};

}  // namespace

std::vector<double> stacking_shares(std::span<const std::vector<double>> held_out,
                                    std::span<const double> labels,
                                    std::span<const double> log_weights,
                                    std::span<const std::uint32_t> groups) {
  return HeldOutErrors(held_out, labels, log_weights, groups).least_shares();
}

std::vector<double> cautious_stacking_shares(std::span<const std::vector<double>> held_out,
                                             std::span<const double> labels,
                                             std::span<const double> log_weights,
                                             std::span<const std::uint32_t> groups) {
  const HeldOutErrors each(held_out, labels, log_weights, groups);
  std::vector<double> shares = each.least_shares();
  double gain = 0;
  std::vector<double> saved(labels.size());
  for (std::size_t i = 0; i < saved.size(); ++i) {
    const std::span<const double> error = each.errors.row(i);
    double mixed = 0;
    for (std::size_t k = 0; k < shares.size(); ++k) mixed += shares[k] * error[k];
    saved[i] = error[0] * error[0] - mixed * mixed;
    gain += each.weights[i] * saved[i];
  }
  double variance = 0;
  for (std::size_t i = 0; i < saved.size(); ++i) {
    variance += each.weights[i] * each.weights[i] * (saved[i] - gain) * (saved[i] - gain);
  }
  const double kept = gain > 0 ? std::max(0.0, 1 - variance / (gain * gain)) : 0;
  for (double& share : shares) share *= kept;
  shares[0] += 1 - kept;
  return shares;
}

std::vector<double> stacked(std::span<const std::vector<double>> predictions,
                            std::span<const double> shares) {
  if (shares.size() != predictions.size()) {
    throw UsageError(rejection("shares", std::to_string(shares.size()) + " values",
                               "there are " + std::to_string(predictions.size()) + " readouts"));
  }
  require_lengths(predictions, predictions.empty() ? 0 : predictions.front().size());
  std::vector<double> result(predictions.front().size());
  for (std::size_t k = 0; k < shares.size(); ++k) {
    for (std::size_t i = 0; i < result.size(); ++i) result[i] += shares[k] * predictions[k][i];
  }
  return result;
}

}  // namespace esscher
