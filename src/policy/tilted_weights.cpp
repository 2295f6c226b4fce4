// What the tilted weights of a table tell, beside the figures of tilted_table.cpp.

#include <algorithm>
#include <cmath>

#include "policy/tilted_table.h"

namespace esscher::internal {

template <class Take>
void TiltedTable::for_known(const KnownGold& gold, Take&& take) const {
  std::size_t next = 0;
  for (std::size_t c = 0; c < cells_.cells(); ++c) {
    const std::size_t end = cells_.begin[c + 1];
    if (!known_.empty()) {
      for (; next < known_.size() && known_[next] < end; ++next) take(c, known_[next]);
      continue;
    }
    for (std::size_t j = cells_.begin[c]; j < end; ++j) {
      if (gold.known(cells_.order[j])) take(c, j);
    }
  }
}

std::vector<double> TiltedTable::log_weights() const {
  std::vector<double> result(x_.size());
  for (std::size_t c = 0; c < cells_.cells(); ++c) {
    for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1]; ++j) {
      result[j] = log_weight(c, j);
    }
  }
  return result;
}

std::vector<double> TiltedTable::all_weights() const {
  std::vector<double> result(x_.size());
  for (std::size_t c = 0; c < cells_.cells(); ++c) {
    for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1]; ++j) {
      result[j] = cells_.share[c] * weight(c, j);
    }
  }
  return result;
}

std::vector<double> TiltedTable::drawn_log_weights(const KnownGold& gold) const {
  std::vector<double> result;
  for_known(gold, [&](std::size_t c, std::size_t j) {
    if (!cells_.is_placed(j)) result.push_back(log_weight(c, j));
  });
  return result;
}

std::vector<double> TiltedTable::piece_weights(const KnownGold& gold) const {
  std::vector<double> weights;
  if (cells_.single_rows()) {
    for_known(gold, [&](std::size_t c, std::size_t j) {
      if (!cells_.is_placed(j)) weights.push_back(cells_.share[c] * weight(c, j));
    });
    return weights;
  }
  weights.resize(cells_.pieces());
  for_known(gold, [&](std::size_t c, std::size_t j) {
    weights[cells_.piece[j]] += cells_.share[c] * weight(c, j);
  });
  return weights;
}

std::vector<double> TiltedTable::cell_ess(const KnownGold& gold,
                                          std::span<const double> pieces) const {
  const std::size_t count = cells_.cells();
  std::vector<double> sums(count);
  std::vector<double> squares(count);
  const auto add = [&](std::size_t c, double w) {
    sums[c] += w;
    squares[c] += w * w;
  };
  if (cells_.grouped || cells_.single_rows()) {
    for_known(gold, [&](std::size_t c, std::size_t j) {
      if (!cells_.is_placed(j)) add(c, weight(c, j));
    });
  } else {
    for (std::size_t c = 0; c < count; ++c) {
      for (std::size_t p = cells_.piece_begin[c]; p < cells_.piece_begin[c + 1]; ++p) {
        add(c, pieces[p] / cells_.share[c]);
      }
    }
  }
  std::vector<double> result(count);
  for (std::size_t c = 0; c < count; ++c) {
    // A group without labels has no effective row.
    const double least = gold.partial() && cells_.grouped ? 0.0 : 1.0;
    const auto most = static_cast<double>(cells_.grouped ? cells_.size(c) : cells_.pieces(c));
    const double found = sums[c] > 0 ? sums[c] / squares[c] * sums[c] : 0;
    result[c] = std::clamp(found, least, most);
  }
  return result;
}

std::vector<double> TiltedTable::known_shares(const KnownGold& gold) const {
  std::vector<double> shares(cells_.cells());
  for_known(gold, [&](std::size_t c, std::size_t j) { shares[c] += weight(c, j); });
  return shares;
}

double TiltedTable::greedy_kl() const {
  double kl = 0;
  for (std::size_t c = 0; c < cells_.cells(); ++c) {
    double largest = -kInfinity;
    double mass = 0;
    for (std::size_t j = cells_.begin[c]; j < cells_.begin[c + 1]; ++j) {
      if (cells_.prior[j] == 0 || x_[j] < largest) continue;
      if (x_[j] > largest) mass = 0;
      largest = x_[j];
      mass += cells_.prior[j];
    }
    kl -= cells_.share[c] * std::log(std::min(1.0, mass));
  }
  return std::max(0.0, kl);
}

}  // namespace esscher::internal
