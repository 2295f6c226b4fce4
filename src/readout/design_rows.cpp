#include <algorithm>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
#include "esscher/readout/ridge.h"
#include "readout/affine.h"

namespace esscher {

void HeldRows::fill(std::uint64_t first, MatrixView<double> out) const {
  if (out.columns != values_.columns || first > values_.rows || out.rows > values_.rows - first) {
    throw InternalError("rows " + std::to_string(first) + " to " +
                        std::to_string(first + out.rows) + " of " + std::to_string(values_.rows));
  }
  for (std::size_t i = 0; i < out.rows; ++i) {
    std::ranges::copy(values_.row(static_cast<std::size_t>(first) + i), out.row(i).begin());
  }
}

std::vector<double> predict(const DesignRows& rows, std::span<const double> coefficients,
                            double intercept, int threads) {
  if (coefficients.size() != rows.columns()) {
    throw UsageError(rejection("coefficients", std::to_string(coefficients.size()) + " values",
                               "rows have " + std::to_string(rows.columns()) + " columns"));
  }
  constexpr std::uint64_t kChunkRows = 512;
  std::vector<double> out(static_cast<std::size_t>(rows.rows()));
  parallel_for_chunks(
      ChunkGrid(rows.rows(), kChunkRows), {threads, "", {}}, [&](const Chunk& chunk) {
        Matrix<double> block(static_cast<std::size_t>(chunk.size()), rows.columns());
        rows.fill(chunk.begin, block.view());
        for (std::size_t i = 0; i < block.rows(); ++i) {
          out[chunk.begin + i] = internal::affine(block.row(i), coefficients, intercept);
        }
      });
  return out;
}

}  // namespace esscher
