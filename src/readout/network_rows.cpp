#include "esscher/readout/network_rows.h"

#include <algorithm>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/gemm.h"

namespace esscher {

NetworkRows::NetworkRows(const FirstLayer& layer, std::uint64_t rows, std::uint64_t seed,
                         std::string_view stage, std::uint64_t held_bytes, int threads)
    : layer_(reduced(layer)),
      activation_(layer_.activation, layer_.biases, layer_.mixture),
      rows_(rows),
      rest_stream_(seed, std::string(stage) + "/x") {
  for (std::size_t h = 0; h < layer.hidden; ++h) {
    const std::string number = h == 0 ? "" : std::to_string(h + 1);
    direction_streams_.emplace_back(seed, std::string(stage) + "/z" + number);
  }
  if (rows == 0) throw UsageError(rejection("rows", "0", "must be at least 1"));
  const std::uint64_t bytes =
      saturating_product(rows, saturating_product(columns(), sizeof(double)));
  if (bytes > held_bytes) return;
  held_ = Matrix<double>(static_cast<std::size_t>(rows), columns());
  constexpr std::uint64_t kChunkRows = 256;
  parallel_for_chunks(ChunkGrid(rows, kChunkRows), {threads, "", {}}, [&](const Chunk& chunk) {
    make(chunk.begin, held_.view().rows_from(static_cast<std::size_t>(chunk.begin),
                                             static_cast<std::size_t>(chunk.size())));
  });
}

void NetworkRows::fill(std::uint64_t first, MatrixView<double> out) const {
  if (out.columns != columns() || first > rows_ || out.rows > rows_ - first) {
    throw InternalError("rows " + std::to_string(first) + " to " +
                        std::to_string(first + out.rows) + " of " + std::to_string(rows_));
  }
  if (held_.empty()) {
    make(first, out);
  } else {
    HeldRows(held_.view()).fill(first, out);
  }
}

void NetworkRows::make(std::uint64_t first, MatrixView<double> out) const {
  const std::size_t k = layer_.weights.columns();
  const std::size_t hidden = direction_streams_.size();
  const std::size_t rest = k - hidden;
  std::vector<double> z(out.rows);
  for (std::size_t h = 0; h < hidden; ++h) {
    direction_streams_[h].fill_normal(first, z);
    for (std::size_t i = 0; i < out.rows; ++i) {
      for (std::size_t j = 0; j < out.columns; ++j) {
        const double part = z[i] * layer_.weights(j, h);
        out(i, j) = h == 0 ? part : out(i, j) + part;
      }
    }
  }
  Matrix<double> x(out.rows, rest);
  rest_stream_.fill_normal(first * rest, x.values());
  const MatrixView<const double> weights{layer_.weights.data() + hidden, columns(), rest, k};
  gemm(Operand::plain, x.view(), Operand::transposed, weights, 1.0, out);
  activation_.values(out);
}

std::vector<double> NetworkRows::directions() const {
  const std::size_t hidden = direction_streams_.size();
  std::vector<double> z(static_cast<std::size_t>(rows_));
  std::vector<double> directions(z.size() * hidden);
  for (std::size_t h = 0; h < hidden; ++h) {
    direction_streams_[h].fill_normal(0, z);
    for (std::size_t i = 0; i < z.size(); ++i) directions[i * hidden + h] = z[i];
  }
  return directions;
}

}  // namespace esscher
