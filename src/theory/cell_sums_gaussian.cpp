#include <algorithm>
#include <cmath>
#include <numbers>

#include "cell_sums.h"
#include "label_sums.h"

namespace esscher::internal {
namespace {

/// Work limit under Gaussian noise: masses that are convolved, each for the orders it has.
constexpr double kConvolvedMasses = 2.5e6;
/// In deviations of Gaussian noise: cells this narrow are convolved as they are.
constexpr double kNarrow = 1.0 / 8;
/// Of the convolution, relative: its step, and what lies beyond its reach.
constexpr double kKernelError = 1e-9;
/// Information that Gaussian noise may take unseen, over all cells together.
constexpr double kUnseenLoss = 1e-9;

/// Two points stand for an even spread, up to its third moment.
void add_spread(double low, double high, std::vector<double> mass,
                std::vector<LabelPoint>& points) {
  for (double& half : mass) half /= 2;
  for (const double side : {-0.5, 0.5}) {
    points.push_back({low + (0.5 + side / std::numbers::sqrt3) * (high - low), mass});
  }
}

}  // namespace

std::vector<CellSums::Cell> CellSums::cells(double deviation) const {
  // Ends that rounding of the label would blur are of no use.
  constexpr double kNarrowest = 1e-12;
  const std::vector<double>& ends = law_.critical_labels();
  const std::vector<double> features = critical({{0.0}}, true);
  const int count = ends.size() < 2 ? 0 : cells_per_interval(ends.size() - 1);
  std::vector<double> before(law_.branches().size());
  std::vector<double> after(law_.branches().size());
  std::vector<Cell> result;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    std::vector<double> labels = law_.nodes(ends[i], ends[i + 1], count).labels;
    if (labels.empty()) continue;
    std::vector<double> further;
    for (const double feature : features) {
      for (const double offset : {-kKernelReach * deviation, 0.0, kKernelReach * deviation}) {
        const double y = feature + offset;
        const auto next = std::upper_bound(labels.begin(), labels.end(), y);
        if (next == labels.begin() || next == labels.end() || *next - *(next - 1) < deviation) {
          continue;
        }
        if (std::min(*next - y, y - *(next - 1)) > kNarrowest * std::abs(y)) further.push_back(y);
      }
    }
    labels.insert(labels.end(), further.begin(), further.end());
    std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    law_.preimages(labels.front(), before);
    for (std::size_t j = 0; j + 1 < labels.size(); ++j) {
      law_.preimages(labels[j + 1], after);
      result.push_back({labels[j], labels[j + 1], i, std::vector<double>(orders_)});
      law_.add_mass_between(before, after, 1, result.back().mass);
      std::swap(before, after);
    }
  }
  return result;
}

/// Where zeta_k = E[h_k | label] is smooth, noise of deviation tau takes tau^2 E zeta_k'^2 to first
/// order, and never more than there is. Near a critical label or an atom, where zeta_k and the
/// density may jump or the density may be infinite, it may take all from what lies within its
/// reach.
std::vector<CellSums::Losses> CellSums::losses(const std::vector<Cell>& cells,
                                               double deviation) const {
  constexpr double kSlopeReach = 2;
  constexpr double kFeatureReach = 6;
  const std::vector<double> features = critical({{0.0}}, true);
  std::vector<double> of_atoms(orders_);
  for (const Atom& atom : law_.atoms()) {
    for (std::size_t k = 1; k < orders_; ++k) {
      of_atoms[k] = std::max(of_atoms[k], std::pow(atom.mass[k] / atom.mass[0], 2));
    }
  }
  const auto slope = [&](std::size_t i, std::size_t k) {
    const double distance =
        (cells[i + 1].high + cells[i + 1].low - cells[i].high - cells[i].low) / 2;
    return (cells[i + 1].zeta(k) - cells[i].zeta(k)) * (deviation / distance);
  };
  std::vector<Losses> result;
  for (std::size_t j = 0; j < cells.size(); ++j) {
    const Cell& cell = cells[j];
    Losses losses{std::vector<double>(orders_), 0, 0, 0};
    if (cell.gap() <= kNarrow * deviation) {
      result.push_back(std::move(losses));
      continue;
    }
    std::size_t first = j;
    while (first > 0 && (first == j || cells[first].low > cell.low - kSlopeReach * deviation)) {
      --first;
    }
    std::size_t last = j;
    while (last + 1 < cells.size() &&
           (last == j || cells[last].high < cell.high + kSlopeReach * deviation)) {
      ++last;
    }
    const auto feature =
        std::lower_bound(features.begin(), features.end(), cell.low - kFeatureReach * deviation);
    const bool exposed =
        feature != features.end() && *feature <= cell.high + kFeatureReach * deviation;
    const double share = std::min(1.0, std::sqrt(kKernelReach * deviation / cell.gap()));
    for (std::size_t k = 1; k < orders_; ++k) {
      const double square = std::pow(cell.zeta(k), 2);
      double steepest = 0;
      for (std::size_t i = first; i < last; ++i) {
        steepest = std::max(steepest, std::abs(slope(i, k)));
      }
      double loss = cell.mass[0] * std::min(square, steepest * steepest);
      if (exposed) loss = std::max(loss, share * 2 * cell.mass[0] * (square + of_atoms[k]));
      losses.of_order[k] = loss;
      losses.largest = std::max(losses.largest, loss);
    }
    double active = 0;
    for (const Branch& branch : law_.branches()) {
      active += branch.low < cell.high && cell.low < branch.high ? 1 : 0;
    }
    // Twelve points a panel in both grids, and halving leaves up to twice the panels needed; three
    // points a part.
    const double by_points = 18 * active * std::max(1.0, cell.gap() / deviation);
    const double parts = 2 * std::ceil(cell.gap() / (2 * kNarrow * deviation));
    const double by_parts = (3 + active) * parts;
    losses.parts = by_parts < by_points ? parts : 0;
    losses.work = std::min(by_parts, by_points) * double(orders_);
    result.push_back(std::move(losses));
  }
  return result;
}

