#pragma once

/// \file
/// The label of a model with several hidden directions.

#include <optional>
#include <utility>

#include "esscher/model/multi_link.h"
#include "esscher/model/single_index.h"

namespace esscher {

/// The law of a label y = f(<theta_1, x>, ..., <theta_q, x>) + xi: its link f and the noise xi,
/// independent of x.
struct MultiIndexModel {
  MultiLink link;
  Noise noise;

  MultiIndexModel(MultiLink f, Noise xi) : link(std::move(f)), noise(xi) {}
  /// Implicit: whoever takes several directions takes one.
  MultiIndexModel(const SingleIndexModel& model)  // NOLINT(google-explicit-constructor)
      : link(model.link), noise(model.noise) {}

  /// The single-index model that this is where q = 1, else empty.
  std::optional<SingleIndexModel> single() const {
    if (link.single() == nullptr) return std::nullopt;
    return SingleIndexModel{*link.single(), noise};
  }
};

}  // namespace esscher
