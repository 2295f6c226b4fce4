#include "best_of_n_law.h"

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>

#include "esscher/gaussian/quadrature.h"
#include "label_law.h"

namespace esscher::internal {
namespace {

constexpr double kMostDraws = 1e15;
constexpr double kLabels = 8192;
constexpr int kLeastLabels = 64;
constexpr int kMostParts = 1024;
/// Root findings: labels times branches. Beyond, f turns too often.
constexpr double kMostWork = 1e6;
/// Where ties are taken off it, a smaller divergence is rounding.
constexpr double kLeastDivergence = 1e-10;

/// Even steps of z pass over a steep stretch of f at once: labels in even steps, too. Two steps
/// that follow each other stay alike, and their number even, for the rule of second order.
std::vector<double> without_wide_gaps(const std::vector<double>& labels) {
  if (labels.empty()) return {};
  const double widest = (labels.back() - labels.front()) / kMostParts;
  if (!(widest > 0)) return labels;
  std::vector<double> filled{labels.front()};
  for (std::size_t j = 1; j < labels.size(); j += 2) {
    const bool alone = j + 1 == labels.size();
    const double from = labels[j - 1];
    const double gap =
        alone ? labels[j] - from : std::max(labels[j] - from, labels[j + 1] - labels[j]);
    double parts = std::ceil(gap / widest);
    // Whole pairs within each of the two steps, where these are split at all.
    if (alone || parts > 1) parts = 2 * std::ceil(parts / 2);
    for (std::size_t k = j; k < std::min(j + 2, labels.size()); ++k) {
      for (double i = 1; i < parts; ++i) {
        filled.push_back(labels[k - 1] + (labels[k] - labels[k - 1]) * (i / parts));
      }
      filled.push_back(labels[k]);
    }
  }
  return filled;
}

/// P(f(Z) <= label)^n, from the probability above.
double power(double above, double n) { return above < 1 ? std::exp(n * std::log1p(-above)) : 0; }

/// int_0^u n v^{n-1} log(n v^{n-1}) dv with u = 1 - above.
double divergence_below(double above, double n) {
  if (above >= 1) return 0;
  const double log_u = std::log1p(-above);
  return std::exp(n * log_u) * (std::log(n) + (n - 1) * log_u - (n - 1) / n);
}

}  // namespace

BestOfNLaw::BestOfNLaw(const Link& link) {
  const LabelLaw law(link, 0, true);
  std::vector<double> cuts = law.critical_labels();
  for (const Atom& atom : law.atoms()) cuts.push_back(atom.label);
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  const std::size_t branches = law.branches().size();
  const double intervals = double(std::max<std::size_t>(1, cuts.size()));
  const double affordable = kMostWork / (intervals * double(std::max<std::size_t>(1, branches)));
  if (affordable < kLeastLabels) return;
  const int count =
      2 * (static_cast<int>(std::clamp(kLabels / intervals, double(kLeastLabels), affordable)) / 2);
  std::vector<double> upper(branches);
  std::vector<double> lower(branches);
  // From the top down, so that the smallest probabilities keep their digits.
  double above = 0;
  for (std::size_t c = cuts.size(); c-- > 0;) {
    for (const Atom& atom : law.atoms()) {
      if (atom.label != cuts[c]) continue;
      const double with = above + atom.mass[0];
      stretches_.push_back({{atom.label, above}, {atom.label, with}});
      // Labels that only rounding ties are none.
      if (!atom.resolved) ties_.emplace_back(above, with);
      above = with;
    }
    if (c == 0) break;
    const std::vector<double> labels =
        without_wide_gaps(law.nodes(cuts[c - 1], cuts[c], count).labels);
    if (labels.size() < 2) continue;
    Stretch stretch{{labels.back(), above}};
    law.preimages(labels.back(), upper);
    for (std::size_t j = labels.size() - 1; j-- > 0;) {
      law.preimages(labels[j], lower);
      double mass = 0;
      law.add_mass_between(lower, upper, 1, {&mass, 1});
      above += mass;
      stretch.push_back({labels[j], above});
      std::swap(lower, upper);
    }
    stretches_.push_back(std::move(stretch));
  }
  reliable_ = agrees_with(link);
}

/// Whether the table has the mean and the variance of f: where f turns more often than its branches
/// are looked for, it has not.
bool BestOfNLaw::agrees_with(const Link& link) const {
  constexpr double kTolerance = 1e-4;  // in deviations
  const double mean = point(1).mean_reward;
  double variance = 0;
  for (const Stretch& stretch : stretches_) {
    for (std::size_t j = 0; j + 1 < stretch.size(); ++j) {
      const double middle = (stretch[j].label + stretch[j + 1].label) / 2 - mean;
      variance += (stretch[j + 1].above - stretch[j].above) * middle * middle;
    }
  }
  const double exact =
      gaussian_expectation([&](double z) { return link(z); }, link.landmarks()).value;
  const double exact_variance =
      gaussian_expectation([&](double z) { return std::pow(link(z) - exact, 2); }, link.landmarks())
          .value;
  return std::abs(mean - exact) <= kTolerance * std::sqrt(exact_variance) &&
         std::abs(variance - exact_variance) <= 10 * kTolerance * exact_variance;
}

double BestOfNLaw::kl(double n) const {
  double sum = std::log(n) - (n - 1) / n;
  for (const auto& [above, with] : ties_) {
    const double mass = power(above, n) - power(with, n);
    sum -= divergence_below(above, n) - divergence_below(with, n);
    if (mass > 0) sum += mass * std::log(mass / (with - above));
  }
  return std::max(0.0, sum);
}

BestOfNPoint BestOfNLaw::point(double n) const {
  double fine = 0;
  double coarse = 0;
  const auto mean = [n](const Point& from, const Point& to) {
    return (power(from.above, n) - power(to.above, n)) * (from.label + to.label) / 2;
  };
  for (const Stretch& stretch : stretches_) {
    for (std::size_t j = 0; j + 1 < stretch.size(); ++j) {
      fine += mean(stretch[j], stretch[j + 1]);
      if (j % 2 == 0) coarse += mean(stretch[j], stretch[std::min(j + 2, stretch.size() - 1)]);
    }
  }
  // The rule is of second order in the step between labels.
  const double step = (fine - coarse) / 3;
  return {n, kl(n), fine + step, std::abs(step)};
}

std::optional<BestOfNPoint> BestOfNLaw::at_kl(double kl) const {
  if (!reliable_ || !(kl >= 0) || (!ties_.empty() && kl < kLeastDivergence) ||
      !(this->kl(kMostDraws) > kl))
    return std::nullopt;
  std::uintmax_t iterations = 200;
  const auto [low, high] = boost::math::tools::toms748_solve(
      [&](double log_n) { return this->kl(std::exp(log_n)) - kl; }, 0.0, std::log(kMostDraws),
      boost::math::tools::eps_tolerance<double>(46), iterations);
  return point(std::exp(low + (high - low) / 2));
}

}  // namespace esscher::internal
