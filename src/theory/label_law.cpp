#include "label_law.h"

#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <tuple>

#include "esscher/base/callbacks.h"
#include "esscher/base/error.h"
#include "hermite_mass.h"
#include "label_saturation.h"

namespace esscher::internal {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kFirstStep = 1.0 / 64;
constexpr double kLeastStep = 1.0 / 4096;

/// Beyond it h_K^2 phi is below 1e-20.
double reach(int max_order) { return 10 + 1.6 * std::sqrt(double(max_order)); }

struct Samples {
  std::vector<double> z;
  std::vector<double> f;
};

/// Direction of f from one sample to the next: +1, -1, or 0 where they agree but for rounding.
int direction(double before, double after) {
  const double size = std::max(std::abs(before), std::abs(after));
  if (std::abs(after - before) <= 4 * kEpsilon * size) return 0;
  return after > before ? 1 : -1;
}

/// Samples that agree across a turning point are not a flat stretch: where f between them is
/// another value, that point becomes a sample too.
void part_false_flats(const Link& link, Samples& samples) {
  for (std::size_t i = 0; i + 1 < samples.f.size(); ++i) {
    if (direction(samples.f[i], samples.f[i + 1]) != 0) continue;
    // Not the middle, where an odd function about it would agree once more.
    for (const double t : {0.5, 0.3}) {
      const double z = samples.z[i] + t * (samples.z[i + 1] - samples.z[i]);
      const double f = link(z);
      if (direction(samples.f[i], f) == 0) continue;
      const auto at = static_cast<std::ptrdiff_t>(i) + 1;
      samples.z.insert(samples.z.begin() + at, z);
      samples.f.insert(samples.f.begin() + at, f);
      ++i;
      break;
    }
  }
}

Samples sampled(const Link& link, double left, double right, double step) {
  Samples samples;
  const auto count = std::max(2.0, std::ceil((right - left) / step));
  for (double i = 0; i <= count; ++i) {
    samples.z.push_back(i == 0 ? left : i == count ? right : left + (right - left) * (i / count));
  }
  samples.f.resize(samples.z.size());
  link.evaluate(samples.z, samples.f);
  part_false_flats(link, samples);
  return samples;
}

struct Run {
  std::size_t first;  ///< index of its first sample
  std::size_t last;   ///< index of its last sample
  int direction;
};

std::vector<Run> runs_of(const Samples& samples) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i + 1 < samples.f.size(); ++i) {
    const int d = direction(samples.f[i], samples.f[i + 1]);
    if (!runs.empty() && runs.back().direction == d) {
      runs.back().last = i + 1;
    } else {
      runs.push_back({i, i + 1, d});
    }
  }
  return runs;
}

/// The turning point between two samples, given one on either side of it. Minimised over the
/// bracket's own coordinate: the minimiser stops at an absolute 1e-8, and steep branches that end
/// at labels that differ by its square would count as branches of different labels.
double turning_point(const Link& link, double left, double right, bool maximum) {
  const double sign = maximum ? -1 : 1;
  const auto at = [&](double t) { return left + t * (right - left); };
  return at(boost::math::tools::brent_find_minima([&](double t) { return sign * link(at(t)); }, 0.0,
                                                  1.0, 40)
                .first);
}

/// Where f leaves the value that it has at \p flat, on the way to \p beyond.
double flat_end(const Link& link, double flat, double beyond) {
  const double value = link(flat);
  while (true) {
    const double middle = flat + (beyond - flat) / 2;
    if (middle == flat || middle == beyond) return flat;
    (direction(value, link(middle)) == 0 ? flat : beyond) = middle;
  }
}

}  // namespace

LabelLaw::LabelLaw(const Link& link, int max_order, bool resolve)
    : link_(link), max_order_(max_order), even_(link.parity() == Parity::even) {
  const double end = reach(max_order);
  // The left half of an even link mirrors the right one exactly, rounding included.
  const double start = even_ ? 0 : -end;
  std::vector<double> cuts{start};
  for (const double z : link.breaks()) {
    if (start < z && z < end) cuts.push_back(z);
  }
  cuts.push_back(end);
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    // One-sided limits at a break: f at the break itself is not f beside it.
    const double left = std::nextafter(cuts[i], kInfinity);
    const double right = std::nextafter(cuts[i + 1], -kInfinity);
    if (left < right) add_branches(left, right);
  }
  std::sort(atoms_.begin(), atoms_.end(),
            [](const Atom& a, const Atom& b) { return a.label < b.label; });
  if (resolve) resolve_saturation(link_, even_, branches_, atoms_);
  find_critical_labels();
}

