#include "policy/choice_cell.h"

#include <algorithm>
#include <cmath>

namespace esscher::internal {
namespace {

/// A cell of which best-of-n is taken.
class Cell {
 public:
  /// \param given  what is known; with groups \p gold stands for all of it
  Cell(const RankedCells::Cell& ranked, const KnownGold& gold, const KnownGold& given, double n,
       bool influence)
      : n_(n), ranked_(ranked), given_(given), with_influence_(influence) {
    const std::vector<Level>& levels = ranked_.levels;
    chances_.reserve(levels.size());
    for (const Level& level : levels) chances_.push_back(chance(n, level));
    rewards_.reserve(ranked_.rows.size());
    if (gold.partial()) {
      correct(gold);
    } else {
      for (const Row& row : ranked_.rows) rewards_.push_back({gold.y[row.row], gold.y[row.row]});
    }
    means_.reserve(levels.size());
    for (const Level& level : levels) {
      double y = 0;
      for (std::size_t i = level.begin; i < level.end; ++i) {
        y += ranked_.rows[i].prior * rewards_[i].y;
        reference_ += ranked_.rows[i].prior * rewards_[i].reference_y;
        proxy_ += ranked_.rows[i].prior * ranked_.rows[i].r;
      }
      means_.push_back(y / level.mass);
    }
  }

  /// \param within  of groups: r, whose level is nobody's there, is put on that of y
  CellFigures figures(bool within) const {
    CellFigures result;
    result.coverage = coverage_;
    ChoiceFigures& f = result.value;
    // Rows of their own need no memory.
    const bool single = ranked_.present == ranked_.rows.size();
    std::vector<double> weights(single ? 0 : ranked_.pieces);
    double known = 0;
    double drawn = 0;
    double squares = 0;
    for (std::size_t b = 0; b < chances_.size(); ++b) {
      const Level& level = ranked_.levels[b];
      const double p = chances_[b];
      f[kChosenValue] += p * (means_[b] - reference_);
      f[kChosenProxy] += p * (level.r - proxy_);
      if (p > 0) f[kChosenKl] += p * std::log(p / level.mass);
      for (std::size_t i = level.begin; i < level.end; ++i) {
        if (!given_.known(ranked_.rows[i].row)) continue;
        const double w = p * ranked_.rows[i].prior / level.mass;
        known += w;
        if (ranked_.rows[i].placed) continue;
        if (single)
          squares += w * w;
        else
          weights[ranked_.rows[i].piece] += w;
        drawn += w;
      }
    }
    for (const double w : weights) squares += w * w;
    f[kChosenGain] = f[kChosenValue];
    f[kChosenValue] += reference_;
    f[kChosenProxy] += proxy_;
    f[kChosenReference] = reference_;
    f[kChosenKl] = std::max(0.0, f[kChosenKl]);
    result.ess = squares > 0 ? drawn / squares * drawn : 0;
    result.known = known;
    add_variance(result);
    if (within) f[kChosenProxy] += reference_ - proxy_;
    return result;
  }

 private:
  using Row = RankedCells::Row;
  using Level = RankedCells::Level;
  struct Reward {
    double y = 0;            ///< as the choices' law has it
    double reference_y = 0;  ///< as pi_0 has it: another only where not all of the gold is known
  };

  /// Puts rewards in the place of those that are not known.
  void correct(const KnownGold& gold) {
    std::vector<std::size_t> known;
    std::vector<double> prior;
    std::vector<double> chosen;
    std::vector<double> errors;
    for (std::size_t b = 0; b < chances_.size(); ++b) {
      const Level& level = ranked_.levels[b];
      for (std::size_t i = level.begin; i < level.end; ++i) {
        const Row& row = ranked_.rows[i];
        if (!gold.known(row.row)) continue;
        known.push_back(i);
        prior.push_back(row.prior);
        chosen.push_back(chances_[b] * row.prior / level.mass);
        errors.push_back(gold.y[row.row] - gold.predicted[row.row]);
      }
    }
    const Correction reference = correction(prior, errors);
    const Correction own = correction(chosen, errors);
    for (const Row& row : ranked_.rows) {
      const double predicted = gold.predicted[row.row];
      rewards_.push_back({predicted + own.all, predicted + reference.all});
    }
    for (std::size_t k = 0; k < known.size(); ++k) {
      rewards_[known[k]].y += own.own[k];
      rewards_[known[k]].reference_y += reference.own[k];
    }
    coverage_ = own.share / reference.share;
  }

