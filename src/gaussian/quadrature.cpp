#include "esscher/gaussian/quadrature.h"

#include <algorithm>
#include <array>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "esscher/base/callbacks.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/linalg/compensated_sum.h"
#include "peaks.h"

namespace esscher {
namespace {

using Rule = boost::math::quadrature::gauss_kronrod<double, 31>;
using EmbeddedRule = boost::math::quadrature::gauss<double, 15>;
constexpr std::size_t kPoints = 31;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
/// A panel whose estimated error is this small relative to its own size gains nothing by bisection.
constexpr double kPanelRounding = 50 * kEpsilon;

/// Far out a function may overflow where its weight is next to nothing: infinity times that weight
/// must not become the answer.
double saturated(double value) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  return std::clamp(value, -kLargest, kLargest);
}

struct PanelValue {
  double integral = 0;
  double magnitude = 0;  ///< integral of the absolute value
  double error = 0;
};

/// A stretch [left, right] and the integrals over it, one a component.
struct Panel {
  double left;
  double right;
  std::vector<PanelValue> values;
};

class PanelIntegrator {
 public:
  PanelIntegrator(const TiltedIntegrand& integrand, std::size_t components, double log_scale)
      : integrand_(integrand),
        components_(components),
        log_scale_(log_scale),
        samples_(kPoints * components) {}

  Panel operator()(double left, double right) {
    sample(left, right);
    Panel panel{left, right, std::vector<PanelValue>(components_)};
    for (std::size_t i = 0; i < components_; ++i) panel.values[i] = integrate(i, right - left);
    return panel;
  }

 private:
  /// Weighted integrand at the rule's nodes: node 0 is the centre, then +x_j, -x_j in turn.
  void sample(double left, double right) {
    const double centre = left + (right - left) / 2;
    const double radius = (right - left) / 2;
    for (std::size_t node = 0; node < kPoints; ++node) {
      const double x = Rule::abscissa()[(node + 1) / 2];
      const double z = centre + radius * (node % 2 == 1 ? x : -x);
      const std::span<double> values(&samples_[node * components_], components_);
      const double log_weight =
          integrand_(z, values) - z * z / 2 - 0.5 * std::log(2 * std::numbers::pi) - log_scale_;
      // The search took the highest weight that it saw as the scale.
      if (log_weight > 600) {
        throw UsageError(rejection(
            "integrand", "unbounded",
            "rises by e^600 between neighbouring points of the search, at z = " + number_text(z),
            "clip the link, or name its break points"));
      }
      const double weight = std::exp(log_weight);
      for (double& value : values) value = saturated(value) * weight;
    }
  }

  /// QUADPACK's error estimate (Piessens et al. 1983): |K - G|, sharpened where it is small against
  /// the variation of the integrand, never below rounding.
  PanelValue integrate(std::size_t component, double length) const {
    const double half = length / 2;
    double kronrod = 0;
    double gauss = 0;
    double magnitude = 0;
    for (std::size_t node = 0; node < kPoints; ++node) {
      const std::size_t index = (node + 1) / 2;
      const double value = samples_[node * components_ + component];
      kronrod += Rule::weights()[index] * value;
      magnitude += Rule::weights()[index] * std::abs(value);
      // Boost orders both rules from the centre outwards; every other Kronrod node is Gauss's.
      if (index % 2 == 0) gauss += EmbeddedRule::weights()[index / 2] * value;
    }
    double variation = 0;
    for (std::size_t node = 0; node < kPoints; ++node) {
      variation += Rule::weights()[(node + 1) / 2] *
                   std::abs(samples_[node * components_ + component] - kronrod / 2);
    }
    double error = std::abs(kronrod - gauss);
    if (variation > 0 && error > 0) {
      error = variation * std::min(1.0, std::pow(200 * error / variation, 1.5));
    }
    error = std::max(error, kPanelRounding * magnitude);
    return {half * kronrod, half * magnitude, half * error};
  }