void LabelLaw::find_critical_labels() {
  for (const Branch& branch : branches_) {
    critical_labels_.push_back(branch.low);
    critical_labels_.push_back(branch.high);
  }
  std::sort(critical_labels_.begin(), critical_labels_.end());
  if (critical_labels_.empty()) return;
  // Equal extrema differ by what minimisation leaves (the square of its error in z).
  constexpr double kExtremumError = 1e-10;
  const double highest = critical_labels_.back();
  const auto same = [](double a, double b) {
    return b - a <= kExtremumError * std::max(std::abs(a), std::abs(b));
  };
  critical_labels_.erase(std::unique(critical_labels_.begin(), critical_labels_.end(), same),
                         critical_labels_.end());
  critical_labels_.back() = highest;
}

void LabelLaw::add_atom(double label, const FlatStretch& stretch) {
  auto atom = std::find_if(atoms_.begin(), atoms_.end(),
                           [&](const Atom& a) { return direction(a.label, label) == 0; });
  if (atom == atoms_.end()) {
    const auto orders = static_cast<std::size_t>(max_order_) + 1;
    atoms_.push_back({label, std::vector<double>(orders), {}, {}, {}, false});
    atom = atoms_.end() - 1;
  }
  std::vector<double> mass(atom->mass.size());
  add_hermite_mass(stretch.left, stretch.right, 1, mass);
  if (even_) mirror(mass);
  for (std::size_t k = 0; k < mass.size(); ++k) atom->mass[k] += mass[k];
  atom->stretches.push_back(stretch);
}

void LabelLaw::mirror(std::span<double> mass) const {
  for (std::size_t k = 0; k < mass.size(); ++k) mass[k] = k % 2 == 0 ? 2 * mass[k] : 0;
}

void LabelLaw::add_branches(double left, double right) {
  // Halve the step until no further monotone run comes to light.
  Samples samples = sampled(link_, left, right, kFirstStep);
  std::vector<Run> runs = runs_of(samples);
  for (double step = kFirstStep / 2; step >= kLeastStep; step /= 2) {
    const std::size_t coarser_runs = runs.size();
    samples = sampled(link_, left, right, step);
    runs = runs_of(samples);
    if (runs.size() == coarser_runs) break;
  }
  // Between two runs lies a turning point, or the end of a flat stretch.
  std::vector<double> ends{left};
  for (std::size_t r = 0; r + 1 < runs.size(); ++r) {
    const std::size_t at = runs[r].last;
    if (runs[r].direction == 0) {
      ends.push_back(flat_end(link_, samples.z[at], samples.z[at + 1]));
    } else if (runs[r + 1].direction == 0) {
      ends.push_back(flat_end(link_, samples.z[at], samples.z[at - 1]));
    } else {
      ends.push_back(
          turning_point(link_, samples.z[at - 1], samples.z[at + 1], runs[r].direction > 0));
    }
  }
  ends.push_back(right);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    if (!(ends[r] < ends[r + 1])) continue;
    if (runs[r].direction == 0) {
      add_atom(samples.f[runs[r].first], {ends[r], ends[r + 1], runs.size() == 1});
      continue;
    }
    Branch branch{ends[r], ends[r + 1], 0, 0, runs[r].direction > 0, {}, {}};
    branch.z.push_back(branch.left);
    for (std::size_t j = runs[r].first; j <= runs[r].last; ++j) {
      if (branch.left < samples.z[j] && samples.z[j] < branch.right) {
        branch.z.push_back(samples.z[j]);
      }
    }
    branch.z.push_back(branch.right);
    branch.f.resize(branch.z.size());
    link_.evaluate(branch.z, branch.f);
    std::tie(branch.low, branch.high) = std::minmax(branch.f.front(), branch.f.back());
    branches_.push_back(std::move(branch));
  }
}

double LabelLaw::preimage(const Branch& branch, double y) const {
  if (y <= branch.low) return branch.rising ? branch.left : branch.right;
  if (y >= branch.high) return branch.rising ? branch.right : branch.left;
  // Bracket among the samples, then root finding inside.
  const auto beyond = branch.rising
                          ? std::lower_bound(branch.f.begin(), branch.f.end(), y)
                          : std::lower_bound(branch.f.begin(), branch.f.end(), y, std::greater<>());
  if (beyond == branch.f.begin()) return branch.left;
  if (beyond == branch.f.end()) return branch.right;
  const auto i = static_cast<std::size_t>(beyond - branch.f.begin());
  if (branch.f[i] == y) return branch.z[i];
  // Near a zero of f that is also a turning point many halvings go by before the last digits.
  std::uintmax_t iterations = 300;
  const auto [a, b] = boost::math::tools::toms748_solve(
      [&](double z) { return link_(z) - y; }, branch.z[i - 1], branch.z[i], branch.f[i - 1] - y,
      branch.f[i] - y, boost::math::tools::eps_tolerance<double>(50), iterations);
  return a + (b - a) / 2;
}

