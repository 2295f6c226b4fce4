#include "policy/tilted_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "esscher/linalg/log_sum_exp.h"

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
    : cells_(cells), beta_(beta), rows_(cells.order.size()), cell_(cells.cells()) {
  const std::span<const double> levels = gold.partial() ? gold.predicted : gold.y;
  mean_y_ = levels.front();
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    cell_[c].mean_r = weighted_mean(cells, r, c);
    mean_r_ += cells.share[c] * cell_[c].mean_r;
    mean_y_ += cells.share[c] * (weighted_mean(cells, levels, c) - levels.front());
  }
  log_weights_.resize(rows_.size());
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    const std::size_t begin = cells.begin[c];
    const std::size_t end = cells.begin[c + 1];
    double largest = -kInfinity;
    double size = 0;
    for (std::size_t j = begin; j < end; ++j) {
      Row& row = rows_[j];
      row.prior = cells.prior[j];
      row.x = (r[cells.order[j]] - cell_[c].mean_r) / beta;
      row.y = gold.y[cells.order[j]] - mean_y_;
      row.reference_y = row.y;
      log_weights_[j] = std::log(row.prior) + row.x;
      if (row.prior > 0) {
        largest = std::max(largest, row.x);
        size = std::max(size, std::abs(row.x));
      }
    }
    cell_[c].weak = size <= 1;
    cell_[c].shift = cell_[c].weak ? 0 : largest;
    cell_[c].mean_r -= mean_r_;
    for (std::size_t j = begin; j < end; ++j) {
      Row& row = rows_[j];
      if (row.prior == 0) {
        row.x = 0;  // pi_0 never takes it: it must not overflow, either
      } else {
        row.x -= cell_[c].shift;
        row.tilt = cell_[c].weak ? std::expm1(row.x) : std::exp(row.x);
      }
    }
    const std::span<double> log_weights = std::span(log_weights_).subspan(begin, end - begin);
    // The largest goes first: beside a large constant the logarithm of the sum loses its digits.
    const double greatest = *std::ranges::max_element(log_weights);
    for (double& w : log_weights) w -= greatest;
    const double total = log_sum_exp(log_weights) - std::log(cells.share[c]);
    for (double& w : log_weights) w -= total;
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
  std::vector<double> tilted(rows);
  std::vector<double> y(rows);
  std::vector<double> predicted(rows);
  for (std::size_t j = 0; j < rows; ++j) {
    const std::size_t i = cells_.order[begin + j];
    tilted[j] = std::exp(log_weights_[begin + j]) / cells_.share[c];
    y[j] = gold.y[i] - mean_y_;
    predicted[j] = gold.predicted[i] - mean_y_;
  }
  std::vector<double> corrected(rows);
  const std::span<const double> prior = std::span(cells_.prior).subspan(begin, rows);
  const double prior_share = correct(prior, y, predicted, corrected);
  for (std::size_t j = 0; j < rows; ++j) rows_[begin + j].reference_y = corrected[j];
  const double share = correct(tilted, y, predicted, corrected);
  for (std::size_t j = 0; j < rows; ++j) rows_[begin + j].y = corrected[j];
  coverage_ = c == 0 ? share / prior_share : std::min(coverage_, share / prior_share);
}

TiltedTable::Tilted TiltedTable::tilt(std::size_t c, std::span<const std::uint32_t> counts) const {
  Tilted t;
  double tilts = 0;
  const bool weak = cell_[c].weak;
  for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1]; ++j) {
    const Row& row = rows_[j];
    const double prior = cells_.grouped ? row.prior : count(counts, j) * row.prior;
    const double tilted = prior * row.tilt;
    const double weight = weak ? prior + tilted : tilted;
    t.prior += prior;
    tilts += tilted;
    t.y += weight * row.y;
    t.x += weight * row.x;
    t.reference_y += prior * row.reference_y;
    t.reference_x += prior * row.x;
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

TableFigures TiltedTable::figures(std::span<const std::uint32_t> counts) const {
  return cells_.grouped ? over_groups(counts) : over_rows(counts);
}

TableFigures TiltedTable::over_groups(std::span<const std::uint32_t> counts) const {
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

std::vector<double> TiltedTable::influence(std::size_t figure) const {
  const TableFigures found = figures();
  if (!std::isfinite(found.error[figure])) return {};
  std::vector<double> moves(cells_.pieces());
  if (cells_.grouped) {
    const std::vector<Figures> moved = moved_by_pieces(found.value);
    const auto n = static_cast<double>(group_figures_.size());
    const auto pieces = static_cast<double>(moved.size());
    for (std::size_t p = 0; p < moved.size(); ++p) {
      moves[p] = moved[p][figure] / n * std::sqrt(pieces / (pieces - 1));
    }
    return moves;
  }
  for (std::size_t c = 0; c < cells_.cells(); ++c) {
    const Tilted tilted = tilt(c, {});
    const Figures own = cell_figures(c, tilted);
    Figures offset{};
    for (std::size_t f = 0; f < kFigures; ++f) offset[f] = own[f] - found.value[f];
    Figures unused{};
    add_variances(c, tilted, cells_.share[c], offset, {}, unused,
                  std::span(moves).subspan(cells_.piece_begin[c], cells_.pieces(c)), figure);
  }
  return moves;
}

TableFigures TiltedTable::over_rows(std::span<const std::uint32_t> counts) const {
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
                  result.error);
  }
  for (double& error : result.error) error = std::sqrt(error);
  // A resample without errors serves no bootstrap.
  result.exists = counts.empty() || std::isfinite(result.error[kValue]);
  return result;
}

