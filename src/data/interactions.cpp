#include "esscher/data/interactions.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "esscher/base/error.h"

namespace esscher {
namespace {

/// The column behind the last of each column's block. \throws InternalError where a block is torn
std::vector<std::size_t> block_ends(const std::vector<int>& blocks) {
  std::vector<std::size_t> ends(blocks.size());
  std::set<int> seen;
  for (std::size_t begin = 0; begin < blocks.size();) {
    std::size_t end = begin + 1;
    if (blocks[begin] >= 0) {
      if (!seen.insert(blocks[begin]).second) {
        throw InternalError("the columns of one-hot block " + std::to_string(blocks[begin]) +
                            " do not lie side by side");
      }
      while (end < blocks.size() && blocks[end] == blocks[begin]) ++end;
    }
    for (; begin < end; ++begin) ends[begin] = end;
  }
  return ends;
}

}  // namespace

std::size_t interaction_columns(const std::vector<int>& blocks) {
  std::size_t columns = blocks.size();
  for (const std::size_t end : block_ends(blocks)) columns += blocks.size() - end;
  return columns;
}

PairInteractions::PairInteractions(std::shared_ptr<const FeatureRows> base,
                                   const std::vector<int>& blocks,
                                   const std::vector<std::string>& names)
    : base_(std::move(base)), partner_(block_ends(blocks)), product_(blocks.size()) {
  const std::size_t d = base_->columns();
  if (blocks.size() != d || names.size() != d) {
    throw InternalError(std::to_string(blocks.size()) + " blocks and " +
                        std::to_string(names.size()) + " names for " + std::to_string(d) +
                        " columns");
  }
  std::size_t columns = d;
  for (std::size_t i = 0; i < d; ++i) {
    product_[i] = columns;
    columns += d - partner_[i];
  }
  if (columns > kGreatestInteractionColumns) {
    throw UsageError(rejection("--interactions", "2",
                               std::to_string(d) + " features make " + std::to_string(columns) +
                                   " columns with their pairs, more than " +
                                   std::to_string(kGreatestInteractionColumns),
                               "choose fewer --features, or leave pairs out"));
  }
  names_ = names;
  names_.reserve(columns);
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = partner_[i]; j < d; ++j) names_.push_back(names[i] + " * " + names[j]);
  }
}

void PairInteractions::gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  const std::size_t d = base_->columns();
  base_->gather(rows, {out.data, rows.size(), d, out.stride});
  std::vector<std::size_t> present;
  present.reserve(d);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::span<double> row = out.row(r);
    std::ranges::fill(row.subspan(d), 0.0);
    present.clear();
    for (std::size_t j = 0; j < d; ++j) {
      if (row[j] != 0) present.push_back(j);
    }
    for (std::size_t a = 0; a < present.size(); ++a) {
      const std::size_t i = present[a];
      for (std::size_t b = a + 1; b < present.size(); ++b) {
        const std::size_t j = present[b];
        if (j < partner_[i]) continue;
        const std::size_t column = product_[i] + (j - partner_[i]);
        row[column] = row[i] * row[j];
        if (!std::isfinite(row[column])) {
          throw DataError("row " + std::to_string(rows[r] + 1) + ", feature " + names_[column] +
                          ": the product overflows; change the features' units");
        }
      }
    }
  }
}

}  // namespace esscher
