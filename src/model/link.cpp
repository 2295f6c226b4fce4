#include "esscher/model/link.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "esscher/base/error.h"

namespace esscher {

void LinkFunction::values(std::span<const double> z, std::span<double> out) const {
  for (std::size_t i = 0; i < z.size(); ++i) out[i] = value(z[i]);
}

Link::Link(Facts facts, std::shared_ptr<const LinkFunction> function)
    : function_(std::move(function)) {
  if (!function_) throw InternalError("a link needs a function");
  if (!std::is_sorted(facts.breaks.begin(), facts.breaks.end())) {
    throw InternalError("the breaks of link " + facts.name + " are not in ascending order");
  }
  if (!std::is_sorted(facts.peaks.begin(), facts.peaks.end())) {
    throw InternalError("the peaks of link " + facts.name + " are not in ascending order");
  }
  std::vector<double> landmarks;
  std::set_union(facts.breaks.begin(), facts.breaks.end(), facts.peaks.begin(), facts.peaks.end(),
                 std::back_inserter(landmarks));
  landmarks_ = std::make_shared<const std::vector<double>>(std::move(landmarks));
  facts_ = std::make_shared<const Facts>(std::move(facts));
}

void Link::evaluate(std::span<const double> z, std::span<double> out) const {
  if (z.size() != out.size()) {
    throw InternalError("link " + name() + " evaluated at " + std::to_string(z.size()) +
                        " points into " + std::to_string(out.size()) + " places");
  }
  function_->values(z, out);
}

}  // namespace esscher
