#include "esscher/policy/best_of_n.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "policy/known_gold.h"
#include "policy/shared_cells.h"
#include "policy/table_cells.h"

namespace esscher {
namespace {

using internal::kLeastCoverage;
using internal::kLeastEffectiveRows;
using internal::kLeastGroups;
using internal::KnownGold;
using internal::RankedCells;
using internal::TableCells;

/// Places of figures, in the order of kBestOfNEstimates.
constexpr std::size_t kValue = 0;
constexpr std::size_t kProxy = 1;
constexpr std::size_t kReference = 2;
constexpr std::size_t kGain = 3;
constexpr std::size_t kKl = 4;
constexpr std::size_t kBestOfNFigures = 5;
using BestOfNFigures = std::array<double, kBestOfNFigures>;

Estimate BestOfNValue::*const kBestOfNEstimates[kBestOfNFigures] = {
    &BestOfNValue::value, &BestOfNValue::proxy, &BestOfNValue::reference, &BestOfNValue::gain,
    &BestOfNValue::kl};

struct CellFigures {
  BestOfNFigures value{};
  BestOfNFigures variance{};
  double ess = 0;
  double known = 1;  ///< weight of the known rows
  double coverage = 1;
  std::vector<double> gain_influence{};  ///< of its pieces, without groups
  std::vector<double> value_influence{};
};

/// F_b^power - F_{b-1}^power, with its digits where it is small.
double chance(double power, const RankedCells::Level& level) {
  const bool lowest = std::isinf(level.log_lower);
  if (power == 0) return lowest ? 1 : 0;
  const double upper = power * level.log_upper;
  if (lowest) return std::exp(upper);
  return std::exp(upper) * -std::expm1(power * level.log_lower - upper);
}

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
    BestOfNFigures& f = result.value;
    // Rows of their own need no memory.
    const bool single = ranked_.present == ranked_.rows.size();
    std::vector<double> weights(single ? 0 : ranked_.pieces);
    double known = 0;
    double squares = 0;
    for (std::size_t b = 0; b < chances_.size(); ++b) {
      const Level& level = ranked_.levels[b];
      const double p = chances_[b];
      f[kValue] += p * (means_[b] - reference_);
      f[kProxy] += p * (level.r - proxy_);
      if (p > 0) f[kKl] += p * std::log(p / level.mass);
      for (std::size_t i = level.begin; i < level.end; ++i) {
        if (!given_.known(ranked_.rows[i].row)) continue;
        const double w = p * ranked_.rows[i].prior / level.mass;
        if (single)
          squares += w * w;
        else
          weights[ranked_.rows[i].piece] += w;
        known += w;
      }
    }
    for (const double w : weights) squares += w * w;
    f[kGain] = f[kValue];
    f[kValue] += reference_;
    f[kProxy] += proxy_;
    f[kReference] = reference_;
    f[kKl] = std::max(0.0, f[kKl]);
    result.ess = squares > 0 ? known / squares * known : 0;
    result.known = known;
    add_variance(result);
    if (within) f[kProxy] += reference_ - proxy_;
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
    const internal::Correction reference = internal::correction(prior, errors);
    const internal::Correction own = internal::correction(chosen, errors);
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
      result.variance.fill(internal::kInfinity);
      return;
    }
    const bool single = ranked_.present == ranked_.rows.size();
    std::vector<BestOfNFigures> moved(single ? 0 : ranked_.pieces);
    if (with_influence_) {
      result.gain_influence.resize(ranked_.pieces);
      result.value_influence.resize(ranked_.pieces);
    }
    BestOfNFigures sums{};
    BestOfNFigures squares{};
    const auto add_piece = [&](const BestOfNFigures& d, std::size_t piece) {
      for (std::size_t f = 0; f < kBestOfNFigures; ++f) {
        sums[f] += d[f];
        squares[f] += d[f] * d[f];
      }
      if (!with_influence_) return;
      result.gain_influence[piece] = d[kGain];
      result.value_influence[piece] = d[kValue];
    };
    double y_above = 0;
    double r_above = 0;
    double kl_above = 0;
    for (std::size_t b = chances_.size(); b-- > 0;) {
      const Level& level = ranked_.levels[b];
      const double below = std::exp((n - 1) * level.log_upper);  // F_b^{n-1}
      const double next = chance(n - 1, level);
      const double y = means_[b] - result.value[kValue];
      const double r = level.r - result.value[kProxy];
      const double density = chances_[b] / level.mass;
      const double kl = (density > 0 ? std::log(density) : 0) - result.value[kKl];
      const double r_move = n * (below * r + r_above);
      const double kl_move = n * (below * kl + kl_above) - (density - 1);
      for (std::size_t i = level.begin; i < level.end; ++i) {
        const Row& row = ranked_.rows[i];
        const double y_move = density * (rewards_[i].y - means_[b]) + n * (below * y + y_above);
        constexpr double kLeastRest = 1e-9;
        if (density * row.prior > 1 - kLeastRest) {  // it stands alone: there is no telling
          result.variance.fill(internal::kInfinity);
          result.gain_influence.clear();
          result.value_influence.clear();
          return;
        }
        const double pull = row.prior / (1 - density * row.prior);
        const double reference = row.prior / std::max(1 - row.prior, kLeastRest) *
                                 (rewards_[i].reference_y - reference_);
        const BestOfNFigures d{pull * y_move, pull * r_move, reference, pull * y_move - reference,
                               pull * kl_move};
        if (single) {
          add_piece(d, row.piece);
          continue;
        }
        for (std::size_t f = 0; f < kBestOfNFigures; ++f) moved[row.piece][f] += d[f];
      }
      y_above += next * y;
      r_above += next * r;
      kl_above += next * kl;
    }
    for (std::size_t piece = 0; piece < moved.size(); ++piece) add_piece(moved[piece], piece);
    for (std::size_t f = 0; f < kBestOfNFigures; ++f) {
      result.variance[f] =
          std::max(0.0, squares[f] - sums[f] * sums[f] / count) * (count - 1) / count;
    }
    const double scale = std::sqrt((count - 1) / count);
    for (double& d : result.gain_influence) d = (d - sums[kGain] / count) * scale;
    for (double& d : result.value_influence) d = (d - sums[kValue] / count) * scale;
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

void check(const BestOfNOptions& options) {
  constexpr double kMost = 1e15;
  if (!(options.n >= 1 && options.n <= kMost)) {
    throw UsageError(rejection("n", options.n, "must be from 1 to 1e15"));
  }
  if (options.enumerated && !options.predicted.empty()) {
    throw UsageError("enumerated: values are exact only where every gold reward is known");
  }
}

/// \param pieces  that tell an error: groups, or clusters of them, with known rewards
void judge(BestOfNValue& value, const TableCells& cells, double pieces) {
  if (value.coverage < kLeastCoverage) {
    value.reliable = false;
    value.remark = internal::too_little_coverage(value.coverage, "lower n");
    return;
  }
  if (cells.grouped) {
    value.reliable = pieces >= kLeastGroups;
    if (!value.reliable) value.remark = internal::too_few_groups(cells, pieces);
    return;
  }
  value.reliable = value.least_ess >= kLeastEffectiveRows;
  if (value.reliable) return;
  value.remark = "the best of " + number_text(value.n, 4) + " leaves " +
                 number_text(value.least_ess, 3) + " effective rows" +
                 (cells.cells() > 1 ? " in one of the strata" : "") + "; " +
                 number_text(kLeastEffectiveRows) + " are needed: lower n or take more rows";
}

}  // namespace

