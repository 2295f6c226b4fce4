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
#include "policy/table_cells.h"

namespace esscher {
namespace {

using internal::kLeastCoverage;
using internal::kLeastEffectiveRows;
using internal::kLeastGroups;
using internal::KnownGold;
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

/// Rows of one proxy reward, in ascending order of it.
struct Level {
  std::size_t begin = 0;  ///< in the sorted rows
  std::size_t end = 0;
  double mass = 0;    ///< m_b
  double above = 0;   ///< 1 - F_b
  double chance = 0;  ///< of being chosen from
  double y = 0;       ///< mean
  double r = 0;
};

struct CellFigures {
  BestOfNFigures value{};
  BestOfNFigures variance{};
  double ess = 0;
  double known = 1;  ///< weight of the known rows
  double coverage = 1;
  std::vector<double> gain_influence{};  ///< of its pieces, without groups
  std::vector<double> value_influence{};
};

/// (1 - above)^power - (1 - above - mass)^power, with its digits where it is small.
double chance(double power, const Level& level) {
  const double low = level.above + level.mass;
  if (power == 0) return low >= 1 ? 1 : 0;
  const double upper = power * std::log1p(-level.above);
  if (low >= 1) return std::exp(upper);
  return std::exp(upper) * -std::expm1(power * std::log1p(-low) - upper);
}

/// A cell of which best-of-n is taken.
class Cell {
 public:
  /// \param given  what is known; with groups \p gold stands for all of it
  Cell(const TableCells& cells, std::size_t c, std::span<const double> r, const KnownGold& gold,
       const KnownGold& given, double n)
      : n_(n), rows_(cells.size(c)) {
    const std::size_t first = cells.grouped ? 0 : cells.piece_begin[c];
    std::vector<bool> present(cells.grouped ? rows_.size() : cells.pieces(c));
    for (std::size_t j = 0; j < rows_.size(); ++j) {
      const std::size_t at = cells.begin[c] + j;
      const std::size_t piece = cells.grouped ? j : cells.piece[at] - first;
      const std::size_t i = cells.order[at];
      rows_[j] = {cells.prior[at], r[i], gold.y[i], gold.y[i], piece, i, given.known(i)};
      if (rows_[j].prior > 0) present[piece] = true;
    }
    pieces_ = present.size();
    present_ = static_cast<std::size_t>(std::ranges::count(present, true));
    std::erase_if(rows_, [](const Row& row) { return row.prior == 0; });
    std::ranges::stable_sort(rows_, {}, &Row::r);
    // From above, so that the few best rows, which large n looks at, keep their digits.
    double above = 0;
    for (std::size_t end = rows_.size(); end > 0;) {
      Level level{end, end, 0, above, 0, 0, rows_[end - 1].r};
      while (level.begin > 0 && rows_[level.begin - 1].r == level.r) {
        level.mass += rows_[--level.begin].prior;
      }
      // Rounding must not carry it to 1 before the lowest level.
      above = std::min(above + level.mass, std::nextafter(1.0, 0.0));
      end = level.begin;
      levels_.push_back(level);
    }
    std::ranges::reverse(levels_);
    // The lowest reaches down to F = 0, whatever rounding made of the sum.
    levels_.front().mass = std::max(levels_.front().mass, 1 - levels_.front().above);
    for (Level& level : levels_) level.chance = chance(n, level);
    if (gold.partial()) correct(gold);
    for (Level& level : levels_) {
      for (std::size_t i = level.begin; i < level.end; ++i) {
        level.y += rows_[i].prior * rows_[i].y;
        reference_ += rows_[i].prior * rows_[i].reference_y;
        proxy_ += rows_[i].prior * rows_[i].r;
      }
      level.y /= level.mass;
    }
  }

  /// \param within  of groups: r, whose level is nobody's there, is put on that of y
  CellFigures figures(bool within) const {
    CellFigures result;
    result.coverage = coverage_;
    BestOfNFigures& f = result.value;
    std::vector<double> weights(pieces_);
    double known = 0;
    for (const Level& level : levels_) {
      const double p = level.chance;
      f[kValue] += p * (level.y - reference_);
      f[kProxy] += p * (level.r - proxy_);
      if (p > 0) f[kKl] += p * std::log(p / level.mass);
      for (std::size_t i = level.begin; i < level.end; ++i) {
        if (!rows_[i].known) continue;
        weights[rows_[i].piece] += p * rows_[i].prior / level.mass;
        known += p * rows_[i].prior / level.mass;
      }
    }
    f[kGain] = f[kValue];
    f[kValue] += reference_;
    f[kProxy] += proxy_;
    f[kReference] = reference_;
    f[kKl] = std::max(0.0, f[kKl]);
    double squares = 0;
    for (const double w : weights) squares += w * w;
    result.ess = squares > 0 ? known / squares * known : 0;
    result.known = known;
    add_variance(result);
    if (within) f[kProxy] += reference_ - proxy_;
    return result;
  }

 private:
  struct Row {
    double prior = 0;
    double r = 0;
    double y = 0;            ///< as the choices' law has it
    double reference_y = 0;  ///< as pi_0 has it: another only where not all of the gold is known
    std::size_t piece = 0;
    std::size_t row = 0;  ///< of the table
    bool known = true;
  };

