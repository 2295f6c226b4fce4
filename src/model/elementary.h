#pragma once

/// \file
/// A link out of a plain function object: the body is inlined into the block loop.

#include <memory>
#include <utility>

#include "esscher/model/link.h"
#include "model/saturate.h"

namespace esscher::internal {

template <class Body>
class Elementary final : public LinkFunction {
 public:
  explicit Elementary(Body body) : body_(std::move(body)) {}
  double value(double z) const override { return saturated(body_(z)); }
  void values(std::span<const double> z, std::span<double> out) const override {
    for (std::size_t i = 0; i < z.size(); ++i) out[i] = saturated(body_(z[i]));
  }

 private:
  Body body_;
};

template <class Body>
Link elementary_link(Link::Facts facts, Body body) {
  return {std::move(facts), std::make_shared<Elementary<Body>>(std::move(body))};
}

/// Growth of a polynomial-like side: |f| ~ |z|^degree, f of the given sign there.
TailGrowth polynomial_tail(int degree, double leading);

}  // namespace esscher::internal