BestOfNValue internal::best_of_n_value(const RankedCells& ranked, std::span<const double> y,
                                       const BestOfNOptions& options) {
  check(options);
  const TableCells& cells = ranked.cells();
  const KnownGold given{y, options.predicted};
  KnownGold gold = given;
  internal::require_gold(gold, cells);
  if (!options.enumerated) internal::require_sampled(cells);
  auto pieces =
      static_cast<double>(given.partial() ? internal::known_pieces(given, cells) : cells.pieces());
  std::vector<double> corrected;
  if (gold.partial() && cells.grouped) {
    corrected = internal::corrected_within_groups(gold, cells);
    gold = {corrected, {}};
  }

  BestOfNValue result;
  result.n = options.n;
  result.kl_bound = best_of_n_kl_bound(options.n);
  const std::size_t count = cells.cells();
  result.groups = cells.grouped ? count : 0;
  std::vector<CellFigures> figures(count);
  const bool influence = options.influence && !options.enumerated && !cells.grouped;
  BestOfNFigures mean{};
  double squares = 0;
  for (std::size_t c = 0; c < count; ++c) {
    figures[c] = Cell(ranked[c], gold, given, options.n, influence).figures(cells.grouped);
    for (std::size_t f = 0; f < kBestOfNFigures; ++f)
      mean[f] += cells.share[c] * figures[c].value[f];
    squares += cells.share[c] * cells.share[c] / figures[c].ess;
    result.least_ess = c == 0 ? figures[c].ess : std::min(result.least_ess, figures[c].ess);
    result.coverage = c == 0 ? figures[c].coverage : std::min(result.coverage, figures[c].coverage);
    result.ess += figures[c].ess;
  }
  if (cells.grouped && given.partial()) {
    std::vector<double> shares;
    for (const CellFigures& each : figures) shares.push_back(each.known);
    const internal::GroupCoverage known = internal::group_coverage(given, cells, shares);
    result.coverage = known.coverage;
    pieces = std::min(pieces, known.groups);
  }
  if (cells.grouped) {
    result.least_ess = result.ess;
  } else {
    result.ess = 1 / squares;
  }
  for (std::size_t f = 0; f < kBestOfNFigures; ++f) {
    Estimate& estimate = result.*kBestOfNEstimates[f];
    estimate.value = mean[f];
    if (options.enumerated) continue;
    double variance = 0;
    std::vector<double> moved(cells.grouped ? cells.pieces() : 0);
    for (std::size_t c = 0; c < count; ++c) {
      if (cells.grouped) {
        moved[cells.piece[c]] += (figures[c].value[f] - mean[f]) / static_cast<double>(count);
      } else {
        variance += cells.share[c] * cells.share[c] * figures[c].variance[f];
      }
    }
    const auto all = static_cast<double>(cells.pieces());
    for (double& step : moved) {
      step *= std::sqrt(all / (all - 1));
      variance += step * step;
    }
    if (options.influence && f == kGain) result.gain_influence = moved;
    if (options.influence && f == kValue) result.value_influence = moved;
    estimate.standard_error = std::sqrt(variance);
    estimate.degrees_of_freedom = std::max(1.0, (cells.grouped ? pieces : result.ess) - 1);
  }
  if (influence && std::isfinite(result.gain.standard_error)) {
    for (std::size_t c = 0; c < count; ++c) {
      for (std::size_t p = 0; p < figures[c].gain_influence.size(); ++p) {
        result.gain_influence.push_back(cells.share[c] * figures[c].gain_influence[p]);
        result.value_influence.push_back(cells.share[c] * figures[c].value_influence[p]);
      }
    }
  }
  if (!options.enumerated) judge(result, cells, pieces);
  return result;
}

