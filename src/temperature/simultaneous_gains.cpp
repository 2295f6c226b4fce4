#include "esscher/temperature/simultaneous_gains.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "temperature/correlated_normals.h"

namespace esscher {
namespace {

constexpr double kNoTilt = 1e-6;

/// The 1 - tail quantile of the maximum of normal variables with the correlations of the vectors.
double maximum_quantile(const std::vector<std::span<const double>>& vectors, double tail,
                        std::uint64_t seed) {
  const Matrix<double> root = internal::correlation_root(vectors);
  const RandomStream stream(seed, "temperature/simultaneous");
  std::vector<double> greatest(internal::kMaximumDraws);
  std::vector<double> z(root.columns());
  for (std::size_t draw = 0; draw < internal::kMaximumDraws; ++draw) {
    stream.at(draw).fill_normal(0, z);
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t a = 0; a < root.rows(); ++a) {
      const std::span<const double> row = root.row(a);
      double value = 0;
      for (std::size_t k = 0; k < z.size(); ++k) value += row[k] * z[k];
      most = std::max(most, value);
    }
    greatest[draw] = most;
  }
  const auto at =
      static_cast<std::ptrdiff_t>((1 - tail) * static_cast<double>(internal::kMaximumDraws));
  std::ranges::nth_element(greatest, greatest.begin() + at);
  return greatest[static_cast<std::size_t>(at)];
}

}  // namespace

bool is_tilted(const TablePolicyValue& policy) { return policy.kl.value >= kNoTilt; }

void fold_influence(std::vector<double>& influence) {
  if (influence.size() <= kFoldedPieces) return;
  const RandomStream stream(1, "temperature/fold");
  constexpr std::size_t kBlock = 1024;
  static_assert(kFoldedPieces % kBlock == 0);
  double uniforms[kBlock];
  std::vector<double> folded(kFoldedPieces);
  for (std::size_t begin = 0; begin < influence.size(); begin += kBlock) {
    const std::size_t length = std::min(kBlock, influence.size() - begin);
    stream.fill_uniform(begin, {uniforms, length});
    double* const into = &folded[begin % kFoldedPieces];
    for (std::size_t i = 0; i < length; ++i) {
      into[i] += uniforms[i] < 0.5 ? influence[begin + i] : -influence[begin + i];
    }
  }
  influence = std::move(folded);
}

void fold_influences(TablePolicyValue& policy) {
  fold_influence(policy.gain_influence);
  fold_influence(policy.value_influence);
  fold_influence(policy.rise_influence);
}

void fold_influences(BestOfNValue& best) {
  fold_influence(best.gain_influence);
  fold_influence(best.value_influence);
}

MeasuredGain measured_gain(const TablePolicyValue& policy) {
  return {static_cast<const Estimate&>(policy.gain), policy.gain_influence, is_tilted(policy)};
}

MeasuredGain measured_gain(const BestOfNValue& best) {
  return {best.gain, best.gain_influence, best.kl.value >= kNoTilt};
}

SimultaneousGains simultaneous_gains(std::span<const MeasuredGain> gains, double alpha,
                                     std::uint64_t seed) {
  if (!(alpha > 0 && alpha < 1)) {
    throw UsageError(rejection("alpha", alpha, "must be between 0 and 1", "for example 0.05"));
  }
  const auto estimated = [](const MeasuredGain& measured) {
    return measured.gain.standard_error > 0 && std::isfinite(measured.gain.standard_error) &&
           !measured.influence.empty();
  };
  std::vector<std::span<const double>> influences;
  for (const MeasuredGain& measured : gains) {
    if (estimated(measured) && measured.tilted) influences.push_back(measured.influence);
  }
  const boost::math::normal normal;
  SimultaneousGains result;
  // Never below the quantile of one: draws have errors of their own.
  result.quantile = boost::math::quantile(boost::math::complement(normal, alpha / 2));
  if (influences.size() > 1) {
    result.quantile = std::max(result.quantile, maximum_quantile(influences, alpha / 2, seed));
  }
  const double tail = boost::math::cdf(boost::math::complement(normal, result.quantile));
  for (const MeasuredGain& measured : gains) {
    const Estimate& gain = measured.gain;
    if (gain.standard_error == 0) {
      result.intervals.push_back({gain.value, gain.value});
    } else if (!estimated(measured)) {
      constexpr double kInfinite = std::numeric_limits<double>::infinity();
      result.intervals.push_back({-kInfinite, kInfinite});
    } else {
      const double width = gain.half_width(1 - 2 * tail);
      result.intervals.push_back({gain.value - width, gain.value + width});
    }
  }
  return result;
}

}  // namespace esscher
