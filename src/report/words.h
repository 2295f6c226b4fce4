#pragma once

#include <string>
#include <string_view>

namespace esscher::internal {

/// A number for sentences and tables: at most \p digits significant ones, powers of ten as such
/// ("1.2 × 10⁶"), an en dash where there is none.
std::string shown(double value, int digits = 3);
/// "1,234".
std::string shown_count(double value);
/// "73 %".
std::string shown_share(double value);
/// "1.2 [1.1, 1.3]".
std::string shown_interval(double value, double low, double high);
/// Text within HTML.
std::string escaped(std::string_view text);

}  // namespace esscher::internal
