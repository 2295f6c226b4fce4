#include "label_cells.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "label_law.h"

namespace esscher::internal {
namespace {

/// Work limit: root findings for all cells together.
constexpr double kRootFindings = 1e6;
constexpr int kMostCells = 4096;
constexpr int kLeastCells = 32;
/// Gaussian noise needs cells of an eighth of its deviation; noise so small that this would take
/// more cells is read off a larger one.
constexpr std::size_t kMostSmoothedCells = 40000;

/// lambda_k^2 at two resolutions, the second with every pair of cells merged.
class TwoGrids {
 public:
  explicit TwoGrids(std::size_t orders) : fine_(orders), coarse_(orders) {}

  void add_fine(std::span<const double> mass) { add(mass, 1, fine_); }
  void add_coarse(std::span<const double> mass) { add(mass, 1, coarse_); }
  /// Quadrature weights instead of cells: contributes width * p_k^2 / p_0.
  void add_fine(std::span<const double> density, double width) { add(density, width, fine_); }
  void add_coarse(std::span<const double> density, double width) { add(density, width, coarse_); }

  /// The loss is of second order in the width of a cell: one Richardson step takes most of it away.
  Informativeness extrapolated() const {
    Informativeness result;
    for (std::size_t k = 0; k < fine_.size(); ++k) {
      const double step = (fine_[k] - coarse_[k]) / 3;
      result.lambda_squared.push_back(std::clamp(fine_[k] + step, 0.0, 1.0));
      result.errors.push_back(std::abs(step) + 1e-15);
    }
    return result;
  }

 private:
  static void add(std::span<const double> mass, double width, std::vector<double>& totals) {
    if (!(mass[0] > 0)) return;
    for (std::size_t k = 0; k < totals.size(); ++k)
      totals[k] += width * mass[k] * mass[k] / mass[0];
  }

  std::vector<double> fine_;
  std::vector<double> coarse_;
};

/// Copies of the law of f that the label is an equal mixture of: one without noise, two shifted by
/// -tau and +tau under Rademacher noise.
struct Shifts {
  std::vector<double> offsets;
  double factor() const { return 1 / double(offsets.size()); }
};

class CellSums {
 public:
  CellSums(const Link& link, const Noise& noise, int max_order)
      : law_(link, max_order), noise_(noise), orders_(static_cast<std::size_t>(max_order) + 1) {}

  Informativeness mixture(const Shifts& shifts) const;
  Informativeness uniform() const;
  Informativeness gaussian(double deviation) const;

 private:
  Informativeness nearly_noiseless(double deviation) const;

  struct Cell {
    double label;
    std::vector<double> mass;
  };

  int cells_per_interval(std::size_t intervals) const {
    const double all =
        std::min(double(kMostCells),
                 kRootFindings / double(std::max<std::size_t>(1, law_.branches().size())));
    const int each = static_cast<int>(all / double(std::max<std::size_t>(1, intervals)));
    return 2 * (std::max(kLeastCells, each) / 2);
  }

  /// Labels at which the law of y = f + offset changes its form, for every offset.
  std::vector<double> critical(const Shifts& shifts, bool with_atoms) const;
  /// Nodes for the label between two of them, an even number of steps.
  std::vector<double> nodes(double low, double high, const Shifts& shifts, int count) const;
  /// Empty where more than kMostSmoothedCells would be needed.
  std::optional<std::vector<Cell>> cells_narrower_than(double width) const;
  static std::vector<Cell> merged_pairs(const std::vector<Cell>& cells);
  static void convolve(const std::vector<Cell>& cells, double deviation, bool fine, TwoGrids& sums);

