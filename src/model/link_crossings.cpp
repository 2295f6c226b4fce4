#include "model/link_crossings.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "esscher/base/number_text.h"

namespace esscher::internal {
namespace {

constexpr double kWindow = 40;
constexpr int kCrossingCells = 1 << 16;
constexpr double kFarStep = 1.02;
// More crossings than this in the window, or beyond it on one side, and the link is taken to
// oscillate about the level for ever. No polynomial of the catalogue has more.
constexpr std::size_t kFewCrossings = 64;
constexpr std::size_t kFewFarCrossings = 16;

double next_up(double z) { return std::nextafter(z, std::numeric_limits<double>::infinity()); }
double next_down(double z) { return std::nextafter(z, -std::numeric_limits<double>::infinity()); }

/// sign * f, compared with sign * level: crossings downward are those upward of the mirror image.
class Crossings {
 public:
  Crossings(const Link& link, double level, double sign)
      : link_(link), level_(sign * level), sign_(sign) {}

  std::vector<double> find() {
    cross_window();
    if (found_.size() <= kFewCrossings) {
      cross_outside(-1);
      cross_outside(1);
    }
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    return std::move(found_);
  }

 private:
  double value(double z) const { return sign_ * link_(z); }
  bool beyond(double z) const { return value(z) > level_; }

  /// Halves [low, high], at whose ends beyond() differs, down to adjacent doubles; of those two,
  /// the one whose value is nearer to the level or, in a tie, the one that is shorter to write.
  double bisect(double low, double high) const {
    const bool beyond_low = beyond(low);
    while (true) {
      const double middle = low / 2 + high / 2;
      if (!(middle > low && middle < high)) break;
      (beyond(middle) == beyond_low ? low : high) = middle;
    }
    const double distance_low = std::abs(value(low) - level_);
    const double distance_high = std::abs(value(high) - level_);
    if (distance_low != distance_high) return distance_low < distance_high ? low : high;
    return number_text(low).size() <= number_text(high).size() ? low : high;
  }

  /// The place in (left, right) where \p upward * value is greatest, by golden section.
  double extreme(double upward, double left, double right) const {
    const double golden = 0.6180339887498949;
    double a = right - golden * (right - left);
    double b = left + golden * (right - left);
    double value_a = upward * value(a);
    double value_b = upward * value(b);
    for (int i = 0; i < 60; ++i) {
      if (value_a > value_b) {
        right = b;
        b = a;
        value_b = value_a;
        a = right - golden * (right - left);
        value_a = upward * value(a);
      } else {
        left = a;
        a = b;
        value_a = value_b;
        b = left + golden * (right - left);
        value_b = upward * value(b);
      }
    }
    return value_a > value_b ? a : b;
  }

  /// Grid points, with both neighbours of every break in place of the break itself, whose own value
  /// belongs to neither side.
  std::vector<double> window_points() const {
    std::vector<double> z;
    for (int i = 0; i <= kCrossingCells; ++i)
      z.push_back(-kWindow + 2 * kWindow * i / kCrossingCells);
    for (const double b : link_.breaks()) {
      if (std::abs(b) > kWindow) continue;
      z.push_back(next_down(b));
      z.push_back(next_up(b));
    }
    std::sort(z.begin(), z.end());
    std::erase_if(z, [this](double point) {
      return std::binary_search(link_.breaks().begin(), link_.breaks().end(), point);
    });
    return z;
  }

  void cross_window() {
    const std::vector<double> z = window_points();
    std::vector<double> f(z.size());
    link_.evaluate(z, f);
    for (double& y : f) y *= sign_;
    for (std::size_t i = 0; i + 1 < z.size(); ++i) {
      const bool now = f[i] > level_;
      if (now != (f[i + 1] > level_)) {
        found_.push_back(bisect(z[i], z[i + 1]));
        continue;
      }
      // A peak towards the level may poke through it between the points: where it is near enough
      // for a parabola to do so, look.
      if (i == 0 || (f[i - 1] > level_) != now) continue;
      const double upward = now ? -1 : 1;
      const double left = upward * (f[i] - f[i - 1]);
      const double right = upward * (f[i] - f[i + 1]);
      const double gap = upward * (level_ - f[i]);
      if (left < 0 || right < 0 || left + right == 0 || gap > left + right) continue;
      const double peak = extreme(upward, z[i - 1], z[i + 1]);
      if (beyond(peak) == now) continue;
      found_.push_back(bisect(z[i - 1], peak));
      found_.push_back(bisect(peak, z[i + 1]));
    }
  }

  void cross_outside(double side) {
    std::vector<double> far;
    double near = side * kWindow;
    bool before = beyond(near);
    for (double z = near * kFarStep; std::isfinite(z) && far.size() <= kFewFarCrossings;
         z *= kFarStep) {
      const bool now = beyond(z);
      if (now != before) far.push_back(bisect(std::min(near, z), std::max(near, z)));
      before = now;
      near = z;
    }
    if (far.size() <= kFewFarCrossings) found_.insert(found_.end(), far.begin(), far.end());
  }

  const Link& link_;
  double level_;
  double sign_;
  std::vector<double> found_;
};

}  // namespace

std::vector<double> find_crossings(const Link& link, double level, Beyond beyond) {
  return Crossings(link, level, beyond == Beyond::above ? 1 : -1).find();
}

}  // namespace esscher::internal
