#pragma once

/// \file
/// The links that have a name. One table: parsing, `esscher links` and the manual all read it.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "esscher/model/link.h"

namespace esscher {

/// One entry of the catalogue.
struct CatalogueEntry {
  std::string name;        ///< "damped_hermite"
  std::string parameters;  ///< in words: "k[,g]", "" where it takes none
  std::string formula;     ///< "h_k(z sqrt(1+2g)) exp(-g z^2)"
  std::string remark;      ///< one sentence: what it is good for, defaults, limits of parameters
  std::string example;     ///< a specification that parses: "damped_hermite:3"
  /// Builds it from the numbers given. \throws UsageError for a wrong number or value of them.
  std::function<Link(std::span<const double>)> make;
};

/// All named links, in the order in which they should be listed.
const std::vector<CatalogueEntry>& link_catalogue();

/// h_k(z sqrt(1+2g)) e^{-g z^2}: bounded, smooth, of information exponent exactly k (mathematics of
/// the project, section 2). \throws UsageError unless 1 <= k <= 64 and g > 0.
Link damped_hermite_link(int order, double damping = 0.25);

}  // namespace esscher
