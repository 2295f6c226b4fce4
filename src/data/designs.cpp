#include "esscher/data/designs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

#include "esscher/base/parallel.h"

namespace esscher {
namespace {

constexpr std::uint64_t kHashedRows = 1024;

struct Hash {
  std::array<std::uint64_t, 2> words{};
  friend bool operator==(const Hash&, const Hash&) = default;
};

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of the input moves every other.
std::uint64_t mixed(std::uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  return word ^ (word >> 31);
}

Hash hash_of(std::span<const double> row, std::uint64_t group) {
  Hash hash{{0x9e3779b97f4a7c15ULL ^ group, 0xd1b54a32d192ed03ULL + group}};
  for (const double value : row) {
    const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
    hash.words[0] = mixed(hash.words[0] ^ bits) + 0x9e3779b97f4a7c15ULL;
    hash.words[1] = mixed(hash.words[1] + bits) ^ 0x2545f4914f6cdd1dULL;
  }
  return hash;
}

}  // namespace

Designs find_designs(const FeatureRows& features, std::span<const std::uint64_t> rows,
                     std::span<const std::uint32_t> groups, int threads) {
  std::vector<Hash> hashes(rows.size());
  parallel_for_chunks(
      ChunkGrid(rows.size(), kHashedRows), {threads, "designs", {}}, [&](const Chunk& chunk) {
        Matrix<double> block(static_cast<std::size_t>(chunk.size()), features.columns());
        features.gather(rows.subspan(chunk.begin, chunk.size()), block.view());
        for (std::size_t i = 0; i < block.rows(); ++i) {
          const std::uint64_t row = rows[chunk.begin + i];
          hashes[chunk.begin + i] = hash_of(block.row(i), groups.empty() ? 0 : groups[row] + 1ULL);
        }
      });
  // Sorted by hash and place, equal ones stand behind their first; a map would take thrice as much
  // memory.
  std::vector<std::uint64_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  std::ranges::sort(order, {}, [&](std::uint64_t i) { return std::pair(hashes[i].words, i); });
  std::vector<std::uint64_t> first(rows.size());
  for (std::size_t at = 0; at < order.size(); ++at) {
    const bool is_new = at == 0 || hashes[order[at]] != hashes[order[at - 1]];
    first[order[at]] = is_new ? order[at] : first[order[at - 1]];
  }
  Designs designs;
  designs.of_row.resize(rows.size());
  for (std::uint64_t i = 0; i < first.size(); ++i) {
    if (first[i] == i) {
      designs.of_row[i] = static_cast<std::uint32_t>(designs.size());
      designs.first.push_back(i);
      designs.count.push_back(0);
    } else {
      designs.of_row[i] = designs.of_row[first[i]];
    }
    ++designs.count[designs.of_row[i]];
  }
  return designs;
}

void ChosenRows::gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  std::vector<std::uint64_t> own;
  own.reserve(rows.size());
  for (const std::uint64_t row : rows) own.push_back(rows_[row]);
  features_.gather(own, out);
}

}  // namespace esscher
