#include "esscher/io/feature_rows.h"

#include <algorithm>

namespace esscher {

void HeldFeatures::gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(values_.row(static_cast<std::size_t>(rows[i])), out.row(i).begin());
  }
}

}  // namespace esscher
