#include "policy/above_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace esscher::internal {
namespace {

/// Odds of what n rows miss: this part of those of what one in kThinned of them misses.
constexpr double kMissedPart = 0.5;
constexpr std::size_t kThinned = 24;
/// And of one in so many, and in twice as many, the score above them: four doublings below n.
constexpr std::size_t kThinnedScore = 16;
constexpr double kDoublings = 4;
/// Beyond 1 less this one row has all of the weight: there is no telling.
constexpr double kLeastShown = 1e-9;
/// Rows below so many others, drawn by themselves, have a chance below 1e-13 of being above a
/// thinned table.
constexpr std::size_t kHighRows = 1024;

/// A row that may lie above thinned tables.
struct HighRow {
  double score = 0;
  double weight = 0;
  std::uint32_t piece = 0;
};

std::vector<HighRow> high_rows(const TableCells& cells, std::size_t c,
                               std::span<const double> scores, std::span<const double> weights) {
  std::vector<HighRow> rows;
  for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
    if (!(cells.prior[j] > 0) || cells.is_placed(j)) continue;
    rows.push_back({scores[cells.order[j]], weights[j], cells.piece[j]});
  }
  const auto higher = [](const HighRow& a, const HighRow& b) { return a.score > b.score; };
  // Of clusters, a few may hold all the high rows.
  const bool single = cells.pieces(c) == cells.size(c);
  const std::size_t kept = single ? std::min(rows.size(), kHighRows) : rows.size();
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(kept);
  std::ranges::partial_sort(rows, end, higher);
  rows.erase(end, rows.end());
  return rows;
}

/// What lies above the highest of some of the rows, on average.
struct Missed {
  double share = 0;
  double score = 0;     ///< mean
  double variance = 0;  ///< of the score
};
/// \param high   descending
/// \param n      rows or clusters, of which \p m are drawn
/// \param total  weight of all rows
Missed missed(std::span<const HighRow> high, std::size_t n, std::size_t m, double total) {
  Missed result;
  double chance = 1;    // that of the m none is among the pieces so far but one
  std::size_t met = 0;  // pieces
  std::vector<std::uint32_t> seen;
  double mean = 0;
  double square = 0;
  const double first = high.front().score;
  for (std::size_t begin = 0; begin < high.size() && chance > 0;) {
    std::size_t end = begin;
    for (; end < high.size() && high[end].score == high[begin].score; ++end) {
      const auto at = std::ranges::lower_bound(seen, high[end].piece);
      if (at != seen.end() && *at == high[end].piece) continue;
      seen.insert(at, high[end].piece);
      if (met++ == 0) continue;
      const std::size_t above = met - 1;
      chance *=
          above + m < n ? static_cast<double>(n - above - m) / static_cast<double>(n - above) : 0.0;
    }
    for (; begin < end; ++begin) {
      const double weight = chance * high[begin].weight;
      const double below = high[begin].score - first;
      result.share += weight;
      mean += weight * below;
      square += weight * below * below;
    }
  }
  if (!(result.share > 0)) return result;
  mean /= result.share;
  result.variance = std::max(0.0, square / result.share - mean * mean);
  result.score = first + mean;
  result.share /= total;
  return result;
}

std::size_t thinned(std::size_t n, std::size_t by) { return std::max<std::size_t>(1, n / by); }

/// Of what lies above all n.
struct ScoreAbove {
  double mean = 0;
  double variance = 0;
};

/// None where thinned tables miss nothing.
std::optional<ScoreAbove> score_above(std::span<const HighRow> high, std::size_t n, double total) {
  const Missed near = missed(high, n, thinned(n, kThinnedScore), total);
  const Missed far = missed(high, n, thinned(n, 2 * kThinnedScore), total);
  if (!(near.share > 0 && far.share > 0)) return std::nullopt;
  return ScoreAbove{near.score + kDoublings * (near.score - far.score), near.variance};
}

