#include "policy/tilted_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace esscher::internal {
namespace {

/// Everything is linear in the means under both policies and in the KL.
Figures figures_of(double value, double proxy, double kl, double reference_y, double reference_r,
                   double beta) {
  Figures f{};
  f[kValue] = value;
  f[kProxy] = proxy;
  f[kKl] = kl;
  f[kObjective] = value - beta * kl;
  f[kReference] = reference_y;
  f[kRise] = value - reference_y;
  f[kGain] = f[kRise] - beta * kl;
  f[kOver] = (proxy - reference_r) - f[kRise];
  return f;
}

/// From the first value on, so that a constant has no rounding error.
double weighted_mean(const TableCells& cells, std::span<const double> values, std::size_t c) {
  const double first = values[cells.order[cells.begin[c]]];
  double sum = 0;
  for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
    sum += cells.prior[j] * (values[cells.order[j]] - first);
  }
  return first + sum;
}

/// Beyond 1 less this, a weight stands alone: without its row there is no telling.
constexpr double kLeastRest = 1e-9;

}  // namespace

TiltedTable::TiltedTable(const TableCells& cells, std::span<const double> r, const KnownGold& gold,
                         double beta)
    : cells_(cells),
      beta_(beta),
      x_(cells.order.size()),
      tilt_(x_.size()),
      y_(x_.size()),
      cell_(cells.cells()) {
  const std::span<const double> levels = gold.partial() ? gold.predicted : gold.y;
  mean_y_ = levels.front();
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    cell_[c].mean_r = weighted_mean(cells, r, c);
    mean_r_ += cells.share[c] * cell_[c].mean_r;
    mean_y_ += cells.share[c] * (weighted_mean(cells, levels, c) - levels.front());
  }
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    const std::size_t begin = cells.begin[c];
    const std::size_t end = cells.begin[c + 1];
    double largest = -kInfinity;
    double size = 0;
    for (std::size_t j = begin; j < end; ++j) {
      x_[j] = (r[cells.order[j]] - cell_[c].mean_r) / beta;
      if (!gold.partial()) y_[j] = gold.y[cells.order[j]] - mean_y_;
      if (cells.prior[j] > 0) {
        largest = std::max(largest, x_[j]);
        size = std::max(size, std::abs(x_[j]));
      }
    }
    cell_[c].weak = size <= 1;
    cell_[c].shift = cell_[c].weak ? 0 : largest;
    cell_[c].mean_r -= mean_r_;
    double excess = 0;  // of a weak tilt, total - 1
    double total = 0;
    for (std::size_t j = begin; j < end; ++j) {
      if (cells.prior[j] == 0) {
        x_[j] = 0;  // pi_0 never takes it: it must not overflow, either
        continue;
      }
      x_[j] -= cell_[c].shift;
      tilt_[j] = cell_[c].weak ? std::expm1(x_[j]) : std::exp(x_[j]);
      if (cell_[c].weak) total += cells.prior[j];
      excess += cells.prior[j] * tilt_[j];
    }
    cell_[c].total = total + excess;
    cell_[c].log_scale = std::log(cells.share[c]) - std::log(cell_[c].total);
    if (gold.partial()) correct_cell(c, gold);
  }
  if (!cells.grouped) return;
  group_figures_.resize(cells.cells());
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    group_figures_[c] = cell_figures(c, tilt(c, {}));
  }
}

void TiltedTable::correct_cell(std::size_t c, const KnownGold& gold) {
  const std::size_t begin = cells_.begin[c];
  const std::size_t rows = cells_.size(c);
  std::vector<std::size_t> known;
  std::vector<double> prior;
  std::vector<double> tilted;
  std::vector<double> errors;
  for (std::size_t j = begin; j < begin + rows; ++j) {
    const std::size_t i = cells_.order[j];
    if (!gold.known(i)) continue;
    known.push_back(j);
    prior.push_back(cells_.prior[j]);
    tilted.push_back(weight(c, j));
    errors.push_back(gold.y[i] - gold.predicted[i]);
  }
  const Correction reference = correction(prior, errors);
  const Correction own = correction(tilted, errors);
  reference_y_.resize(y_.size());
  for (std::size_t j = begin; j < begin + rows; ++j) {
    const double predicted = gold.predicted[cells_.order[j]] - mean_y_;
    reference_y_[j] = predicted + reference.all;
    y_[j] = predicted + own.all;
  }
  for (std::size_t k = 0; k < known.size(); ++k) {
    reference_y_[known[k]] += reference.own[k];
    y_[known[k]] += own.own[k];
  }
  known_.insert(known_.end(), known.begin(), known.end());
  const double coverage = own.share / reference.share;
  coverage_ = c == 0 ? coverage : std::min(coverage_, coverage);
}