  LabelLaw law_;
  Noise noise_;
  std::size_t orders_;
};

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
  std::vector<Cell> atoms;
  for (const double offset : shifts.offsets) {
    for (const Atom& atom : law_.atoms()) {
      const double label = atom.label + offset;
      auto same = std::find_if(atoms.begin(), atoms.end(), [&](const Cell& cell) {
        return std::abs(cell.label - label) <=
               1e-14 * std::max(std::abs(atom.label), std::abs(offset));
      });
      if (same == atoms.end()) {
        same = atoms.insert(atoms.end(), {label, std::vector<double>(orders_)});
      }
      for (std::size_t k = 0; k < orders_; ++k) same->mass[k] += shifts.factor() * atom.mass[k];
    }
  }
  for (const Cell& atom : atoms) {
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

std::optional<std::vector<CellSums::Cell>> CellSums::cells_narrower_than(double width) const {
  constexpr double kNegligible = 1e-10;
  std::vector<Cell> cells;
  const std::vector<double>& ends = law_.critical_labels();
  const int count = ends.size() < 2 ? 0 : cells_per_interval(ends.size() - 1);
  std::vector<double> before(law_.branches().size());
  std::vector<double> after(law_.branches().size());
  std::vector<double> end(law_.branches().size());
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    const std::vector<double> labels = law_.nodes(ends[i], ends[i + 1], count).labels;
    if (labels.empty()) continue;
    law_.preimages(labels.front(), before);
    for (std::size_t j = 0; j + 1 < labels.size(); ++j) {
      law_.preimages(labels[j + 1], end);
      std::vector<double> mass(orders_);
      law_.add_mass_between(before, end, 1, mass);
      const double gap = labels[j + 1] - labels[j];
      const int parts = mass[0] > kNegligible ? static_cast<int>(std::ceil(gap / width)) : 1;
      for (int part = 0; part < parts; ++part) {
        const double low = labels[j] + gap * part / parts;
        const double high = labels[j] + gap * (part + 1) / parts;
        Cell cell{(low + high) / 2, mass};
        if (parts > 1) {
          if (part + 1 == parts) {
            after = end;
          } else {
            law_.preimages(high, after);
          }
          std::fill(cell.mass.begin(), cell.mass.end(), 0.0);
          law_.add_mass_between(before, after, 1, cell.mass);
          before = after;
        }
        cells.push_back(std::move(cell));
      }
      before = end;
      if (cells.size() > kMostSmoothedCells) return std::nullopt;
    }
  }
  return cells;
}

std::vector<CellSums::Cell> CellSums::merged_pairs(const std::vector<Cell>& cells) {
  std::vector<Cell> merged;
  for (std::size_t i = 0; i < cells.size(); i += 2) {
    merged.push_back(cells[i]);
    if (i + 1 == cells.size()) break;
    merged.back().label = (cells[i].label + cells[i + 1].label) / 2;
    for (std::size_t k = 0; k < cells[i].mass.size(); ++k) {
      merged.back().mass[k] += cells[i + 1].mass[k];
    }
  }
  return merged;
}

/// Sums p_k(y)^2 / p_0(y) over an even grid of step tau/4, on which the trapezoidal rule converges
/// faster than any power for densities as smooth as these.
void CellSums::convolve(const std::vector<Cell>& cells, double deviation, bool fine,
                        TwoGrids& sums) {
  constexpr double kReach = 9;
  const double step = deviation / 4;
  std::size_t first = 0;
  std::size_t last = 0;
  std::vector<double> density;
  double index = std::ceil((cells.front().label - kReach * deviation) / step);
  while (first < cells.size()) {
    const double y = index * step;
    while (first < cells.size() && cells[first].label < y - kReach * deviation) ++first;
    while (last < cells.size() && cells[last].label <= y + kReach * deviation) ++last;
    if (first == cells.size()) break;
    if (first >= last) {
      // Nothing near: leap to the next cell's neighbourhood.
      index = std::max(index + 1, std::ceil((cells[first].label - kReach * deviation) / step));
      continue;
    }
    density.assign(cells.front().mass.size(), 0.0);
    for (std::size_t c = first; c < last; ++c) {
      const double t = (y - cells[c].label) / deviation;
      const double kernel =
          std::exp(-t * t / 2) * std::numbers::inv_sqrtpi / (std::numbers::sqrt2 * deviation);
      for (std::size_t k = 0; k < density.size(); ++k) density[k] += kernel * cells[c].mass[k];
    }
    fine ? sums.add_fine(density, step) : sums.add_coarse(density, step);
    ++index;
  }
}

Informativeness CellSums::gaussian(double deviation) const {
  std::optional<std::vector<Cell>> narrow = cells_narrower_than(deviation / 8);
  if (!narrow) return nearly_noiseless(deviation);
  std::vector<Cell>& cells = *narrow;
  std::vector<Cell> pairs = merged_pairs(cells);
  for (const Atom& atom : law_.atoms()) {
    cells.push_back({atom.label, atom.mass});
    pairs.push_back({atom.label, atom.mass});
  }
  const auto by_label = [](const Cell& a, const Cell& b) { return a.label < b.label; };
  std::sort(cells.begin(), cells.end(), by_label);
  std::sort(pairs.begin(), pairs.end(), by_label);
  TwoGrids sums(orders_);
  convolve(cells, deviation, true, sums);
  convolve(pairs, deviation, false, sums);
  return sums.extrapolated();
}

/// Noise only takes information away, so lambda_k^2 lies between its values at more noise and at
/// none.
Informativeness CellSums::nearly_noiseless(double deviation) const {
  Informativeness noisier = gaussian(8 * deviation);
  Informativeness clean = mixture({{0.0}});
  for (std::size_t k = 0; k < orders_; ++k) {
    clean.errors[k] += std::abs(clean.lambda_squared[k] - noisier.lambda_squared[k]);
  }
  return clean;
}

}  // namespace

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