/// Gold as a curve of second degree in the score, by two polynomials that are orthogonal under the
/// policy.
class Curve {
 public:
  Curve(const TableCells& cells, std::size_t c, std::span<const double> scores,
        std::span<const double> gold, std::span<const double> weights) {
    const auto is_known = [&](std::size_t j) {
      return weights[j] > 0 && !std::isnan(gold[cells.order[j]]);
    };
    double total = 0;
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      if (is_known(j)) total += weights[j];
    }
    const auto for_rows = [&](const auto& take) {
      for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
        if (is_known(j)) take(j, weights[j] / total, scores[cells.order[j]], gold[cells.order[j]]);
      }
    };
    double mean_y = 0;
    for_rows([&](std::size_t, double w, double r, double y) {
      mean_ += w * r;
      mean_y += w * y;
    });
    double third = 0;
    double fourth = 0;
    for_rows([&](std::size_t, double w, double r, double) {
      const double u = r - mean_;
      second_ += w * u * u;
      third += w * u * u * u;
      fourth += w * u * u * u * u;
    });
    if (!(second_ > 0)) return;
    tilt_ = third / second_;
    // Of two scores there is no curve.
    const double norm = fourth - third * tilt_ - second_ * second_;
    constexpr double kRounding = 1e-9;
    norm_ = norm > kRounding * fourth ? norm : 0;
    for_rows([&](std::size_t, double w, double r, double y) {
      const double u = r - mean_;
      slope_ += w * u * (y - mean_y) / second_;
      if (norm_ > 0) bend_ += w * bend(u, u * u) * (y - mean_y) / norm_;
    });
    moved_.assign(cells.pieces(c), 0);
    line_.assign(cells.pieces(c), 0);
    for_rows([&](std::size_t j, double w, double r, double y) {
      const double u = r - mean_;
      const double rest = w * (y - mean_y - slope_ * u - bend_ * bend(u, u * u));
      const std::size_t piece = cells.piece[j] - cells.piece_begin[c];
      line_[piece] += rest * u / second_;
      if (norm_ > 0) moved_[piece] += rest * bend(u, u * u) / norm_;
    });
  }

  double mean() const { return mean_; }

  /// Less the policy's gold, where scores have this mean less the policy's and this variance; and
  /// its error.
  void at(double score, double variance, AboveRows& above) const {
    const double bent = bend(score, score * score + variance);
    above.score = score;
    above.gold = slope_ * score + bend_ * bent;
    double square = 0;
    for (std::size_t p = 0; p < line_.size(); ++p) {
      const double moved = line_[p] * score + moved_[p] * bent;
      square += moved * moved;
    }
    above.gold_error = std::sqrt(square);
  }

 private:
  double bend(double u, double square) const { return square - tilt_ * u - second_; }

  double mean_ = 0;    ///< of the score
  double second_ = 0;  ///< its variance
  double tilt_ = 0;
  double norm_ = 0;
  double slope_ = 0;
  double bend_ = 0;
  std::vector<double> line_;   ///< what pieces move the slope by
  std::vector<double> moved_;  ///< and the bend
};

}  // namespace

AboveRows above_rows(const TableCells& cells, std::size_t cell, std::span<const double> scores,
                     std::span<const double> gold, std::span<const double> weights) {
  AboveRows above;
  double total = 0;
  for (std::size_t j = cells.begin[cell]; j < cells.begin[cell + 1]; ++j) total += weights[j];
  const std::vector<HighRow> high = high_rows(cells, cell, scores, weights);
  const std::size_t n = cells.drawn(cell);
  if (!(total > 0) || high.empty() || n < 2) return above;
  const double share = missed(high, n, thinned(n, kThinned), total).share;
  const std::optional<ScoreAbove> score = score_above(high, n, total);
  if (!score || !(share < 1 - kLeastShown)) return above;
  above.odds = kMissedPart * share / (1 - share);
  const Curve curve(cells, cell, scores, gold, weights);
  curve.at(score->mean - curve.mean(), score->variance, above);
  return above;
}

Figures errors_above(const TableCells& cells, std::span<const double> scores,
                     std::span<const double> gold, std::span<const double> weights, double beta) {
  double value = 0;
  double gain = 0;
  double variance = 0;
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    const AboveRows above = above_rows(cells, c, scores, gold, weights);
    const double odds = cells.share[c] * above.odds;
    value += odds * above.gold;
    // KL, beta times, is the score's mean less beta log Z.
    gain += odds * (above.gold - above.score + beta);
    variance += odds * above.gold_error * (odds * above.gold_error);
  }
  const double error = std::sqrt(variance);
  Figures errors{};
  errors[kValue] = errors[kRise] = errors[kOver] = std::max(0.0, error - value);
  errors[kObjective] = errors[kGain] = std::max(0.0, error - gain);
  return errors;
}

namespace {

/// \param draws  the best of which is chosen
AboveRows above_choice(const TableCells& cells, std::size_t cell, std::span<const double> scores,
                       std::span<const double> gold, std::span<const double> weights,
                       double draws) {
  AboveRows above;
  const std::vector<HighRow> high = high_rows(cells, cell, scores, cells.prior);
  const std::size_t n = cells.drawn(cell);
  if (high.empty() || n < 2) return above;
  const std::optional<ScoreAbove> score = score_above(high, n, 1);
  if (!score) return above;
  double share = 1;  // of draws
  for (std::size_t j = cells.begin[cell]; j < cells.begin[cell + 1]; ++j) {
    if (cells.is_placed(j)) share -= cells.prior[j];
  }
  // One draw is a row of the table's law, whose error is that of a mean. More than all is not
  // above.
  above.odds = std::clamp(share * (draws - 1) / static_cast<double>(n), 0.0, 1.0);
  const Curve curve(cells, cell, scores, gold, weights);
  curve.at(score->mean - curve.mean(), score->variance, above);
  return above;
}

}  // namespace

double error_above_choice(const TableCells& cells, std::span<const double> scores,
                          std::span<const double> gold, std::span<const double> weights, double n) {
  double value = 0;
  double variance = 0;
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    const AboveRows above = above_choice(cells, c, scores, gold, weights, n);
    const double odds = cells.share[c] * above.odds;
    value += odds * above.gold;
    variance += odds * above.gold_error * (odds * above.gold_error);
  }
  return std::max(0.0, std::sqrt(variance) - value);
}

}  // namespace esscher::internal
