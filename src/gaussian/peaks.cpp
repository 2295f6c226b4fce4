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

double size_at(const SizeFunction& log_size, double z) {
  const double size = log_size(z).size;
  if (std::isnan(size)) {
    throw InternalError(rejection("integrand at z", z, "is not a number"));
  }
  return size;
}

/// Samples of the size, ascending in z: fine where the normal law lives, a geometric ladder beyond,
/// and fine again wherever the ladder strikes something.
class Scan {
 public:
  Scan(const SizeFunction& log_size, std::span<const double> breaks) : log_size_(log_size) {
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
    add(points);
    fine_.push_back({-kFineReach, kFineReach});
    end_ = samples_.back().z;
    climb();
    extend(-1);
    extend(+1);
  }

  const std::vector<Sample>& samples() const { return samples_; }
  double highest() const { return highest_; }
  double floor() const { return highest_ - kDepth; }
  /// Whether the size still rises at an end of the ladder.
  bool unbounded() const {
    return samples_.front().size >= highest_ || samples_.back().size >= highest_;
  }

  /// Local maxima that may matter, each refined.
  std::vector<Sample> peaks() const;

 private:
  struct Stretch {
    double left;
    double right;
  };

  void add(const std::vector<double>& points) {
    for (const double z : points) {
      samples_.push_back({z, size_at(log_size_, z)});
      highest_ = std::max(highest_, samples_.back().size);
    }
    std::sort(samples_.begin(), samples_.end(), [](auto& a, auto& b) { return a.z < b.z; });
    const auto same = [](const Sample& a, const Sample& b) { return a.z == b.z; };
    samples_.erase(std::unique(samples_.begin(), samples_.end(), same), samples_.end());
  }

  bool is_fine(double z) const {
    return std::any_of(fine_.begin(), fine_.end(),
                       [&](const Stretch& s) { return s.left <= z && z <= s.right; });
  }

  void make_fine(double left, double right) {
    std::vector<double> points;
    const double count = std::ceil((right - left) / kFineStep);
    for (double j = 0; j <= count; ++j) points.push_back(left + (right - left) * (j / count));
    add(points);
    fine_.push_back({left, right});
  }

  bool may_matter(std::size_t i) const;
  Sample refined(std::size_t i) const;
  void climb();
  void extend(double sign);

  const SizeFunction& log_size_;
  std::vector<Sample> samples_;
  std::vector<Stretch> fine_;
  double highest_ = -kInfinity;
  double end_ = 0;
};

/// Whether sample i is a local maximum, and its peak could reach the depth that counts. Between two
/// neighbours a parabola rises above its middle sample by no more than a quarter of the larger drop
/// to them; the whole drop leaves room for other shapes.
bool Scan::may_matter(std::size_t i) const {
  const double left = samples_[i - 1].size;
  const double middle = samples_[i].size;
  const double right = samples_[i + 1].size;
  // A plateau counts once, at its left end.
  if (middle == -kInfinity || middle <= left || middle < right) return false;
  return middle + (middle - std::min(left, right)) + 5 >= floor();
}

Sample Scan::refined(std::size_t i) const {
  const auto [z, negative_size] = boost::math::tools::brent_find_minima(
      [&](double x) { return -size_at(log_size_, x); }, samples_[i - 1].z, samples_[i + 1].z, 30);
  return -negative_size > samples_[i].size ? Sample{z, -negative_size} : samples_[i];
}

/// From each far sample that may matter to the top of its neighbourhood, through windows of fine
/// samples: a reward that oscillates has its highest peak beside the one that the ladder met.
void Scan::climb() {
  constexpr int kMostWindows = 64;
  std::vector<double> starts;
  for (std::size_t i = 1; i + 1 < samples_.size(); ++i) {
    if (is_fine(samples_[i].z) || !may_matter(i)) continue;
    starts.push_back(refined(i).z);
  }
  int windows = 0;
  for (double centre : starts) {
    while (!is_fine(centre) && std::abs(centre) < end_ && windows++ < kMostWindows) {
      const double left = centre - kFineReach / 2;
      const double right = centre + kFineReach / 2;
      make_fine(left, right);
      for (const Sample& sample : samples_) {
        if (sample.z < left || sample.z > right) continue;
        if (sample.size >= highest_) centre = sample.z;
      }
      // At the window's rim the top may lie beyond.
      if (centre - left < 1) centre -= 1 + kFineReach / 2;
      if (right - centre < 1) centre += 1 + kFineReach / 2;
    }
  }
}

/// Fine samples from the outermost point that counts on, until a stretch brings no further one.
void Scan::extend(double sign) {
  constexpr double kStretch = 4;
  constexpr int kMostStretches = 128;
  for (int i = 0; i < kMostStretches; ++i) {
    double outermost = -kInfinity;
    for (const Sample& sample : samples_) {
      if (sample.size >= floor()) outermost = std::max(outermost, sign * sample.z);
    }
    const double from = sign * outermost;
    const double to = from + sign * kStretch;
    if (is_fine(from) && is_fine(to)) return;
    make_fine(std::min(from, to), std::max(from, to));
  }
}

std::vector<Sample> Scan::peaks() const {
  std::vector<Sample> found;
  double highest = highest_;
  for (std::size_t i = 1; i + 1 < samples_.size(); ++i) {
    if (!may_matter(i)) continue;
    found.push_back(refined(i));
    highest = std::max(highest, found.back().size);
  }
  std::erase_if(found, [&](const Sample& peak) { return peak.size < highest - kDepth; });
  return found;
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
      throw UsageError(rejection("integrand", "unbounded", "does not fall off within a double",
                                 "raise the temperature or clip the link"));
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
  const Scan scan(log_size, breaks);
  const std::vector<Sample>& samples = scan.samples();
  const std::vector<Sample> peaks = scan.unbounded() ? std::vector<Sample>() : scan.peaks();
  if (peaks.empty()) {
    throw UsageError(rejection("integrand", "unbounded",
                               "its mass lies beyond |z| = 1e9, or the integral is infinite",
                               "raise the temperature or clip the link"));
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
