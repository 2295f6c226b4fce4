#include <algorithm>
#include <cmath>
#include <limits>

#include "model/link_breaks.h"
#include "model/saturate.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kNear = 8192;      // points of (0, 40], about 1/200 apart
constexpr std::size_t kNeighbours = 64;  // points over which the size of f is measured
constexpr double kTolerance = 16 * std::numeric_limits<double>::epsilon();
// Beyond, f may have lost digits to the size of z.
constexpr double kFarTolerance = 1e-9;  // and where f is steep, to the rounding of z

}  // namespace

Parity find_parity(const LinkFunction& f, const std::vector<double>& breaks,
                   const std::vector<double>& peaks) {
  const auto is_break = [&breaks](double z) {
    return std::binary_search(breaks.begin(), breaks.end(), z) ||
           std::binary_search(breaks.begin(), breaks.end(), -z);
  };
  std::vector<double> z;
  for (std::size_t i = 1; i <= kNear; ++i) {
    // An irrational stretch keeps the points off the round numbers where formulas have their zeros.
    z.push_back(kExamined * static_cast<double>(i) / kNear * 0.99990137);
  }
  const std::size_t near = z.size();
  // What the grid steps over: narrow peaks, and what lies between two breaks.
  for (const double peak : peaks) z.push_back(std::abs(peak));
  for (std::size_t b = 0; b + 1 < breaks.size(); ++b) {
    for (const double t : {0.3, 0.5})
      z.push_back(std::abs(breaks[b] + t * (breaks[b + 1] - breaks[b])));
  }
  for (double far = 1.37 * kExamined; far < 1e150; far *= 1.37) z.push_back(far);
  std::vector<double> mirrored(z.size());
  std::transform(z.begin(), z.end(), mirrored.begin(), [](double x) { return -x; });
  std::vector<double> right(z.size());
  std::vector<double> left(z.size());
  f.values(z, right);
  f.values(mirrored, left);

  std::vector<double> size(near / kNeighbours + 1, 0.);
  for (std::size_t i = 0; i < near; ++i) {
    double& block = size[i / kNeighbours];
    block = std::max({block, std::abs(left[i]), std::abs(right[i])});
  }
  bool even = true;
  bool odd = true;
  for (std::size_t i = 0; i < z.size() && (even || odd); ++i) {
    if (is_break(z[i]) || std::isnan(left[i]) || std::isnan(right[i])) continue;
    const double r = saturated(right[i]);
    const double l = saturated(left[i]);
    const double allowed = i < near ? kTolerance * size[i / kNeighbours]
                                    : kFarTolerance * std::max(std::abs(r), std::abs(l));
    even = even && std::abs(r - l) <= allowed;
    odd = odd && std::abs(r + l) <= allowed;
  }
  // The zero link is both; even is what its Hermite coefficients are like.
  return even ? Parity::even : odd ? Parity::odd : Parity::none;
}

}  // namespace esscher::internal
