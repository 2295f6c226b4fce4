#include "model/link_peaks.h"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <cstddef>
#include <functional>

#include "model/saturate.h"

namespace esscher::internal {
namespace {

/// Nearer by, the search of each integral takes fine steps of its own.
constexpr double kFar = 16;
constexpr double kOutermost = 1024;
constexpr double kStride = 0.25;
constexpr std::size_t kMostPeaks = 64;
/// Beyond rounding, relative.
constexpr double kHigher = 1e-9;

/// f on one side of 0, at every distance.
struct HalfLine {
  double sign;
  std::vector<double> value;
};

using Function = std::function<double(double)>;

double peak_between(const Function& value, double left, double right) {
  return boost::math::tools::brent_find_minima([&](double z) { return -value(z); }, left, right, 40)
      .first;
}

/// Where a function that is flat from \p flat on leaves its value on the way to \p below: a kink,
/// or a jump.
double plateau_begin(const Function& value, double below, double flat) {
  const double top = value(flat);
  while (true) {
    const double middle = below + (flat - below) / 2;
    if (middle == below || middle == flat) return flat;
    (value(middle) == top ? flat : below) = middle;
  }
}

/// Maxima of sign * f.
std::vector<double> records(const LinkFunction& f, const std::vector<double>& distance,
                            const std::vector<HalfLine>& sides, double sign) {
  std::vector<double> found;
  double highest = sign * sides[0].value[0];
  for (std::size_t i = 1; i + 1 < distance.size(); ++i) {
    const double before = highest;
    for (const HalfLine& side : sides) {
      const double here = sign * side.value[i];
      highest = std::max(highest, here);
      if (distance[i] <= kFar || overflowed(here)) continue;
      if (!(here > sign * side.value[i - 1] && here >= sign * side.value[i + 1])) continue;
      const auto value = [&](double z) { return sign * f.value(side.sign * z); };
      // Two nodes of one height may be a plateau, or stand on either side of a peak.
      const double next = distance[i + 1];
      const bool flat = here == sign * side.value[i + 1] && value((distance[i] + next) / 2) == here;
      const double place = flat ? plateau_begin(value, distance[i - 1], distance[i])
                                : peak_between(value, distance[i - 1], next);
      // The node may have met no more than the flank of a narrow peak.
      const double top = value(place);
      if (overflowed(top) || top <= before + kHigher * std::abs(before)) continue;
      highest = std::max(highest, top);
      found.push_back(side.sign * place);
      if (found.size() == kMostPeaks) return found;
    }
  }
  return found;
}

}  // namespace

std::vector<double> find_far_peaks(const LinkFunction& f) {
  std::vector<double> distance;
  for (double z = 0; z <= kOutermost; z += kStride) distance.push_back(z);
  std::vector<HalfLine> sides;
  std::vector<double> z(distance.size());
  for (const double sign : {-1.0, 1.0}) {
    std::transform(distance.begin(), distance.end(), z.begin(),
                   [sign](double at) { return sign * at; });
    sides.push_back({sign, std::vector<double>(z.size())});
    f.values(z, sides.back().value);
  }
  std::vector<double> peaks = records(f, distance, sides, 1);
  const std::vector<double> troughs = records(f, distance, sides, -1);
  peaks.insert(peaks.end(), troughs.begin(), troughs.end());
  std::sort(peaks.begin(), peaks.end());
  return peaks;
}

}  // namespace esscher::internal
