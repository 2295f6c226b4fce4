#include "model/link_growth.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "model/link_breaks.h"
#include "model/saturate.h"

namespace esscher::internal {
namespace {

constexpr double kFurthest = 0x1p500;  // z^2 stays below overflow
constexpr double kScan = 1.05;
// Overflow before this is not that of a polynomial which a link could be of use with; envelopes
// are then compared over two octaves, else over half the range.
constexpr double kEarly = 1e4;
constexpr std::size_t kProbes = 4096;

/// Extremes of f over [radius / 1.5, radius] on one side.
struct Envelope {
  double radius = 0;
  double high = 0;  // max f / z^2
  double low = 0;   // min f / z^2
  double size = 0;  // max |f|
  double at = 0;    // |z| of the largest |f|
};

class Side {
 public:
  Side(const LinkFunction& f, double sign) : f_(f), sign_(sign), reach_(overflow_radius()) {}

  TailGrowth growth() const {
    const bool early = reach_ < kEarly;
    const Envelope outer = envelope(reach_);
    const Envelope inner = envelope(early ? reach_ / 4 : std::sqrt(reach_));
    const Envelope middle = envelope(std::sqrt(inner.radius * outer.radius));
    const Three radii = {inner.radius, middle.radius, outer.radius};
    TailGrowth tail;
    tail.bounded = outer.size <= inner.size * 1.001 + 1e-200;
    if (tail.bounded) return tail;
    // A window of fast growth has a wide range too, but not one that overlaps the range before.
    const double size = std::max(std::abs(outer.high), std::abs(outer.low));
    const bool oscillates =
        outer.high - outer.low > 1e-3 * size && outer.low <= inner.high && outer.high >= inner.low;
    tail.upper_quadratic_rate = limit(radii, {inner.high, middle.high, outer.high}, early);
    tail.lower_quadratic_rate = limit(radii, {inner.low, middle.low, outer.low}, early);
    // An envelope of random probes touches 0 to this much only: z^2 (1 + sin z) from below.
    if (oscillates && std::abs(outer.high) < 1e-5 * size) tail.upper_quadratic_rate = 0;
    if (oscillates && std::abs(outer.low) < 1e-5 * size) tail.lower_quadratic_rate = 0;
    const int digits = oscillates ? 5 : 12;
    tail.upper_quadratic_rate = rounded(tail.upper_quadratic_rate, digits);
    tail.lower_quadratic_rate = rounded(tail.lower_quadratic_rate, digits);
    if (early) tail.log_rate = log_rate();
    return tail;
  }

 private:
  bool overflows_at(double radius) const { return overflowed(f_.value(sign_ * radius)); }

  /// The least radius from kExamined on at which f overflows, or kFurthest.
  double overflow_radius() const {
    double good = kExamined;
    double bad = 0;
    for (double r = good * kScan; r < kFurthest && bad == 0; r *= kScan) {
      (overflows_at(r) ? bad : good) = r;
    }
    if (bad == 0) return kFurthest;
    for (int i = 0; i < 60; ++i) {
      const double middle = good + (bad - good) / 2;
      (overflows_at(middle) ? bad : good) = middle;
    }
    return good;
  }

  Envelope envelope(double radius) const {
    std::vector<double> z(kProbes);
    std::vector<double> value(kProbes);
    double phase = 0;
    for (double& point : z) {
      // Golden-section steps in log z fill the window evenly and keep no rhythm with sin or cos.
      phase += 0.6180339887498949;
      phase -= std::floor(phase);
      point = sign_ * radius * std::pow(1.5, -phase);
    }
    z.front() = sign_ * radius;
    f_.values(z, value);
    Envelope found{radius, -kInfinity, kInfinity, 0, radius};
    for (std::size_t i = 0; i < kProbes; ++i) {
      if (overflowed(value[i])) continue;  // a stray one inside the reach
      const double ratio = value[i] / z[i] / z[i];
      found.high = std::max(found.high, ratio);
      found.low = std::min(found.low, ratio);
      if (std::abs(value[i]) > found.size) {
        found.size = std::abs(value[i]);
        found.at = std::abs(z[i]);
      }
    }
    return found;
  }

  using Three = std::array<double, 3>;

  /// The limit of f / z^2 from its envelopes at three radii: that of r + b / z where this fits,
  /// else 0 or infinity by the way it goes.
  static double limit(const Three& z, const Three& ratio, bool early) {
    const double least = 1e-140;  // z / z^2 at kFurthest
    if (std::abs(ratio[2]) < least) return 0;
    const double r = (ratio[2] * z[2] - ratio[0] * z[0]) / (z[2] - z[0]);
    const double b = (ratio[0] - r) * z[0];
    const double misfit = std::abs(r + b / z[1] - ratio[1]);
    // Slow factors, such as powers of log z, separate less over a short range.
    if (misfit <= (early ? 1e-3 : 1e-2) * std::abs(ratio[1])) {
      return std::abs(r) < 1e-3 * std::abs(ratio[2]) ? 0 : r;
    }
    return std::abs(ratio[2]) > std::abs(ratio[0]) ? std::copysign(kInfinity, ratio[2]) : 0;
  }

  /// a of log|f| = a z^2 + b z + c through three envelopes, at least 0.
  double log_rate() const {
    std::array<double, 3> z;
    std::array<double, 3> y;
    const std::array<double, 3> parts = {0.5, 0.75, 1};
    for (std::size_t i = 0; i < 3; ++i) {
      const Envelope e = envelope(parts[i] * reach_);
      if (!(e.size > 0)) return 0;
      z[i] = e.at;
      y[i] = std::log(e.size);
    }
    const double first = (y[1] - y[0]) / (z[1] - z[0]);
    const double second = (y[2] - y[1]) / (z[2] - z[1]);
    const double rate = (second - first) / (z[2] - z[0]);
    return rate < 2e-3 ? 0 : rounded(rate, 3);
  }

  static double rounded(double value, int digits) {
    if (!std::isfinite(value) || value == 0) return value;
    std::array<char, 40> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                   std::chars_format::scientific, digits - 1);
    std::from_chars(text.data(), end.ptr, value);
    return value;
  }

  const LinkFunction& f_;
  double sign_;
  double reach_;
};

}  // namespace

Growth find_growth(const LinkFunction& f) {
  return {.left = find_tail_growth(f, -1), .right = find_tail_growth(f, 1)};
}

TailGrowth find_tail_growth(const LinkFunction& f, double sign) { return Side(f, sign).growth(); }

}  // namespace esscher::internal