  const TiltedIntegrand& integrand_;
  std::size_t components_;
  double log_scale_;
  std::vector<double> samples_;
};

std::vector<double> total_magnitudes(const std::vector<Panel>& panels, std::size_t components) {
  std::vector<double> totals(components);
  for (const Panel& panel : panels) {
    for (std::size_t i = 0; i < components; ++i) totals[i] += panel.values[i].magnitude;
  }
  return totals;
}

/// Whether bisecting \p panel can still buy something that the goal asks for.
bool needs_bisection(const Panel& panel, const std::vector<double>& goals, double rounding) {
  const double middle = panel.left + (panel.right - panel.left) / 2;
  if (!(panel.left < middle && middle < panel.right)) return false;
  // The nodes are rounded, too: beside a narrow panel that is an error of its own.
  const double rounded_nodes = 4 * kEpsilon * std::abs(middle) / (panel.right - panel.left);
  for (std::size_t i = 0; i < goals.size(); ++i) {
    const PanelValue& value = panel.values[i];
    const double reachable =
        std::max({rounding, 2 * kPanelRounding, rounded_nodes}) * value.magnitude;
    if (value.error > std::max(goals[i], reachable)) return true;
  }
  return false;
}

/// Panels for every component. They are laid for the largest one, with the weight itself as the
/// least that counts, which is enough unless the components differ so much in size that what lives
/// elsewhere falls below the depth that the search looks to.
internal::Panelling panels_for(const TiltedIntegrand& integrand, std::size_t components,
                               std::span<const double> breaks) {
  /// Half of the search's depth: each component keeps all but e^{-40} of its peak.
  constexpr double kApart = 40;
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  std::vector<double> scratch(components);
  double highest_weight = kNone;
  double highest_size = kNone;
  std::vector<double> highest(components, kNone);  // of each component alone
  const auto panels = [&](std::size_t first, std::size_t count, double least) {
    const auto log_size = [&, first, count, least](double z) {
      const double tilt = integrand(z, scratch);
      const double weight = tilt - z * z / 2 - 0.5 * std::log(2 * std::numbers::pi);
      double largest = least;
      for (std::size_t i = first; i < first + count; ++i) {
        const double magnitude = std::abs(saturated(scratch[i]));
        largest = std::max(largest, magnitude);
        highest[i] = std::max(highest[i], weight + std::log(magnitude));
      }
      const double size = weight + std::log(largest);
      highest_weight = std::max(highest_weight, weight);
      highest_size = std::max(highest_size, size);
      return internal::LogSize{size, weight, std::abs(tilt) + z * z / 2 + 1};
    };
    return internal::find_panels(log_size, breaks);
  };
  internal::Panelling all = panels(0, components, 1);
  const auto add = [&](const internal::Panelling& own) {
    all.edges.insert(all.edges.end(), own.edges.begin(), own.edges.end());
    all.log_scale = std::max(all.log_scale, own.log_scale);
    all.rounding = std::max(all.rounding, own.rounding);
  };
  const double largest = highest_size;
  if (largest - highest_weight > kApart) {
    // Each component alone, and with an empty range the weight alone. A single one has been
    // searched.
    for (std::size_t i = components == 1 ? 1 : 0; i <= components; ++i)
      add(panels(i, i < components ? 1 : 0, 1));
  }
  for (std::size_t i = 0; i < components; ++i) {
    if (highest[i] > kNone && highest[i] < largest - kApart) add(panels(i, 1, 0));
  }
  std::sort(all.edges.begin(), all.edges.end());
  all.edges.erase(std::unique(all.edges.begin(), all.edges.end()), all.edges.end());
  return all;
}

}  // namespace

TiltedIntegrals tilted_integrals(const TiltedIntegrand& integrand, int components,
                                 std::span<const double> breaks, const QuadratureOptions& options) {
  if (components < 1) throw UsageError(rejection("components", components, "must be 1 or more"));
  if (!(options.relative_tolerance > 0)) {
    throw UsageError(
        rejection("relative_tolerance", options.relative_tolerance, "must be positive"));
  }
  const std::size_t width = static_cast<std::size_t>(components);
  internal::Panelling panelling = panels_for(integrand, width, breaks);
  panelling.rounding += 2 * options.rounding;

  PanelIntegrator integrate(integrand, width, panelling.log_scale);
  std::vector<Panel> panels;
  for (std::size_t i = 0; i + 1 < panelling.edges.size(); ++i) {
    panels.push_back(integrate(panelling.edges[i], panelling.edges[i + 1]));
  }

  TiltedIntegrals result;
  result.converged = true;
  std::vector<double> magnitudes = total_magnitudes(panels, width);
  while (true) {
    checkpoint();
    std::vector<double> goals = magnitudes;
    for (double& goal : goals) goal *= options.relative_tolerance / double(panels.size());
    std::vector<Panel> refined;
    for (Panel& panel : panels) {
      if (needs_bisection(panel, goals, panelling.rounding)) {
        const double middle = panel.left + (panel.right - panel.left) / 2;
        refined.push_back(integrate(panel.left, middle));
        refined.push_back(integrate(middle, panel.right));
      } else {
        refined.push_back(std::move(panel));
      }
    }
    const bool settled = refined.size() == panels.size();
    panels = std::move(refined);
    if (settled) break;
    magnitudes = total_magnitudes(panels, width);
    if (panels.size() > static_cast<std::size_t>(options.max_panels)) {
      result.converged = false;
      break;
    }
  }

  result.log_scale = panelling.log_scale;
  result.lower = panelling.edges.front();
  result.upper = panelling.edges.back();
  result.panels = static_cast<int>(panels.size());
  for (std::size_t i = 0; i < width; ++i) {
    CompensatedSum value;
    double error = panelling.rounding * magnitudes[i];
    for (const Panel& panel : panels) {
      value.add(panel.values[i].integral);
      error += panel.values[i].error;
    }
    if (std::isnan(value.value())) {
      throw InternalError(rejection("integral of component", double(i), "is not a number"));
    }
    result.values.push_back(value.value());
    result.errors.push_back(error);
  }
  return result;
}

Expectation gaussian_expectation(const std::function<double(double)>& g,
                                 std::span<const double> breaks, const QuadratureOptions& options) {
  const auto integrand = [&](double z, std::span<double> values) {
    values[0] = g(z);
    return 0.0;
  };
  const TiltedIntegrals integrals = tilted_integrals(integrand, 1, breaks, options);
  const double scale = std::exp(integrals.log_scale);
  return {scale * integrals.values[0], scale * integrals.errors[0]};
}

}  // namespace esscher
