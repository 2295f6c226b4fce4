#include "model/multi_link_growth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "esscher/base/random.h"
#include "model/link_breaks.h"
#include "model/link_growth.h"

namespace esscher::internal {
namespace {

using Point = std::vector<double>;

constexpr std::size_t kRandomRays = 2048;
/// Where rays are compared: near enough for what grows along narrow strips to be seen, and far.
constexpr std::array<double, 3> kDistances = {64, 1e4, 1e8};
constexpr std::size_t kBestRays = 3;
constexpr double kFirstStep = 0.1;
constexpr double kLastStep = 1e-9;

Point normalised(Point v) {
  double square = 0;
  for (const double value : v) square += value * value;
  for (double& value : v) value /= std::sqrt(square);
  return v;
}

/// Axes and diagonals: {-1, 0, 1}^q but 0, made unit; behind them \p random ones.
std::vector<Point> rays(std::size_t variables, std::size_t random) {
  std::vector<Point> found;
  std::size_t corners = 1;
  for (std::size_t i = 0; i < variables; ++i) corners *= 3;
  for (std::size_t corner = 0; corner < corners; ++corner) {
    Point v(variables);
    std::size_t rest = corner;
    for (double& value : v) {
      value = static_cast<double>(rest % 3) - 1;
      rest /= 3;
    }
    if (2 * corner + 1 != corners) found.push_back(normalised(std::move(v)));
  }
  const RandomStream stream(1, "rays");
  for (std::size_t i = 0; i < random; ++i) {
    Point v(variables);
    stream.at(i).fill_normal(0, v);
    found.push_back(normalised(std::move(v)));
  }
  return found;
}

Point scaled_point(const Point& v, double t) {
  Point z = v;
  for (double& value : z) value *= t;
  return z;
}

/// Largest sign * f(t v) / t^2 at four distances up to \p distance, which no rhythm of f shares.
double rise(const MultiFunction& f, const Point& v, double distance, double sign) {
  double best = -kInfinity;
  for (const double part : {1.0, 0.9387, 0.8421, 0.7136}) {
    const double t = part * distance;
    best = std::max(best, sign * f(scaled_point(v, t)) / t / t);
  }
  return best;
}

/// Climbs on the sphere from \p v by turning towards and away from the axes.
Point climb(const MultiFunction& f, Point v, double distance, double sign) {
  double best = rise(f, v, distance, sign);
  for (double step = kFirstStep; step > kLastStep;) {
    bool moved = false;
    for (std::size_t i = 0; i < v.size(); ++i) {
      for (const double turn : {-step, step}) {
        Point next = v;
        next[i] += turn;
        next = normalised(std::move(next));
        const double there = rise(f, next, distance, sign);
        if (there > best) {
          best = there;
          v = std::move(next);
          moved = true;
        }
      }
    }
    if (!moved) step /= 2;
  }
  return v;
}

/// f along a ray.
class Ray final : public LinkFunction {
 public:
  Ray(const MultiFunction& f, const Point& v) : f_(f), v_(v) {}
  double value(double t) const override { return f_(scaled_point(v_, t)); }

 private:
  const MultiFunction& f_;
  const Point& v_;
};

}  // namespace

MultiGrowth find_multi_growth(const MultiFunction& raw, const MultiFunction& mended,
                              std::size_t variables) {
  const std::vector<Point> all = rays(variables, kRandomRays);
  std::vector<Point> steepest;
  for (const double distance : kDistances) {
    for (const double sign : {1.0, -1.0}) {
      std::vector<std::pair<double, std::size_t>> order;
      for (std::size_t i = 0; i < all.size(); ++i) {
        order.emplace_back(-rise(mended, all[i], distance, sign), i);
      }
      std::partial_sort(order.begin(), order.begin() + kBestRays, order.end());
      for (std::size_t i = 0; i < kBestRays; ++i) {
        steepest.push_back(climb(mended, all[order[i].second], distance, sign));
        steepest.push_back(all[order[i].second]);
      }
    }
  }
  MultiGrowth growth{-kInfinity, kInfinity, 0};
  for (const Point& v : steepest) {
    const TailGrowth tail = find_tail_growth(Ray(raw, v), 1);
    growth.upper_quadratic_rate = std::max(growth.upper_quadratic_rate, tail.upper_quadratic_rate);
    growth.lower_quadratic_rate = std::min(growth.lower_quadratic_rate, tail.lower_quadratic_rate);
    growth.log_rate = std::max(growth.log_rate, tail.log_rate);
  }
  return growth;
}

std::vector<std::vector<double>> examined_points(std::size_t variables) {
  constexpr int kShells = 160;
  constexpr std::size_t kRays = 256;
  std::vector<Point> points{Point(variables)};
  for (const Point& v : rays(variables, kRays)) {
    for (int shell = 1; shell <= kShells; ++shell) {
      points.push_back(scaled_point(v, kExamined * shell / kShells));
    }
  }
  return points;
}

}  // namespace esscher::internal
