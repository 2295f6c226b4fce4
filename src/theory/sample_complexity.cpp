#include "esscher/theory/sample_complexity.h"

#include <algorithm>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher {
namespace {

void require_exponent(int exponent) {
  if (exponent < 1) throw UsageError(rejection("exponent", exponent, "must be 1 or more"));
}

}  // namespace

std::string SampleComplexity::text() const {
  const std::string power = exponent == 1 ? "d" : "d^" + number_text(exponent);
  return log_factor ? power + " log d" : power;
}

SampleComplexity one_pass_complexity(int exponent) {
  require_exponent(exponent);
  return {std::max(1.0, exponent - 1.0), exponent == 2};
}

SampleComplexity efficient_complexity(int generative_exponent) {
  require_exponent(generative_exponent);
  return {std::max(1.0, generative_exponent / 2.0), false};
}

PredictedComplexities predicted_complexities(const Exponents& exponents) {
  PredictedComplexities predicted;
  if (exponents.information) predicted.unweighted = one_pass_complexity(*exponents.information);
  if (exponents.generative) {
    predicted.weighted = one_pass_complexity(*exponents.generative);
    predicted.efficient = efficient_complexity(*exponents.generative);
  }
  return predicted;
}

}  // namespace esscher
