#include "label_cells.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cell_sums.h"
#include "label_law.h"
#include "label_sums.h"

namespace esscher::internal {
namespace {

/// Work limit: root findings for all cells together.
constexpr double kRootFindings = 1e6;
constexpr int kMostCells = 4096;
constexpr int kLeastCells = 32;

}  // namespace

int CellSums::cells_per_interval(std::size_t intervals) const {
  const double all = std::min(
      double(kMostCells), kRootFindings / double(std::max<std::size_t>(1, law_.branches().size())));
  const int each = static_cast<int>(all / double(std::max<std::size_t>(1, intervals)));
  return 2 * (std::max(kLeastCells, each) / 2);
}

std::vector<double> CellSums::critical(const Shifts& shifts, bool with_atoms) const {
  std::vector<double> labels;
  for (const double offset : shifts.offsets) {
    for (const double y : law_.critical_labels()) labels.push_back(y + offset);
    if (!with_atoms) continue;
    for (const Atom& atom : law_.atoms()) labels.push_back(atom.label + offset);
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

std::vector<double> CellSums::nodes(double low, double high, const Shifts& shifts,
                                    int count) const {
  // The shifted copy with the most mass sets the pace: two grids at once would breed cells of no
  // width, and pairs that merge nothing.
  LabelLaw::Nodes best;
  double best_offset = 0;
  for (const double offset : shifts.offsets) {
    LabelLaw::Nodes nodes = law_.nodes(low - offset, high - offset, count);
    if (nodes.labels.empty() || (!best.labels.empty() && nodes.lead_mass <= best.lead_mass))
      continue;
    best = std::move(nodes);
    best_offset = offset;
  }
  for (double& y : best.labels) y = std::clamp(y + best_offset, low, high);
  return best.labels;
}

Informativeness CellSums::mixture(const Shifts& shifts) const {
  TwoGrids sums(orders_);
  std::vector<LabelPoint> atoms;
  for (const double offset : shifts.offsets) {
    for (const Atom& atom : law_.atoms()) {
      if (atom.resolved) {
        sums.add_resolved(atom.squares, shifts.factor());
        continue;
      }
      if (!atom.squares.empty()) sums.add_hidden(atom.squares, atom.spread, shifts.factor());
      const double label = atom.label + offset;
      auto same = std::find_if(atoms.begin(), atoms.end(), [&](const LabelPoint& point) {
        return std::abs(point.label - label) <=
               1e-14 * std::max(std::abs(atom.label), std::abs(offset));
      });
      if (same == atoms.end()) {
        same = atoms.insert(atoms.end(), {label, std::vector<double>(orders_)});
      }
      for (std::size_t k = 0; k < orders_; ++k) same->mass[k] += shifts.factor() * atom.mass[k];
    }
  }
  for (const LabelPoint& atom : atoms) {
    sums.add_fine(atom.mass);
    sums.add_coarse(atom.mass);
  }

  const std::vector<double> ends = critical(shifts, false);
  if (ends.size() < 2) return sums.extrapolated();
  const int count = cells_per_interval(ends.size() - 1);
  const std::size_t branches = law_.branches().size();
  std::vector<std::vector<double>> before(shifts.offsets.size(), std::vector<double>(branches));
  std::vector<std::vector<double>> after = before;
  std::vector<double> mass(orders_);
  std::vector<double> pair(orders_);
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    const std::vector<double> labels = nodes(ends[i], ends[i + 1], shifts, count);
    for (std::size_t j = 0; j < labels.size(); ++j) {
      for (std::size_t o = 0; o < shifts.offsets.size(); ++o) {
        law_.preimages(labels[j] - shifts.offsets[o], after[o]);
      }
      if (j > 0) {
        std::fill(mass.begin(), mass.end(), 0.0);
        for (std::size_t o = 0; o < shifts.offsets.size(); ++o) {
          law_.add_mass_between(before[o], after[o], shifts.factor(), mass);
        }
        sums.add_fine(mass);
        for (std::size_t k = 0; k < orders_; ++k) pair[k] += mass[k];
        if (j % 2 == 0 || j + 1 == labels.size()) {
          sums.add_coarse(pair);
          std::fill(pair.begin(), pair.end(), 0.0);
        }
      }
      std::swap(before, after);
    }
  }
  return sums.extrapolated();
}

/// The label's density is (G(y + a) - G(y - a)) / 2a with G the law of f: exact at each node,
/// summed by the trapezoidal rule.
Informativeness CellSums::uniform() const {
  const double half = noise_.deviation() * std::numbers::sqrt3;
  const Shifts shifts{{-half, half}};
  const std::vector<double> ends = critical(shifts, true);
  TwoGrids sums(orders_);
  const int count = cells_per_interval(ends.size() - 1);
  std::vector<double> below(law_.branches().size());
  std::vector<double> above(law_.branches().size());
  const auto density = [&](double y, double inner) {
    law_.preimages(y - half, below);
    law_.preimages(y + half, above);
    std::vector<double> p(orders_);
    law_.add_mass_between(below, above, 1 / (2 * half), p);
    for (const Atom& atom : law_.atoms()) {
      // At a jump of the density the value inside the interval counts.
      if (std::abs(inner - atom.label) >= half) continue;
      for (std::size_t k = 0; k < orders_; ++k) p[k] += atom.mass[k] / (2 * half);
    }
    return p;
  };
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    std::vector<double> labels = nodes(ends[i], ends[i + 1], shifts, count);
    // Between two atoms' steps no branch need run: the density is constant there.
    if (labels.size() < 3) labels = {ends[i], (ends[i] + ends[i + 1]) / 2, ends[i + 1]};
    const double inner = (ends[i] + ends[i + 1]) / 2;
    for (std::size_t j = 0; j < labels.size(); ++j) {
      const double left = j == 0 ? 0 : labels[j] - labels[j - 1];
      const double right = j + 1 == labels.size() ? 0 : labels[j + 1] - labels[j];
      const std::vector<double> p = density(labels[j], inner);
      sums.add_fine(p, (left + right) / 2);
      if (j % 2 != 0) continue;
      const double coarse_left = j == 0 ? 0 : labels[j] - labels[j - 2];
      const double coarse_right = j + 2 < labels.size() ? labels[j + 2] - labels[j] : 0;
      sums.add_coarse(p, (coarse_left + coarse_right) / 2);
    }
  }
  return sums.extrapolated();
}

Informativeness label_informativeness(const Link& link, const Noise& noise, int max_order) {
  const CellSums sums(link, noise, max_order);
  switch (noise.kind()) {
    case NoiseKind::none:
      return sums.mixture({{0.0}});
    case NoiseKind::rademacher:
      return sums.mixture({{-noise.deviation(), noise.deviation()}});
    case NoiseKind::uniform:
      return sums.uniform();
    case NoiseKind::gaussian:
      return sums.gaussian(noise.deviation());
  }
  return {};
}

}  // namespace esscher::internal
