#include "refinement/few_rows.h"

#include <algorithm>

#include "esscher/base/random.h"

namespace esscher::internal {

FewRows::FewRows(const MetricSample& sample, std::size_t count)
    : count_of_folds_(std::ranges::max(sample.folds) + 1) {
  const std::size_t n = sample.labels.size();
  const bool grouped = !sample.groups.empty();
  std::vector<double> draws(grouped ? std::size_t{std::ranges::max(sample.groups)} + 1 : n);
  RandomStream(0, "refinement/few rows").fill_uniform(0, draws);
  const double share = static_cast<double>(count) / static_cast<double>(n);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < n; ++i) {
    if (draws[grouped ? sample.groups[i] : i] < share) rows.push_back(i);
  }
  x_ = Matrix<double>(rows.size(), sample.x.columns);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(sample.x.row(rows[i]), x_.row(i).begin());
  }
  const auto take = [&](const auto& from, auto& into) {
    if (from.empty()) return;
    for (const std::size_t i : rows) into.push_back(from[i]);
  };
  take(sample.labels, labels_);
  take(sample.weights, weights_);
  take(sample.groups, groups_);
  take(sample.folds, folds_);
}

bool FewRows::serve() const {
  std::vector<double> mass(count_of_folds_);
  for (std::size_t i = 0; i < folds_.size(); ++i) {
    mass[folds_[i]] += weights_.empty() ? 1 : weights_[i];
  }
  return std::ranges::all_of(mass, [](double w) { return w > 0; });
}

}  // namespace esscher::internal
