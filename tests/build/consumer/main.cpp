#include <cstdint>
#include <cstdio>

#include "esscher/base/build_info.h"
#include "esscher/base/parallel.h"

int main() {
  const auto map = [](const esscher::Chunk& chunk) { return chunk.size(); };
  const auto add = [](std::uint64_t& total, std::uint64_t partial) { total += partial; };
  const auto counted =
      esscher::parallel_reduce_chunks(esscher::ChunkGrid(1000, 7), {}, std::uint64_t{0}, map, add);
  std::printf("%s\n", esscher::build_line().c_str());
  return counted.value == 1000 ? 0 : 1;
}
