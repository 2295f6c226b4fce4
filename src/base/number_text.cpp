#include "esscher/base/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "esscher/base/error.h"

namespace esscher {
namespace {

constexpr long long kMostPoints = 100000;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<double> parse_range(std::string_view text, std::string_view field) {
  const auto parts = split(text, ':');
  const std::string form = "a range is first:last:logN or first:last:linN";
  if (parts.size() != 3 || parts[2].size() < 4) {
    throw UsageError(rejection(field, text, form, "for example 0.25:8:log33"));
  }
  const double first = parse_number(parts[0], field);
  const double last = parse_number(parts[1], field);
  const std::string_view spacing = parts[2].substr(0, 3);
  if (spacing != "log" && spacing != "lin") {
    throw UsageError(rejection(field, text, form, "for example 0.25:8:log33"));
  }
  const long long count = parse_integer(parts[2].substr(3), field, 2, kMostPoints);
  const bool logarithmic = spacing == "log";
  if (!std::isfinite(first) || !std::isfinite(last) || (logarithmic && (first <= 0 || last <= 0))) {
    throw UsageError(rejection(field, text,
                               logarithmic ? "both ends of a log range must be finite and positive"
                                           : "both ends of a range must be finite"));
  }
  std::vector<double> values(static_cast<std::size_t>(count));
  for (long long i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(count - 1);
    values[static_cast<std::size_t>(i)] =
        logarithmic ? std::exp(std::log(first) + t * (std::log(last) - std::log(first)))
                    : std::lerp(first, last, t);
  }
  // The ends are what the caller typed, not what exp(log(.)) makes of it.
  values.front() = first;
  values.back() = last;
  return values;
}

}  // namespace

std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::string number_text(double value, int digits) {
  if (std::isnan(value)) return "nan";
  std::array<char, 64> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::general, digits);
  return {buffer.data(), result.ptr};
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

double parse_number(std::string_view text, std::string_view field) {
  std::string_view digits = text;
  // from_chars knows no plus sign; behind one, it must not find another sign.
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  double value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || result.ec != std::errc{} || result.ptr != digits.data() + digits.size() ||
      std::isnan(value)) {
    throw UsageError(rejection(field, "'" + std::string(text) + "'", "must be a number"));
  }
  return value;
}

long long parse_integer(std::string_view text, std::string_view field, long long least,
                        long long most) {
  long long value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc{} || result.ptr != text.data() + text.size() ||
      value < least || value > most) {
    throw UsageError(rejection(
        field, "'" + std::string(text) + "'",
        "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most)));
  }
  return value;
}

std::uint64_t parse_count(std::string_view text, std::string_view field, std::uint64_t least,
                          std::uint64_t most) {
  const auto refuse = [&] {
    throw UsageError(rejection(field, "'" + std::string(text) + "'",
                               "must be a whole number from " + std::to_string(least) + " to " +
                                   number_text(static_cast<double>(most)),
                               "for example 1000000 or 1e6"));
  };
  std::uint64_t count = 0;
  const char* end = text.data() + text.size();
  const auto whole = std::from_chars(text.data(), end, count);
  if (whole.ec != std::errc{} || whole.ptr != end) {
    double value = 0;
    const auto result = std::from_chars(text.data(), end, value);
    // 1e18 is below 2^60, so that a whole double converts exactly.
    if (result.ec != std::errc{} || result.ptr != end || !(value >= 0) ||
        value > static_cast<double>(most) || value != std::floor(value)) {
      refuse();
    }
    count = static_cast<std::uint64_t>(value);
  }
  if (text.empty() || count < least || count > most) refuse();
  return count;
}

std::vector<double> parse_number_list(std::string_view text, std::string_view field) {
  std::vector<double> values;
  for (const std::string_view part : split(text, ',')) {
    if (part.find(':') != std::string_view::npos) {
      const std::vector<double> range = parse_range(part, field);
      values.insert(values.end(), range.begin(), range.end());
    } else {
      values.push_back(parse_number(part, field));
    }
  }
  return values;
}

std::string temperature_limits() {
  return "from " + number_text(kLeastTemperature) + " to " + number_text(kGreatestTemperature);
}

void require_temperature(double beta, std::string_view field) {
  if (!(beta > 0) || !std::isfinite(beta)) {
    throw UsageError(rejection(field, beta, "a temperature must be a finite positive number",
                               "give values such as 0.5 or 0.25:8:log33"));
  }
  if (beta < kLeastTemperature || beta > kGreatestTemperature) {
    throw UsageError(rejection(field, beta, "a temperature must be " + temperature_limits(),
                               "measure rewards in another unit"));
  }
}

std::vector<double> parse_temperatures(std::string_view text, std::string_view field) {
  std::vector<double> values = parse_number_list(text, field);
  for (const double value : values) {
    if (value == 0 && values.size() > 1) {
      throw UsageError(rejection(field, text, "a temperature must be above 0",
                                 "a comma parts the values of the list: write 0.5 for a half"));
    }
    require_temperature(value, field);
  }
  return values;
}

}  // namespace esscher