TiltedTable::Tilted TiltedTable::tilt(std::size_t c, std::span<const std::uint32_t> counts) const {
  Tilted t;
  const std::vector<double>& reference_y = reference_y_.empty() ? y_ : reference_y_;
  double tilts = 0;
  const bool weak = cell_[c].weak;
  for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1]; ++j) {
    const double prior = cells_.grouped ? cells_.prior[j] : count(counts, j) * cells_.prior[j];
    const double tilted = prior * tilt_[j];
    const double weight = weak ? prior + tilted : tilted;
    t.prior += prior;
    tilts += tilted;
    t.y += weight * y_[j];
    t.x += weight * x_[j];
    t.reference_y += prior * reference_y[j];
    t.reference_x += prior * x_[j];
  }
  t.excess = weak ? tilts / t.prior : 0;
  t.total = weak ? t.prior + tilts : tilts;
  t.y /= t.total;
  t.x /= t.total;
  t.reference_y /= t.prior;
  t.reference_x /= t.prior;
  const double log_partition = weak ? std::log1p(t.excess) : std::log(t.total / t.prior);
  t.kl = std::max(0.0, t.x - log_partition);
  return t;
}

Figures TiltedTable::cell_figures(std::size_t c, const Tilted& t) const {
  // Within groups r has no level of its own: it is put on that of y under pi_0.
  const double reference_r =
      cells_.grouped ? t.reference_y : cell_[c].mean_r + beta_ * (cell_[c].shift + t.reference_x);
  return figures_of(t.y, reference_r + beta_ * (t.x - t.reference_x), t.kl, t.reference_y,
                    reference_r, beta_);
}

Figures TiltedTable::level() const {
  const double mean_r = cells_.grouped ? mean_y_ : mean_r_;
  return figures_of(mean_y_, mean_r, 0, mean_y_, mean_r, 0);
}

TableFigures TiltedTable::figures(std::span<const std::uint32_t> counts,
                                  Influences* influences) const {
  for (std::size_t k = 0; influences != nullptr && k < kInfluenced.size(); ++k) {
    (*influences)[k].assign(cells_.pieces(), 0);
  }
  TableFigures found =
      cells_.grouped ? over_groups(counts, influences) : over_rows(counts, influences);
  for (std::size_t k = 0; influences != nullptr && k < kInfluenced.size(); ++k) {
    if (!std::isfinite(found.error[kInfluenced[k]])) (*influences)[k].clear();
  }
  return found;
}

TableFigures TiltedTable::over_groups(std::span<const std::uint32_t> counts,
                                      Influences* influences) const {
  TableFigures result;
  const std::size_t groups = group_figures_.size();
  double n = 0;
  double pieces = 0;
  for (std::size_t c = 0; c < groups; ++c) n += count(counts, c);
  for (std::size_t p = 0; p < cells_.pieces(); ++p) {
    pieces += counts.empty() ? 1.0 : static_cast<double>(counts[p]);
  }
  for (std::size_t c = 0; c < groups; ++c) {
    for (std::size_t f = 0; f < kFigures; ++f) {
      result.value[f] += count(counts, c) * group_figures_[c][f] / n;
    }
  }
  const std::vector<Figures> moved = moved_by_pieces(result.value);
  for (std::size_t p = 0; p < moved.size(); ++p) {
    const double drawn = counts.empty() ? 1.0 : static_cast<double>(counts[p]);
    for (std::size_t f = 0; f < kFigures; ++f) result.error[f] += drawn * moved[p][f] * moved[p][f];
  }
  for (double& error : result.error) {
    error = pieces < 2 ? kInfinity : std::sqrt(error / n / n * pieces / (pieces - 1));
  }
  for (std::size_t p = 0; influences != nullptr && p < moved.size(); ++p) {
    for (std::size_t k = 0; k < kInfluenced.size(); ++k) {
      (*influences)[k][p] = moved[p][kInfluenced[k]] / n * std::sqrt(pieces / (pieces - 1));
    }
  }
  return result;
}

std::vector<Figures> TiltedTable::moved_by_pieces(const Figures& mean) const {
  std::vector<Figures> moved(cells_.pieces());
  for (std::size_t c = 0; c < group_figures_.size(); ++c) {
    for (std::size_t f = 0; f < kFigures; ++f) {
      moved[cells_.piece[c]][f] += group_figures_[c][f] - mean[f];
    }
  }
  return moved;
}