void CellSums::add_parts(const Cell& cell, int parts, std::vector<LabelPoint>& fine,
                         std::vector<LabelPoint>& coarse) const {
  std::vector<double> before(law_.branches().size());
  std::vector<double> after(law_.branches().size());
  law_.preimages(cell.low, before);
  std::vector<double> pair(orders_);
  const auto label = [&](int i) { return cell.low + cell.gap() * i / parts; };
  for (int i = 1; i <= parts; ++i) {
    law_.preimages(label(i), after);
    std::vector<double> mass(orders_);
    law_.add_mass_between(before, after, 1, mass);
    for (std::size_t k = 0; k < orders_; ++k) pair[k] += mass[k];
    add_spread(label(i - 1), label(i), std::move(mass), fine);
    if (i % 2 == 0) {
      add_spread(label(i - 2), label(i), pair, coarse);
      std::fill(pair.begin(), pair.end(), 0.0);
    }
    std::swap(before, after);
  }
}

/// Cells that noise takes nothing from count as without noise. Those that are narrow on its scale
/// are convolved as they are. The others are cut into such, or into quadrature points on their
/// branches where these are few; the cells with the most to lose for their work come first.
Informativeness CellSums::gaussian(double deviation) const {
  const std::vector<Cell> cells = this->cells(deviation);
  const std::vector<Losses> losses = this->losses(cells, deviation);
  enum class Treatment { whole, narrow, cut };
  std::vector<Treatment> treatments(cells.size(), Treatment::narrow);
  std::vector<std::size_t> wide;
  for (std::size_t j = 0; j < cells.size(); ++j) {
    if (cells[j].gap() <= kNarrow * deviation) continue;
    treatments[j] = Treatment::whole;
    wide.push_back(j);
  }
  const auto worth = [&](std::size_t j) { return losses[j].largest / losses[j].work; };
  std::sort(wide.begin(), wide.end(), [&](auto a, auto b) { return worth(a) < worth(b); });
  std::size_t unseen = 0;
  for (double sum = 0; unseen < wide.size(); ++unseen) {
    sum += losses[wide[unseen]].largest;
    if (sum > kUnseenLoss) break;
  }
  double work = 0;
  for (std::size_t i = wide.size(); i-- > unseen;) {
    if (work + losses[wide[i]].work > kConvolvedMasses) continue;
    work += losses[wide[i]].work;
    treatments[wide[i]] = Treatment::cut;
  }

  TwoGrids sums(orders_);
  std::vector<LabelPoint> fine;
  for (const Atom& atom : law_.atoms()) fine.push_back({atom.label, atom.mass});
  std::vector<LabelPoint> coarse = fine;
  std::vector<double> lost(orders_);
  std::vector<double> low(law_.branches().size());
  std::vector<double> high(law_.branches().size());
  for (std::size_t j = 0; j < cells.size(); ++j) {
    if (treatments[j] == Treatment::cut) {
      if (losses[j].parts > 0) {
        add_parts(cells[j], static_cast<int>(losses[j].parts), fine, coarse);
        continue;
      }
      law_.preimages(cells[j].low, low);
      law_.preimages(cells[j].high, high);
      law_.add_points_between(low, high, deviation, fine, coarse);
      continue;
    }
    Cell pair = cells[j];
    const bool narrow = treatments[j] == Treatment::narrow;
    const auto add = [&](std::size_t i) {
      narrow ? add_spread(cells[i].low, cells[i].high, cells[i].mass, fine)
             : sums.add_fine(cells[i].mass);
      for (std::size_t k = 0; k < orders_; ++k) lost[k] += losses[i].of_order[k];
    };
    add(j);
    if (j + 1 < cells.size() && treatments[j + 1] == treatments[j] && pair.precedes(cells[j + 1])) {
      add(++j);
      pair.high = cells[j].high;
      for (std::size_t k = 0; k < orders_; ++k) pair.mass[k] += cells[j].mass[k];
    }
    narrow ? add_spread(pair.low, pair.high, pair.mass, coarse) : sums.add_coarse(pair.mass);
  }
  sums.add_fine_convolved(std::move(fine), deviation);
  sums.add_coarse_convolved(std::move(coarse), deviation);
  Informativeness result = sums.extrapolated();
  for (std::size_t k = 0; k < orders_; ++k) {
    // Twice: what noise mixes with a cell that is left whole may lose as much.
    result.errors[k] += 2 * lost[k] + kKernelError * std::abs(result.lambda_squared[k]);
  }
  return result;
}

}  // namespace esscher::internal
