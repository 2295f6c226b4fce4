#include "peaks.h"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <limits>

#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
/// What lies this far below the peak (e^{-80} = 2e-35) cannot be seen in a double.
constexpr double kDepth = 80;
constexpr double kFineReach = 16;
constexpr double kFineStep = 1.0 / 32;
constexpr double kReach = 1e9;
constexpr double kCoarseRatio = 1.25;
/// Peaks that are parted by a shallower valley than this are left to bisection.
constexpr double kProminence = 2;

using SizeFunction = std::function<LogSize(double)>;

struct Sample {
  double z;
  double size;
};

/// A fixed ladder (fine where the normal law lives, geometric beyond) with both sides of each
/// break.
std::vector<double> scan_points(std::span<const double> breaks) {
  std::vector<double> points;
  for (double z = -kFineReach; z <= kFineReach; z += kFineStep) points.push_back(z);
  for (double z = kFineReach * kCoarseRatio; z <= kReach; z *= kCoarseRatio) {
    points.push_back(z);
    points.push_back(-z);
  }
  for (const double z : breaks) {
    points.push_back(std::nextafter(z, -kInfinity));
    points.push_back(std::nextafter(z, kInfinity));
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

double size_at(const SizeFunction& log_size, double z) {
  const double size = log_size(z).size;
  if (std::isnan(size)) {
    throw InternalError(rejection("integrand at z", z, "is not a number"));
  }
  return size;
}

/// How high the peak inside (left, right) may be: the vertex of the parabola through three samples.
double estimated_peak(const Sample& left, const Sample& middle, const Sample& right) {
  if (!std::isfinite(left.size) || !std::isfinite(right.size)) return kInfinity;
  const double h0 = middle.z - left.z;
  const double h1 = right.z - middle.z;
  const double slope0 = (middle.size - left.size) / h0;
  const double slope1 = (right.size - middle.size) / h1;
  const double curvature = (slope1 - slope0) / (h0 + h1);
  if (!(curvature < 0)) return middle.size;
  const double slope = slope0 + curvature * h0;
  // Twice the parabola's gain, and a little: it is an estimate.
  return middle.size + 2 * slope * slope / (-4 * curvature) + 5;
}

std::vector<Sample> find_peaks(const SizeFunction& log_size, const std::vector<Sample>& samples) {
  double highest = -kInfinity;
  std::vector<Sample> peaks;
  struct Candidate {
    std::size_t index;
    double estimate;
  };
  std::vector<Candidate> candidates;
  for (std::size_t i = 1; i + 1 < samples.size(); ++i) {
    const double size = samples[i].size;
    if (size == -kInfinity || size < samples[i - 1].size || size < samples[i + 1].size) continue;
    // A plateau counts once, at its left end.
    if (size == samples[i - 1].size) continue;
    candidates.push_back({i, estimated_peak(samples[i - 1], samples[i], samples[i + 1])});
    highest = std::max(highest, size);
  }
  for (const Candidate& candidate : candidates) {
    if (candidate.estimate < highest - kDepth) continue;
    const Sample& middle = samples[candidate.index];
    const auto [z, negative_size] = boost::math::tools::brent_find_minima(
        [&](double x) { return -size_at(log_size, x); }, samples[candidate.index - 1].z,
        samples[candidate.index + 1].z, 30);
    const Sample refined{z, -negative_size};
    peaks.push_back(refined.size > middle.size ? refined : middle);
    highest = std::max(highest, peaks.back().size);
  }
  std::erase_if(peaks, [&](const Sample& peak) { return peak.size < highest - kDepth; });
  return peaks;
}

/// The point beyond \p start, in the direction of \p sign, where the size falls below \p floor.
double outer_end(const SizeFunction& log_size, double start, double sign, double floor) {
  double step = kFineStep;
  double inside = start;
  double outside = start + sign * step;
  while (size_at(log_size, outside) >= floor) {
    inside = outside;
    step *= 2;
    outside = start + sign * step;
    if (!std::isfinite(outside)) {
      throw InternalError(rejection("integrand", "unbounded", "does not fall off within a double"));
    }
  }
  for (int i = 0; i < 6; ++i) {
    const double middle = (inside + outside) / 2;
    (size_at(log_size, middle) >= floor ? inside : outside) = middle;
  }
  return outside;
}

/// Distance from \p peak at which the size has fallen by one, the smaller of both sides, at most
/// \p longest.
double half_width(const SizeFunction& log_size, const Sample& peak, double longest) {
  double width = 64 * kEpsilon * std::max(1.0, std::abs(peak.z));
  while (width < longest && size_at(log_size, peak.z - width) > peak.size - 1 &&
         size_at(log_size, peak.z + width) > peak.size - 1) {
    width *= 2;
  }
  return std::min(width, longest);
}

double lowest_between(const std::vector<Sample>& samples, double from, double to) {
  double lowest = kInfinity;
  auto it = std::lower_bound(samples.begin(), samples.end(), from,
                             [](const Sample& s, double z) { return s.z < z; });
  for (; it != samples.end() && it->z <= to; ++it) lowest = std::min(lowest, it->size);
  return lowest;
}

/// One peak for each group that no valley worth a panel of its own parts.
std::vector<Sample> prominent(const std::vector<Sample>& peaks,
                              const std::vector<Sample>& samples) {
  std::vector<Sample> kept;
  for (const Sample& peak : peaks) {
    if (!kept.empty()) {
      const double valley = lowest_between(samples, kept.back().z, peak.z);
      if (std::min(kept.back().size, peak.size) - valley < kProminence) {
        if (peak.size > kept.back().size) kept.back() = peak;
        continue;
      }
    }
    kept.push_back(peak);
  }
  return kept;
}

}  // namespace

Panelling find_panels(const std::function<LogSize(double)>& log_size,
                      std::span<const double> breaks) {
  std::vector<Sample> samples;
  for (const double z : scan_points(breaks)) samples.push_back({z, size_at(log_size, z)});
  std::vector<Sample> peaks = find_peaks(log_size, samples);
  const auto highest_sample = std::max_element(samples.begin(), samples.end(),
                                               [](auto& a, auto& b) { return a.size < b.size; });
  if (peaks.empty() || highest_sample == samples.begin() || highest_sample == samples.end() - 1) {
    throw InternalError(rejection("integrand", "unbounded",
                                  "still grows at |z| = 1e9: the integral asked for is infinite"));
  }
  double highest = -kInfinity;
  for (const Sample& peak : peaks) highest = std::max(highest, peak.size);
  const double floor = highest - kDepth;

  double first = peaks.front().z;
  double last = peaks.back().z;
  for (const Sample& sample : samples) {
    if (sample.size < floor) continue;
    first = std::min(first, sample.z);
    last = std::max(last, sample.z);
  }
  const double lower = outer_end(log_size, first, -1, floor);
  const double upper = outer_end(log_size, last, +1, floor);

  Panelling panelling;
  std::vector<double>& edges = panelling.edges;
  edges = {lower, upper};
  for (const double z : breaks) edges.push_back(z);
  for (double z = -kFineReach; z <= kFineReach; z += 1) edges.push_back(z);
  const std::vector<Sample> centres = prominent(peaks, samples);
  for (std::size_t i = 0; i < centres.size(); ++i) {
    // Each peak lays edges as far as its neighbours.
    const double left = i == 0 ? lower : centres[i - 1].z;
    const double right = i + 1 == centres.size() ? upper : centres[i + 1].z;
    const double z = centres[i].z;
    edges.push_back(z);
    double width = half_width(log_size, centres[i], std::max(z - left, right - z));
    for (; z - width > left || z + width < right; width *= 2) {
      if (z - width > left) edges.push_back(z - width);
      if (z + width < right) edges.push_back(z + width);
    }
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::erase_if(edges, [&](double z) { return z < lower || z > upper; });

  double terms = 0;
  panelling.log_scale = -kInfinity;
  for (const Sample& peak : peaks) {
    const LogSize at = log_size(peak.z);
    panelling.log_scale = std::max(panelling.log_scale, at.weight);
    terms = std::max(terms, at.terms);
  }
  panelling.rounding = 2 * kEpsilon * terms;
  return panelling;
}

}  // namespace esscher::internal