TableFigures TiltedTable::over_rows(std::span<const std::uint32_t> counts,
                                    Influences* influences) const {
  TableFigures result;
  std::vector<Tilted> tilted(cells_.cells());
  double total = 0;
  for (std::size_t c = 0; c < tilted.size(); ++c) {
    tilted[c] = tilt(c, counts);
    if (!(tilted[c].prior > 0 && tilted[c].total > 0)) return {{}, {}, false};
    total += cells_.share[c] * tilted[c].prior;
  }
  std::vector<Figures> figures(tilted.size());
  for (std::size_t c = 0; c < tilted.size(); ++c) {
    figures[c] = cell_figures(c, tilted[c]);
    const double share = cells_.share[c] * tilted[c].prior / total;
    for (std::size_t f = 0; f < kFigures; ++f) result.value[f] += share * figures[c][f];
  }
  for (std::size_t c = 0; c < tilted.size(); ++c) {
    Figures offset{};
    for (std::size_t f = 0; f < kFigures; ++f) offset[f] = figures[c][f] - result.value[f];
    add_variances(c, tilted[c], cells_.share[c] * tilted[c].prior / total, offset, counts,
                  result.error, influences);
  }
  for (double& error : result.error) error = std::sqrt(error);
  // A resample without errors serves no bootstrap.
  result.exists = counts.empty() || std::isfinite(result.error[kValue]);
  return result;
}

void TiltedTable::add_variances(std::size_t c, const Tilted& t, double share, const Figures& offset,
                                std::span<const std::uint32_t> counts, Figures& variances,
                                Influences* influences) const {
  const std::size_t first = cells_.piece_begin[c];
  const auto n = static_cast<double>(cells_.pieces(c));
  if (n < 2) {
    variances.fill(kInfinity);
    return;
  }
  /// What a piece brings: its weights, and its pulls on the means.
  struct Piece {
    double prior = 0;
    double weight = 0;
    double added = 0;
    double y = 0;
    double x = 0;
    double reference_y = 0;
    double reference_x = 0;
  };
  const bool weak = cell_[c].weak;
  const std::vector<double>& reference_y = reference_y_.empty() ? y_ : reference_y_;
  const double prior_scale = 1 / t.prior;
  const double scale = 1 / t.total;
  const auto add_row = [&](std::size_t j, Piece& piece) {
    const double prior = cells_.prior[j] * prior_scale;
    const double weight = cells_.prior[j] * (weak ? 1 + tilt_[j] : tilt_[j]) * scale;
    piece.prior += prior;
    piece.weight += weight;
    // Of a weak tilt, weight - prior would keep no digits.
    piece.added += weak ? prior * (tilt_[j] - t.excess) / (1 + t.excess) : weight - prior;
    piece.y += weight * (y_[j] - t.y);
    piece.x += weight * (x_[j] - t.x);
    piece.reference_y += prior * (reference_y[j] - t.reference_y);
    piece.reference_x += prior * (x_[j] - t.reference_x);
  };
  Figures sums{};
  Figures squares{};
  bool alone = false;
  const auto add_piece = [&](const Piece& piece, std::size_t p) {
    alone = alone || std::max(piece.prior, piece.weight) > 1 - kLeastRest;
    // A jackknife's: how much further a left-out piece takes an estimate that it had drawn to
    // itself.
    const double pull = 1 / (1 - piece.weight);
    const double reference_pull = 1 / (1 - piece.prior);
    const double y = pull * piece.y;
    const double x = pull * piece.x;
    const Figures change =
        figures_of(y, beta_ * x, x - pull * piece.added, reference_pull * piece.reference_y,
                   beta_ * reference_pull * piece.reference_x, beta_);
    const double drawn = counts.empty() ? 1.0 : static_cast<double>(counts[first + p]);
    for (std::size_t f = 0; f < kFigures; ++f) {
      // A piece heavier than its fellows also draws the average over strata to its own.
      const double d = change[f] + (piece.prior - 1 / n) * offset[f];
      sums[f] += drawn * d;
      squares[f] += drawn * d * d;
      if (influences == nullptr) continue;
      for (std::size_t k = 0; k < kInfluenced.size(); ++k) {
        if (f == kInfluenced[k]) (*influences)[k][first + p] = d;
      }
    }
  };
  // Rows of their own need no memory.
  const bool single = cells_.pieces(c) == cells_.size(c);
  std::vector<Piece> pieces(single ? 0 : cells_.pieces(c));
  for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1] && !alone; ++j) {
    if (count(counts, j) == 0) continue;
    const std::size_t p = cells_.piece[j] - first;
    if (!single) {
      add_row(j, pieces[p]);
      continue;
    }
    Piece piece;
    add_row(j, piece);
    add_piece(piece, p);
  }
  for (std::size_t p = 0; p < pieces.size() && !alone; ++p) {
    if (counts.empty() || counts[first + p] > 0) add_piece(pieces[p], p);
  }
  if (alone) {
    variances.fill(kInfinity);
    return;
  }
  for (std::size_t k = 0; influences != nullptr && k < kInfluenced.size(); ++k) {
    const double mean = sums[kInfluenced[k]] / n;
    for (double& d : std::span((*influences)[k]).subspan(first, cells_.pieces(c))) {
      d = share * (d - mean) * std::sqrt((n - 1) / n);
    }
  }
  for (std::size_t f = 0; f < kFigures; ++f) {
    const double centred = std::max(0.0, squares[f] - sums[f] * sums[f] / n);
    variances[f] += share * share * centred * (n - 1) / n;
  }
}

}  // namespace esscher::internal
