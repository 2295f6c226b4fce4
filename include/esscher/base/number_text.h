#pragma once

/// \file
/// Numbers as text: exact both ways, and independent of the locale.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace esscher {

/// The shortest decimal text that reads back to exactly \p value ("0.1", "1e-3", "inf", "nan").
std::string number_text(double value);

/// \p value in at most \p digits significant digits, for sentences ("1.41421").
std::string number_text(double value, int digits);

/// A count and its noun, which takes an s: "1 row", "2 rows".
std::string counted(std::uint64_t count, std::string_view noun);

/// \p text as one finite or infinite number, nothing before or behind it.
/// \throws UsageError naming \p field where \p text is not a number.
double parse_number(std::string_view text, std::string_view field);

/// \p text as a whole number in [\p least, \p most].
/// \throws UsageError naming \p field.
long long parse_integer(std::string_view text, std::string_view field, long long least,
                        long long most);

/// A count of samples, dimensions or neurons, from \p least to \p most, 1e18 or less: "1000000" or,
/// being whole, "1e6" or "2.5e3". \throws UsageError naming \p field.
std::uint64_t parse_count(std::string_view text, std::string_view field, std::uint64_t least = 1,
                          std::uint64_t most = 1'000'000'000'000'000'000);

/// A list "4,2,1,0.5", a range "first:last:logN" or "first:last:linN" (N >= 2 points, both ends
/// included, evenly spaced in the logarithm or in the value), or a comma-separated mix of both,
/// in the order given.
/// \throws UsageError naming \p field and the part that is wrong.
std::vector<double> parse_number_list(std::string_view text, std::string_view field);

/// Temperatures that doubles can serve, in the unit of the reward.
inline constexpr double kLeastTemperature = 1e-9;
inline constexpr double kGreatestTemperature = 1e9;

/// "from 1e-09 to 1e+09": those limits.
std::string temperature_limits();

/// \throws UsageError, naming \p field, the value and the remedy, unless \p beta is finite and
///         positive, and within those limits.
void require_temperature(double beta, std::string_view field);

/// Temperatures: parse_number_list, each entry as require_temperature() wants it.
/// \throws UsageError naming \p field, the value and the remedy.
std::vector<double> parse_temperatures(std::string_view text, std::string_view field);

}  // namespace esscher