void LabelLaw::preimages(double y, std::span<double> out) const {
  checkpoint();
  for (std::size_t b = 0; b < branches_.size(); ++b) out[b] = preimage(branches_[b], y);
}

void LabelLaw::add_mass_between(std::span<const double> preimages1,
                                std::span<const double> preimages2, double factor,
                                std::span<double> out) const {
  std::vector<double> scratch(out.size());
  for (std::size_t b = 0; b < branches_.size(); ++b) {
    if (preimages1[b] == preimages2[b]) continue;
    const auto [left, right] = std::minmax(preimages1[b], preimages2[b]);
    add_hermite_mass(left, right, factor, scratch);
  }
  if (even_) mirror(scratch);
  for (std::size_t k = 0; k < out.size(); ++k) out[k] += scratch[k];
}

void LabelLaw::add_panel(double left, double right, std::vector<LabelPoint>& points) const {
  using Rule = boost::math::quadrature::gauss<double, 4>;
  const double middle = left + (right - left) / 2;
  const double half = (right - left) / 2;
  for (std::size_t i = 0; i < Rule::abscissa().size(); ++i) {
    for (const double sign : {-1.0, 1.0}) {
      const double z = middle + sign * half * Rule::abscissa()[i];
      LabelPoint point{link_(z), std::vector<double>(static_cast<std::size_t>(max_order_) + 1)};
      add_hermite_point(z, half * Rule::weights()[i], point.mass);
      if (even_) mirror(point.mass);
      points.push_back(std::move(point));
    }
  }
}

void LabelLaw::add_points_between(std::span<const double> preimages1,
                                  std::span<const double> preimages2, double width,
                                  std::vector<LabelPoint>& fine,
                                  std::vector<LabelPoint>& coarse) const {
  // An undeclared jump would be halved for ever.
  constexpr double kNarrowest = 1e-12;
  struct Panel {
    double left, right, f_left, f_right;
  };
  std::vector<Panel> open;
  for (std::size_t b = 0; b < branches_.size(); ++b) {
    if (preimages1[b] == preimages2[b]) continue;
    const auto [left, right] = std::minmax(preimages1[b], preimages2[b]);
    open.push_back({left, right, link_(left), link_(right)});
    while (!open.empty()) {
      checkpoint();
      const Panel panel = open.back();
      open.pop_back();
      const double middle = panel.left + (panel.right - panel.left) / 2;
      if (std::abs(panel.f_right - panel.f_left) > width && panel.right - panel.left > kNarrowest) {
        const double f = link_(middle);
        open.push_back({panel.left, middle, panel.f_left, f});
        open.push_back({middle, panel.right, f, panel.f_right});
        continue;
      }
      add_panel(panel.left, panel.right, coarse);
      add_panel(panel.left, middle, fine);
      add_panel(middle, panel.right, fine);
    }
  }
}

LabelLaw::Nodes LabelLaw::nodes(double low, double high, int count) const {
  // The branch with the most mass between the two labels sets the pace.
  const Branch* lead = nullptr;
  double lead_left = 0;
  double lead_right = 0;
  double lead_mass = -1;
  for (const Branch& branch : branches_) {
    if (branch.high <= low || branch.low >= high) continue;
    const auto [left, right] = std::minmax({preimage(branch, low), preimage(branch, high)});
    double mass = 0;
    add_hermite_mass(left, right, 1, {&mass, 1});
    if (mass > lead_mass) {
      lead = &branch;
      lead_left = left;
      lead_right = right;
      lead_mass = mass;
    }
  }
  if (lead == nullptr) return {};
  // Next to a turning point the label fixes z only to the square root of its rounding: cells that
  // are narrower than this would hold more of it than of the law.
  constexpr double kNarrowest = 1e-12;
  const double narrowest_low = std::min((high - low) / count, kNarrowest * std::abs(low));
  const double narrowest_high = std::min((high - low) / count, kNarrowest * std::abs(high));
  Nodes result;
  result.lead_mass = lead_mass;
  result.labels.push_back(low);
  std::vector<double> inner;
  for (int i = 1; i < count; ++i) {
    const double t = (1 - std::cos(std::numbers::pi * i / count)) / 2;
    const double y = link_(lead_left + t * (lead_right - lead_left));
    if (low + narrowest_low < y && y < high - narrowest_high) inner.push_back(y);
  }
  if (!lead->rising) std::reverse(inner.begin(), inner.end());
  result.labels.insert(result.labels.end(), inner.begin(), inner.end());
  result.labels.push_back(high);
  return result;
}

}  // namespace esscher::internal
