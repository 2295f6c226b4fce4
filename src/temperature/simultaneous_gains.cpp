#include "esscher/temperature/simultaneous_gains.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "esscher/linalg/factor.h"

namespace esscher {
namespace {

constexpr double kNoTilt = 1e-6;
constexpr std::size_t kDraws = 10000;
/// Eigenvalues of correlations below this share of their sum move no quantile.
constexpr double kNegligible = 1e-9;

/// The 1 - tail quantile of the maximum of normal variables with the correlations of the vectors.
double maximum_quantile(const std::vector<std::span<const double>>& vectors, double tail,
                        std::uint64_t seed) {
  const std::size_t count = vectors.size();
  Matrix<double> correlation(count, count);
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      const std::span<const double> x = vectors[a];
      const std::span<const double> y = vectors[b];
      if (x.size() != y.size()) throw InternalError("policies of tables of unequal length");
      double sum = 0;
      for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
      correlation(a, b) = sum;
    }
  }
  std::vector<double> scale(count);
  for (std::size_t a = 0; a < count; ++a) scale[a] = std::sqrt(correlation(a, a));
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b <= a; ++b) correlation(a, b) /= scale[a] * scale[b];
  }
  // Neighbouring temperatures are one policy to many digits: roots of eigenvalues, no Cholesky
  // factor.
  const SymmetricEigen eigen = symmetric_eigen(correlation.view());
  // Policies are as a rule many more than the directions in which they differ.
  std::vector<std::size_t> kept;
  for (std::size_t j = 0; j < count; ++j) {
    if (eigen.values[j] > kNegligible * static_cast<double>(count)) kept.push_back(j);
  }
  Matrix<double> root(count, kept.size());
  for (std::size_t k = 0; k < kept.size(); ++k) {
    const double value = std::sqrt(eigen.values[kept[k]]);
    for (std::size_t a = 0; a < count; ++a) root(a, k) = value * eigen.vectors(a, kept[k]);
  }
  const RandomStream stream(seed, "temperature/simultaneous");
  std::vector<double> greatest(kDraws);
  std::vector<double> z(kept.size());
  for (std::size_t draw = 0; draw < kDraws; ++draw) {
    stream.at(draw).fill_normal(0, z);
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t a = 0; a < count; ++a) {
      const std::span<const double> row = std::as_const(root).row(a);
      double value = 0;
      for (std::size_t k = 0; k < z.size(); ++k) value += row[k] * z[k];
      most = std::max(most, value);
    }
    greatest[draw] = most;
  }
  const auto at = static_cast<std::ptrdiff_t>((1 - tail) * static_cast<double>(kDraws));
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