  /// Weight at a row of level b moves that level's choice towards the row, and pushes F_c up for
  /// all c >= b: d/dm sum_c (F_c^n - F_{c-1}^n) g_c = n F_b^{n-1} g_b + n sum_{c > b} (F_c^{n-1} -
  /// F_{c-1}^{n-1}) g_c, less n times the whole for the normalisation.
  void add_variance(CellFigures& result) const {
    const double n = n_;
    const auto count = static_cast<double>(ranked_.present);
    if (ranked_.present < 2) {
      result.variance.fill(kInfinity);
      return;
    }
    const bool single = ranked_.present == ranked_.rows.size();
    std::vector<ChoiceFigures> moved(single ? 0 : ranked_.pieces);
    std::vector<double> weights(single ? 0 : ranked_.pieces);
    for (std::size_t b = 0; !single && b < chances_.size(); ++b) {
      const Level& level = ranked_.levels[b];
      for (std::size_t i = level.begin; i < level.end; ++i) {
        weights[ranked_.rows[i].piece] += chances_[b] / level.mass * ranked_.rows[i].prior;
      }
    }
    if (with_influence_) {
      result.gain_influence.resize(ranked_.pieces);
      result.value_influence.resize(ranked_.pieces);
    }
    ChoiceFigures sums{};
    ChoiceFigures squares{};
    const auto add_piece = [&](const ChoiceFigures& d, std::size_t piece) {
      for (std::size_t f = 0; f < kChoiceFigures; ++f) {
        sums[f] += d[f];
        squares[f] += d[f] * d[f];
      }
      if (!with_influence_) return;
      result.gain_influence[piece] = d[kChosenGain];
      result.value_influence[piece] = d[kChosenValue];
    };
    double y_above = 0;
    double r_above = 0;
    double kl_above = 0;
    for (std::size_t b = chances_.size(); b-- > 0;) {
      const Level& level = ranked_.levels[b];
      const double below = std::exp((n - 1) * level.log_upper);  // F_b^{n-1}
      const double next = chance(n - 1, level);
      const double y = means_[b] - result.value[kChosenValue];
      const double r = level.r - result.value[kChosenProxy];
      const double density = chances_[b] / level.mass;
      const double kl = (density > 0 ? std::log(density) : 0) - result.value[kChosenKl];
      const double r_move = n * (below * r + r_above);
      const double kl_move = n * (below * kl + kl_above) - (density - 1);
      for (std::size_t i = level.begin; i < level.end; ++i) {
        const Row& row = ranked_.rows[i];
        const double y_move = density * (rewards_[i].y - means_[b]) + n * (below * y + y_above);
        constexpr double kLeastRest = 1e-9;
        const double weight = single ? density * row.prior : weights[row.piece];
        if (weight > 1 - kLeastRest) {  // it stands alone: there is no telling
          result.variance.fill(kInfinity);
          result.gain_influence.clear();
          result.value_influence.clear();
          return;
        }
        const double pull = row.prior / (1 - weight);
        const double reference = row.prior / std::max(1 - row.prior, kLeastRest) *
                                 (rewards_[i].reference_y - reference_);
        const ChoiceFigures d{pull * y_move, pull * r_move, reference, pull * y_move - reference,
                              pull * kl_move};
        if (single) {
          add_piece(d, row.piece);
          continue;
        }
        for (std::size_t f = 0; f < kChoiceFigures; ++f) moved[row.piece][f] += d[f];
      }
      y_above += next * y;
      r_above += next * r;
      kl_above += next * kl;
    }
    for (std::size_t piece = 0; piece < moved.size(); ++piece) add_piece(moved[piece], piece);
    for (std::size_t f = 0; f < kChoiceFigures; ++f) {
      result.variance[f] =
          std::max(0.0, squares[f] - sums[f] * sums[f] / count) * (count - 1) / count;
    }
    const double scale = std::sqrt((count - 1) / count);
    for (double& d : result.gain_influence) d = (d - sums[kChosenGain] / count) * scale;
    for (double& d : result.value_influence) d = (d - sums[kChosenValue] / count) * scale;
  }

  double n_;
  const RankedCells::Cell& ranked_;
  const KnownGold& given_;
  bool with_influence_;
  std::vector<double> chances_;  ///< of levels, to be chosen from
  std::vector<double> means_;    ///< of y in levels
  std::vector<Reward> rewards_;  ///< of rows
  double reference_ = 0;
  double proxy_ = 0;
  double coverage_ = 1;
};

}  // namespace

double chance(double power, const RankedCells::Level& level) {
  const bool lowest = std::isinf(level.log_lower);
  if (power == 0) return lowest ? 1 : 0;
  const double upper = power * level.log_upper;
  if (lowest) return std::exp(upper);
  return std::exp(upper) * -std::expm1(power * level.log_lower - upper);
}

CellFigures choice_figures(const RankedCells& ranked, std::size_t cell, const KnownGold& gold,
                           const KnownGold& given, double n, bool influence) {
  return Cell(ranked[cell], gold, given, n, influence).figures(ranked.cells().grouped);
}

}  // namespace esscher::internal
