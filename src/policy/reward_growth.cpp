#include "policy/reward_growth.h"

#include <numbers>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/linalg/factor.h"

namespace esscher::internal {
namespace {

bool is_polynomial(const Activation& activation) {
  return activation.kind == ActivationKind::hermite || activation.kind == ActivationKind::mixture;
}

double coefficient(const FirstLayer& layer, std::size_t j, int order) {
  if (layer.activation.kind == ActivationKind::mixture) {
    return layer.mixture(static_cast<std::size_t>(order - 1), j);
  }
  return order == layer.activation.order ? 1 : 0;
}

}  // namespace

LeadingTerm leading_term(const FirstLayer& layer, std::size_t j, double a) {
  for (int order = layer.activation.order; order > 0; --order) {
    const double leading = a * coefficient(layer, j, order);
    if (leading != 0) return {order, leading};
  }
  return {};
}

void require_finite_tilt(const FirstLayer& layer, std::span<const double> readout, double beta) {
  if (!is_polynomial(layer.activation)) return;
  const std::size_t k = layer.weights.columns();
  Matrix<double> form;
  for (std::size_t j = 0; j < layer.width(); ++j) {
    const LeadingTerm term = leading_term(layer, j, readout[j]);
    if (term.order >= 3 && (term.order % 2 == 1 || term.coefficient > 0)) {
      throw UsageError(rejection(
          "beta", beta,
          "neuron " + std::to_string(j + 1) + " of the learned reward grows upward like |x|^" +
              std::to_string(term.order) +
              ", so E e^{r/beta} is infinite or cannot be shown to be finite",
          "learn with an activation that grows at most linearly, such as relu or tanh"));
    }
    if (term.order != 2) continue;
    if (form.empty()) form = Matrix<double>(k, k);
    const std::span<const double> w = layer.weights.row(j);
    for (std::size_t row = 0; row < k; ++row) {
      const double scale = term.coefficient / std::numbers::sqrt2 * w[row];
      for (std::size_t column = 0; column <= row; ++column) form(row, column) += scale * w[column];
    }
  }
  if (form.empty()) return;
  const double largest = symmetric_eigen(form.view()).values.back();
  if (largest / beta < 0.5) return;
  throw UsageError(rejection(
      "beta", beta,
      "the learned reward grows like " + number_text(largest, 6) +
          " u^2 along some direction, so E e^{r/beta} is finite only for beta > " +
          number_text(2 * largest, 6),
      "raise beta, or learn with an activation that grows at most linearly, such as relu or tanh"));
}

}  // namespace esscher::internal
