#include "esscher/theory/finiteness.h"

#include <algorithm>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher {

Finiteness tilt_finiteness(const Link& link) {
  const double rate =
      std::max(link.growth().left.upper_quadratic_rate, link.growth().right.upper_quadratic_rate);
  Finiteness verdict;
  if (!(rate > 0)) {
    verdict.limit = std::numeric_limits<double>::infinity();
    verdict.sentence = "E e^{f/beta} is finite at every temperature";
  } else if (rate == std::numeric_limits<double>::infinity()) {
    verdict.limit = 0;
    verdict.sentence =
        "the link grows faster than z^2, so E e^{f/beta} is infinite at every temperature";
  } else {
    verdict.limit = 1 / (2 * rate);
    verdict.sentence = "the link grows like " + number_text(rate, 6) +
                       " z^2, so E e^{f/beta} is finite only for beta > " +
                       number_text(2 * rate, 6) + ", E e^{2f/beta} only for beta > " +
                       number_text(4 * rate, 6);
  }
  return verdict;
}

void require_finite_tilt(const Link& link, double beta, const std::string& field) {
  const Finiteness verdict = tilt_finiteness(link);
  if (verdict.finite_at(1 / beta)) return;
  throw UsageError(rejection(
      field, beta, "E e^{f/beta} is infinite for " + link.name() + ": " + verdict.sentence,
      "clip it, for example '" + link.name() + "@clip:-5,5'" +
          (verdict.limit > 0 ? ", or raise beta" : "")));
}

}  // namespace esscher