BestOfNValue best_of_n_value(std::span<const double> r, std::span<const double> y,
                             const TableReference& reference, const BestOfNOptions& options) {
  check(options);
  internal::require_rewards(r, "proxy reward", reference.rows);
  const TableCells cells = internal::table_cells(reference);
  return internal::best_of_n_value(RankedCells(cells, r), y, options);
}

double best_of_n_kl_bound(double n) {
  if (!(n >= 1) || std::isinf(n)) throw UsageError(rejection("n", n, "must be finite, at least 1"));
  // With u = log n it is u - 1 + e^-u.
  const double u = std::log1p(n - 1);
  return std::max(0.0, u + std::expm1(-u));
}

double equivalent_n(double kl) {
  if (!(kl >= 0 && kl <= 700)) throw UsageError(rejection("kl", kl, "must be from 0 to 700"));
  if (kl == 0) return 1;
  // g(u) = u + e^-u - 1 is convex and rises; both starts lie above its root, so that Newton's steps
  // go down to it.
  double u = std::min(kl + 1, std::sqrt(2 * kl) + kl);
  for (int i = 0; i < 100; ++i) {
    const double step = (u + std::expm1(-u) - kl) / -std::expm1(-u);
    u -= step;
    if (!(std::abs(step) > 1e-16 * u)) break;
  }
  return std::exp(u);
}

}  // namespace esscher
