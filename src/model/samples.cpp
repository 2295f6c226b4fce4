#include "esscher/model/samples.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/error.h"

namespace esscher {

void add_noise(const Noise& noise, const RandomStream& stream, std::uint64_t first,
               std::span<double> y) {
  if (noise.kind() == NoiseKind::none) return;
  // Blocks, so that a long span costs no memory of its own size.
  constexpr std::size_t kBlock = 1024;
  double draws[kBlock];
  for (std::size_t done = 0; done < y.size();) {
    const std::size_t count = std::min(kBlock, y.size() - done);
    const std::span<double> xi(draws, count);
    double scale = noise.deviation();
    double offset = 0;
    switch (noise.kind()) {
      case NoiseKind::gaussian:
        stream.fill_normal(first + done, xi);
        break;
      case NoiseKind::uniform:
        stream.fill_uniform(first + done, xi);
        scale *= 2 * std::sqrt(3.0);
        offset = -0.5;
        break;
      case NoiseKind::rademacher:
        stream.fill_sign(first + done, xi);
        break;
      case NoiseKind::none:
        break;
    }
    for (std::size_t i = 0; i < count; ++i) y[done + i] += scale * (xi[i] + offset);
    done += count;
  }
}

MultiIndexSamples::MultiIndexSamples(MultiIndexModel model, std::uint64_t dim, std::uint64_t seed,
                                     std::string_view stage)
    : model_(std::move(model)),
      dim_(dim),
      x_(seed, std::string(stage) + "/x"),
      noise_(seed, std::string(stage) + "/noise") {
  const std::size_t directions = model_.link.directions();
  if (dim >= directions) return;
  throw UsageError(rejection("dim", std::to_string(dim),
                             "must be at least " + std::to_string(directions),
                             directions == 1 ? "" : "the link has as many hidden directions"));
}

void MultiIndexSamples::fill(std::uint64_t first, MatrixView<float> x, std::span<double> y) const {
  if (x.columns != dim_ || x.rows != y.size()) {
    throw InternalError("samples of dimension " + std::to_string(dim_) + " into " +
                        std::to_string(x.rows) + " x " + std::to_string(x.columns) + " with " +
                        std::to_string(y.size()) + " labels");
  }
  Matrix<double> z(x.rows, model_.link.directions());
  for (std::size_t i = 0; i < x.rows; ++i) {
    x_.at(first + i).fill_normal(0, x.row(i));
    for (std::size_t k = 0; k < z.columns(); ++k) z(i, k) = static_cast<double>(x(i, k));
  }
  model_.link.evaluate(z.view(), y);
  add_noise(model_.noise, noise_, first, y);
}

}  // namespace esscher
