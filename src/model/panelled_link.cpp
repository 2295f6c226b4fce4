#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "esscher/model/numeric_link.h"
#include "model/link_breaks.h"

namespace esscher {
namespace {

constexpr std::size_t kNodes = 16;
constexpr std::size_t kChecks = 32;
/// Width of panels to begin with: what is narrower by far, and no landmark, is missed. Beyond the
/// examined stretch panels double, up to the last.
constexpr double kFirst = 0.25;
constexpr double kFarthest = 1e14;
/// Of a panel's largest value. Functions of some cancellation are noisier than the first; on small
/// panels the second is taken for noise.
constexpr double kAgreement = 1e-14;
constexpr double kNoisyAgreement = 1e-12;
constexpr double kSmall = 1. / 64;
/// Below it values lose digits of their own, and no tilt knows them from 0.
constexpr double kNothing = 1e-280;
/// No polynomial fits: asked for value by value.
constexpr double kSmallest = 1. / 65536;

/// Zeros of a Chebyshev polynomial, ascending, in (-1, 1).
template <std::size_t n>
std::array<double, n> chebyshev_nodes() {
  std::array<double, n> nodes{};
  for (std::size_t i = 0; i < n; ++i) {
    nodes[n - 1 - i] = std::cos(std::numbers::pi * (2. * static_cast<double>(i) + 1) / (2. * n));
  }
  return nodes;
}

const std::array<double, kNodes> kAt = chebyshev_nodes<kNodes>();
const std::array<double, kChecks> kCheckedAt = chebyshev_nodes<kChecks>();

/// Barycentric weights of the zeros of a Chebyshev polynomial: (-1)^i sin of their angles.
const std::array<double, kNodes> kWeights = [] {
  std::array<double, kNodes> weights{};
  for (std::size_t i = 0; i < kNodes; ++i) {
    weights[i] = (i % 2 == 0 ? 1 : -1) * std::sqrt(1 - kAt[i] * kAt[i]);
  }
  return weights;
}();

struct Panel {
  double low = 0;
  double high = 0;
  bool fits = true;
  std::array<double, kNodes> values{};

  double at(double unit) const { return low + (high - low) * 0.5 * (unit + 1); }
  double operator()(double z) const {
    const double unit = (2 * z - low - high) / (high - low);
    double above = 0;
    double below = 0;
    for (std::size_t i = 0; i < kNodes; ++i) {
      const double distance = unit - kAt[i];
      if (distance == 0) return values[i];
      const double weight = kWeights[i] / distance;
      above += weight * values[i];
      below += weight;
    }
    return above / below;
  }
};

/// How well a panel agrees with what its function gives at kCheckedAt.
bool fits_function(const Panel& panel, std::span<const double> checks) {
  double size = 0;
  double error = 0;
  for (const double value : panel.values) size = std::max(size, std::abs(value));
  for (std::size_t i = 0; i < kChecks; ++i) {
    size = std::max(size, std::abs(checks[i]));
    error = std::max(error, std::abs(panel(panel.at(kCheckedAt[i])) - checks[i]));
  }
  return error <=
         kNothing + size * (panel.high - panel.low > kSmall ? kAgreement : kNoisyAgreement);
}

/// Fills in the panels, all at once. Returns what the function gives at their checks.
std::vector<double> look_at(const LinkFunction& function, std::vector<Panel>& panels) {
  std::vector<double> z;
  for (const Panel& panel : panels) {
    for (const double unit : kAt) z.push_back(panel.at(unit));
    for (const double unit : kCheckedAt) z.push_back(panel.at(unit));
  }
  std::vector<double> f(z.size());
  function.values(z, f);
  std::vector<double> checks;
  for (std::size_t p = 0; p < panels.size(); ++p) {
    const auto from = f.begin() + static_cast<std::ptrdiff_t>(p * (kNodes + kChecks));
    std::copy_n(from, kNodes, panels[p].values.begin());
    checks.insert(checks.end(), from + kNodes, from + kNodes + kChecks);
  }
  return checks;
}

std::vector<Panel> first_panels(std::span<const double> landmarks) {
  std::vector<double> ends;
  for (double end = -internal::kExamined; end <= internal::kExamined; end += kFirst) {
    ends.push_back(end);
  }
  for (double end = 2 * internal::kExamined; end < kFarthest; end *= 2) {
    ends.push_back(end);
    ends.push_back(-end);
  }
  ends.insert(ends.end(), landmarks.begin(), landmarks.end());
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  std::vector<Panel> panels;
  for (std::size_t i = 1; i < ends.size(); ++i) panels.push_back({ends[i - 1], ends[i]});
  return panels;
}

/// Beyond the examined stretch functions are asked for all over, and matter to no digit.
double smallest(const Panel& panel) {
  const double middle = std::abs(0.5 * (panel.low + panel.high));
  return middle < internal::kExamined ? kSmallest : middle / 16;
}

class Panels final : public LinkFunction {
 public:
  Panels(std::shared_ptr<const LinkFunction> function, std::span<const double> landmarks)
      : function_(std::move(function)) {
    std::vector<Panel> open = first_panels(landmarks);
    while (!open.empty()) {
      const std::vector<double> checks = look_at(*function_, open);
      std::vector<Panel> halves;
      for (std::size_t p = 0; p < open.size(); ++p) {
        Panel& panel = open[p];
        panel.fits = fits_function(panel, std::span(checks).subspan(p * kChecks, kChecks));
        if (panel.fits || panel.high - panel.low < smallest(panel)) {
          panels_.push_back(panel);
          continue;
        }
        const double middle = 0.5 * (panel.low + panel.high);
        halves.push_back({panel.low, middle});
        halves.push_back({middle, panel.high});
      }
      open = std::move(halves);
    }
    std::ranges::sort(panels_, {}, &Panel::low);
  }

  double value(double z) const override {
    const Panel* panel = panel_of(z);
    return panel == nullptr ? function_->value(z) : (*panel)(z);
  }

  void values(std::span<const double> z, std::span<double> out) const override {
    std::vector<double> asked;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < z.size(); ++i) {
      if (const Panel* panel = panel_of(z[i])) {
        out[i] = (*panel)(z[i]);
      } else {
        asked.push_back(z[i]);
        places.push_back(i);
      }
    }
    if (asked.empty()) return;
    std::vector<double> answers(asked.size());
    function_->values(asked, answers);
    for (std::size_t i = 0; i < asked.size(); ++i) out[places[i]] = answers[i];
  }

 private:
  /// nullptr where there is none that fits.
  const Panel* panel_of(double z) const {
    const auto next = std::ranges::upper_bound(panels_, z, {}, &Panel::low);
    if (next == panels_.begin()) return nullptr;
    const Panel& panel = *std::prev(next);
    return panel.fits && z <= panel.high ? &panel : nullptr;
  }

  std::shared_ptr<const LinkFunction> function_;
  std::vector<Panel> panels_;
};

}  // namespace

Link panelled(const Link& link) {
  Link::Facts facts{link.name(),   link.formula(), {link.breaks().begin(), link.breaks().end()},
                    link.growth(), link.parity(),  link.peaks()};
  return {std::move(facts), std::make_shared<const Panels>(link.function(), link.landmarks())};
}

}  // namespace esscher