void TiltedTable::add_variances(std::size_t c, const Tilted& t, double share, const Figures& offset,
                                std::span<const std::uint32_t> counts, Figures& variances,
                                std::span<double> influence, std::size_t figure) const {
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
  std::vector<Piece> pieces(cells_.pieces(c));
  const bool weak = cell_[c].weak;
  for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1]; ++j) {
    if (count(counts, j) == 0) continue;
    const Row& row = rows_[j];
    const double prior = row.prior / t.prior;
    const double weight = row.prior * (weak ? 1 + row.tilt : row.tilt) / t.total;
    Piece& piece = pieces[cells_.piece[j] - first];
    piece.prior += prior;
    piece.weight += weight;
    // Of a weak tilt, weight - prior would keep no digits.
    piece.added += weak ? prior * (row.tilt - t.excess) / (1 + t.excess) : weight - prior;
    piece.y += weight * (row.y - t.y);
    piece.x += weight * (row.x - t.x);
    piece.reference_y += prior * (row.reference_y - t.reference_y);
    piece.reference_x += prior * (row.x - t.reference_x);
  }
  Figures sums{};
  Figures squares{};
  for (std::size_t p = 0; p < pieces.size(); ++p) {
    const double drawn = counts.empty() ? 1.0 : static_cast<double>(counts[first + p]);
    if (drawn == 0) continue;
    const Piece& piece = pieces[p];
    if (std::max(piece.prior, piece.weight) > 1 - kLeastRest) {
      variances.fill(kInfinity);
      return;
    }
    // A jackknife's: how much further a left-out piece takes an estimate that it had drawn to
    // itself.
    const double pull = 1 / (1 - piece.weight);
    const double reference_pull = 1 / (1 - piece.prior);
    const double y = pull * piece.y;
    const double x = pull * piece.x;
    const Figures change =
        figures_of(y, beta_ * x, x - pull * piece.added, reference_pull * piece.reference_y,
                   beta_ * reference_pull * piece.reference_x, beta_);
    for (std::size_t f = 0; f < kFigures; ++f) {
      // A piece heavier than its fellows also draws the average over strata to its own.
      const double d = change[f] + (piece.prior - 1 / n) * offset[f];
      sums[f] += drawn * d;
      squares[f] += drawn * d * d;
      if (f == figure && !influence.empty()) influence[p] = d;
    }
  }
  for (double& d : influence) d = share * (d - sums[figure] / n) * std::sqrt((n - 1) / n);
  for (std::size_t f = 0; f < kFigures; ++f) {
    const double centred = std::max(0.0, squares[f] - sums[f] * sums[f] / n);
    variances[f] += share * share * centred * (n - 1) / n;
  }
}

std::vector<double> TiltedTable::piece_log_weights(const KnownGold& gold) const {
  std::vector<double> weights(cells_.pieces());
  for (std::size_t j = 0; j < rows_.size(); ++j) {
    if (!gold.known(cells_.order[j])) continue;
    weights[cells_.piece[j]] += std::exp(log_weights_[j]);
  }
  for (double& w : weights) w = std::log(w);
  return weights;
}

std::vector<double> TiltedTable::cell_ess(const KnownGold& gold) const {
  std::vector<double> result(cells_.cells());
  for (std::size_t c = 0; c < result.size(); ++c) {
    const std::size_t first = cells_.grouped ? 0 : cells_.piece_begin[c];
    std::vector<double> weights(cells_.grouped ? cells_.size(c) : cells_.pieces(c));
    double sum = 0;
    for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1]; ++j) {
      if (!gold.known(cells_.order[j])) continue;
      const std::size_t at = cells_.grouped ? j - cells_.begin[c] : cells_.piece[j] - first;
      const double w = std::exp(log_weights_[j]) / cells_.share[c];
      weights[at] += w;
      sum += w;
    }
    double squares = 0;
    for (const double w : weights) squares += w * w;
    // A group without labels has no effective row.
    const double least = gold.partial() && cells_.grouped ? 0.0 : 1.0;
    const double found = sum > 0 ? sum / squares * sum : 0;
    result[c] = std::clamp(found, least, static_cast<double>(weights.size()));
  }
  return result;
}

std::vector<double> TiltedTable::known_shares(const KnownGold& gold) const {
  std::vector<double> shares(cells_.cells());
  for (std::size_t c = 0; c < shares.size(); ++c) {
    for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1]; ++j) {
      if (gold.known(cells_.order[j])) shares[c] += std::exp(log_weights_[j]) / cells_.share[c];
    }
  }
  return shares;
}

double TiltedTable::greedy_kl() const {
  double kl = 0;
  for (std::size_t c = 0; c < cells_.cells(); ++c) {
    double largest = -kInfinity;
    double mass = 0;
    for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1]; ++j) {
      if (rows_[j].prior == 0 || rows_[j].x < largest) continue;
      if (rows_[j].x > largest) mass = 0;
      largest = rows_[j].x;
      mass += rows_[j].prior;
    }
    kl -= cells_.share[c] * std::log(std::min(1.0, mass));
  }
  return std::max(0.0, kl);
}

}  // namespace esscher::internal
