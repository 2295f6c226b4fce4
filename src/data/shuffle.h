#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "esscher/base/random.h"

namespace esscher::internal {

/// Brings a random choice of \p count of the entries to the front, in random order (Fisher and
/// Yates from the front: draw i decides entry i, so a smaller count gives the first entries of a
/// larger one). Uses uniforms first, first + 1, ... of \p stream. Every order is equally probable
/// within n^2 2^-52.
template <class T>
void shuffle_front(std::span<T> values, std::size_t count, const RandomStream& stream,
                   std::uint64_t first = 0) {
  std::array<double, 256> uniforms;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i % uniforms.size();
    if (at == 0) {
      stream.fill_uniform(first + i,
                          std::span(uniforms).first(std::min(uniforms.size(), count - i)));
    }
    const std::size_t left = values.size() - i;
    // The product can round up to `left`.
    const auto step =
        std::min(static_cast<std::size_t>(uniforms[at] * static_cast<double>(left)), left - 1);
    std::swap(values[i], values[i + step]);
  }
}

template <class T>
void shuffle(std::span<T> values, const RandomStream& stream, std::uint64_t first = 0) {
  shuffle_front(values, values.size(), stream, first);
}

}  // namespace esscher::internal
