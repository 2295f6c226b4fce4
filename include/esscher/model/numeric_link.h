#pragma once

/// \file
/// Links that are known only by their values: a function of the caller's own.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "esscher/model/link.h"

namespace esscher {

/// The link of that function, its breaks, growth and parity found numerically: exactly in common
/// cases, but not proven. The function may be infinite or NaN beyond |z| = 40, where that is held
/// at +-DBL_MAX or gives way to the value nearer to 0; it must be safe to call from several
/// threads. \param name, formula  as Link::Facts tells them; nothing is read from them \param
/// breaks  where the function or a derivative may jump; empty optional: to be searched for \throws
/// UsageError, without a field, where the function is not finite on [-40, 40], grows
///         without limit there or varies too fast to search; what the function throws
/// Cost: about 1e6 values, most of them in blocks, fewer where breaks are given.
Link numeric_link(std::string name, std::string formula,
                  const std::shared_ptr<const LinkFunction>& function,
                  const std::optional<std::vector<double>>& breaks = std::nullopt);

/// The same link from a copy of its function: polynomials of degree 15 on panels that
/// end at its landmarks, bisected until each agrees with the function to 1e-14 of its size there.
/// For functions that are slow one value at a time, as an interpreter's are: values in between then
/// cost some 100 ns, and only those beyond 1e13, and on panels that no polynomial fits, are asked
/// for. What is narrower than 1/100, and no landmark, may be missed. Cost: 48 values a panel, some
/// hundreds of panels, in blocks of all that are looked at together.
Link panelled(const Link& link);

}  // namespace esscher