  /// Puts rewards in the place of those that are not known.
  void correct(const KnownGold& gold) {
    std::vector<double> prior;
    std::vector<double> chosen;
    std::vector<double> y;
    std::vector<double> predicted;
    for (const Level& level : levels_) {
      for (std::size_t i = level.begin; i < level.end; ++i) {
        prior.push_back(rows_[i].prior);
        chosen.push_back(level.chance * rows_[i].prior / level.mass);
        y.push_back(gold.y[rows_[i].row]);
        predicted.push_back(gold.predicted[rows_[i].row]);
      }
    }
    std::vector<double> corrected(rows_.size());
    const double prior_share = internal::correct(prior, y, predicted, corrected);
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].reference_y = corrected[i];
    coverage_ = internal::correct(chosen, y, predicted, corrected) / prior_share;
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].y = corrected[i];
  }

  /// Weight at a row of level b moves that level's choice towards the row, and pushes F_c up for
  /// all c >= b: d/dm sum_c (F_c^n - F_{c-1}^n) g_c = n F_b^{n-1} g_b + n sum_{c > b} (F_c^{n-1} -
  /// F_{c-1}^{n-1}) g_c, less n times the whole for the normalisation.
  void add_variance(CellFigures& result) const {
    const double n = n_;
    const auto count = static_cast<double>(present_);
    if (present_ < 2) {
      result.variance.fill(internal::kInfinity);
      return;
    }
    std::vector<BestOfNFigures> moved(pieces_);
    double y_above = 0;
    double r_above = 0;
    double kl_above = 0;
    for (std::size_t b = levels_.size(); b-- > 0;) {
      const Level& level = levels_[b];
      const double below = std::exp((n - 1) * std::log1p(-level.above));  // F_b^{n-1}
      const double next = chance(n - 1, level);
      const double y = level.y - result.value[kValue];
      const double r = level.r - result.value[kProxy];
      const double density = level.chance / level.mass;
      const double kl = (density > 0 ? std::log(density) : 0) - result.value[kKl];
      const double r_move = n * (below * r + r_above);
      const double kl_move = n * (below * kl + kl_above) - (density - 1);
      for (std::size_t i = level.begin; i < level.end; ++i) {
        const Row& row = rows_[i];
        const double y_move = density * (row.y - level.y) + n * (below * y + y_above);
        constexpr double kLeastRest = 1e-9;
        if (density * row.prior > 1 - kLeastRest) {  // it stands alone: there is no telling
          result.variance.fill(internal::kInfinity);
          return;
        }
        const double pull = row.prior / (1 - density * row.prior);
        const double reference =
            row.prior / std::max(1 - row.prior, kLeastRest) * (row.reference_y - reference_);
        const BestOfNFigures d{pull * y_move, pull * r_move, reference, pull * y_move - reference,
                               pull * kl_move};
        for (std::size_t f = 0; f < kBestOfNFigures; ++f) moved[row.piece][f] += d[f];
      }
      y_above += next * y;
      r_above += next * r;
      kl_above += next * kl;
    }
    BestOfNFigures sums{};
    BestOfNFigures squares{};
    for (const BestOfNFigures& d : moved) {
      for (std::size_t f = 0; f < kBestOfNFigures; ++f) {
        sums[f] += d[f];
        squares[f] += d[f] * d[f];
      }
    }
    for (std::size_t f = 0; f < kBestOfNFigures; ++f) {
      result.variance[f] =
          std::max(0.0, squares[f] - sums[f] * sums[f] / count) * (count - 1) / count;
    }
    const double scale = std::sqrt((count - 1) / count);
    for (const BestOfNFigures& d : moved) {
      result.gain_influence.push_back((d[kGain] - sums[kGain] / count) * scale);
      result.value_influence.push_back((d[kValue] - sums[kValue] / count) * scale);
    }
  }

  double n_;
  std::vector<Row> rows_;
  std::size_t pieces_ = 0;   ///< of the cell, rows or clusters; of a group its rows
  std::size_t present_ = 0;  ///< those with weight
  std::vector<Level> levels_;
  double reference_ = 0;
  double proxy_ = 0;
  double coverage_ = 1;
};

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

BestOfNValue best_of_n_value(std::span<const double> r, std::span<const double> y,
                             const TableReference& reference, const BestOfNOptions& options) {
  constexpr double kMost = 1e15;
  if (!(options.n >= 1 && options.n <= kMost)) {
    throw UsageError(rejection("n", options.n, "must be from 1 to 1e15"));
  }
  internal::require_rewards(r, "proxy reward", reference.rows);
  if (options.enumerated && !options.predicted.empty()) {
    throw UsageError("enumerated: values are exact only where every gold reward is known");
  }
  const TableCells cells = internal::table_cells(reference);
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
  BestOfNFigures mean{};
  double squares = 0;
  for (std::size_t c = 0; c < count; ++c) {
    figures[c] = Cell(cells, c, r, gold, given, options.n).figures(cells.grouped);
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
  if (options.influence && !options.enumerated && !cells.grouped &&
      std::isfinite(result.gain.standard_error)) {
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
