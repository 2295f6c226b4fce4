#include "pipeline/best_of_n_choices.h"

#include <algorithm>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/temperature/simultaneous_gains.h"
#include "policy/shared_cells.h"
#include "temperature/advised_points.h"

namespace esscher::internal {
namespace {

std::vector<double> doubling(const TableCells& cells) {
  std::size_t rows = cells.grouped ? 0 : cells.order.size();
  for (std::size_t c = 0; cells.grouped && c < cells.cells(); ++c) {
    rows = std::max(rows, cells.size(c));
  }
  const double most = std::min(kMostCandidates, static_cast<double>(rows));
  std::vector<double> numbers;
  for (double n = 2; n <= std::max(2.0, most); n *= 2) numbers.push_back(n);
  return numbers;
}

/// Of the KL that n draws reach where scores do not tie, a share: below it ties, or the end of a
/// group, hold back what more draws can do, and what was before tells nothing of what comes.
constexpr double kUnheld = 0.9;

/// From the choices that rows can tell; none where the strongest are held back.
std::optional<Forecast> forecast(const std::vector<BestOfNValue>& values) {
  std::vector<ForecastPoint> points;
  for (const BestOfNValue& best : values) {
    const bool told =
        best.groups > 0 ? best.reliable
                        : best.ess >= kLeastRows && known_where_it_goes(best.coverage, best.beyond);
    if (!told) continue;
    if (best.kl.value < kUnheld * best.kl_bound) return std::nullopt;
    points.push_back({best.kl.value, best.gain, best.gain_influence});
  }
  return forecast_rise(points);
}

}  // namespace

void check_candidates(std::span<const double> numbers) {
  double last = 1;
  for (const double n : numbers) {
    if (!(n > last && n <= 1e15)) {
      throw UsageError(rejection("best_of", n, "must be above 1 and at most 1e15, ascending"));
    }
    last = n;
  }
}

std::vector<BestOfNValue> best_of_n_choices(std::span<const double> r, std::span<const double> y,
                                            const TableCells& cells, BestOfNOptions options,
                                            const ExpectedGold& expected,
                                            std::vector<double> numbers) {
  const bool open = numbers.empty();
  if (open) numbers = doubling(cells);
  options.influence = true;
  const RankedCells ranked(cells, r);
  std::vector<BestOfNValue> values;
  for (const double n : numbers) {
    const std::vector<double> predicted = expected(n);
    options.n = n;
    options.predicted = predicted;
    values.push_back(best_of_n_value(ranked, y, options));
    fold_influences(values.back());
    const bool exact = options.enumerated && options.label_noise.empty();
    const bool told = values.back().groups > 0 || exact || values.back().ess >= kLeastRows;
    // More candidates leave fewer still.
    if (open && !told) break;
  }
  return values;
}

std::vector<double> labelled_choices(std::span<const double> r, std::span<const double> y,
                                     const TableCells& cells, std::vector<double> numbers,
                                     std::vector<BestOfNValue>& values) {
  const auto known = [](double) { return std::vector<double>{}; };
  values = best_of_n_choices(r, y, cells, {}, known, std::move(numbers));
  std::vector<double> told;
  for (const BestOfNValue& best : values) told.push_back(best.n);
  return told;
}

std::optional<std::size_t> advise_choices(std::span<ChoiceSeries> rewards, double alpha,
                                          std::uint64_t seed) {
  std::vector<GainSeries<BestOfNValue>> told;
  for (const ChoiceSeries& reward : rewards) {
    reward.forecast = forecast(*reward.told.points);
    told.push_back(reward.told);
  }
  tell_gains(told, alpha, seed);
  double most = 0;
  std::optional<std::size_t> recommended;
  for (std::size_t k = 0; k < rewards.size(); ++k) {
    ChoiceSeries& reward = rewards[k];
    reward.advice = advise_best_of_n(*reward.told.points, *reward.told.gains, reward.reward,
                                     reward.told.of_labelled());
    if (reward.advice.gain && cautious_gain(*reward.advice.gain) > most) {
      most = cautious_gain(*reward.advice.gain);
      recommended = k;
    }
  }
  return recommended;
}

}  // namespace esscher::internal
