#include "esscher/readout/ridge.h"

#include <nanobind/stl/optional.h>

#include <optional>
#include <vector>

#include "arrays.h"
#include "long_call.h"
#include "module.h"
#include "record.h"

namespace esscher::python {
namespace {

using Table = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

nb::dict ridge(const Table& x, const Numbers& y, const Numbers& log_weights,
               std::optional<double> penalty, int threads) {
  const HeldRows rows({x.data(), x.shape(0), x.shape(1), x.shape(1)});
  RidgeOptions options;
  options.rule = penalty ? PenaltyRule::fixed : PenaltyRule::gcv;
  options.penalty = penalty.value_or(options.penalty);
  options.count_degrees_of_freedom = false;
  options.threads = threads;
  RidgeFit fit = long_call(nb::none(), [&](const Callbacks& callbacks) {
    options.callbacks = callbacks;
    return fit_ridge(rows, span_of(y), span_of(log_weights), options);
  });
  std::vector<double> penalties;
  std::vector<double> scores;
  for (const RidgePathPoint& point : fit.path) {
    penalties.push_back(point.penalty);
    scores.push_back(point.score);
  }
  return Record()
      .add("coefficients", owning_array(std::move(fit.coefficients)))
      .add("intercept", fit.intercept)
      .add("penalty", fit.penalty)
      .add("penalties", owning_array(std::move(penalties)))
      .add("scores", owning_array(std::move(scores)))
      .dict();
}

}  // namespace

void bind_ridge(nb::module_& module) {
  module.def("ridge", &ridge, nb::arg("x"), nb::arg("y"), nb::arg("log_weights"),
             nb::arg("penalty").none(), nb::arg("threads"));
}

}  // namespace esscher::python
