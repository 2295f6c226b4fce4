#include "report/words.h"

#include <cmath>
#include <cstdlib>

#include "esscher/base/number_text.h"

namespace esscher::internal {
namespace {

constexpr char kDash[] = "\u2013";
constexpr char kMinus[] = "\u2212";

std::string superscript(int power) {
  static constexpr const char* kDigits[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                            "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  std::string text = power < 0 ? "\u207b" : "";
  for (const char c : std::to_string(std::abs(power))) text += kDigits[c - '0'];
  return text;
}

std::string grouped_digits(const std::string& digits) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace

std::string shown(double value, int digits) {
  if (!std::isfinite(value)) return kDash;
  if (value < 0) return kMinus + shown(-value, digits);
  if (value == 0) return "0";
  if (value == std::floor(value) && value < 1e5) {
    return grouped_digits(std::to_string(static_cast<long>(value)));
  }
  if (value >= 1e5 || value < 1e-3) {
    int power = static_cast<int>(std::floor(std::log10(value)));
    std::string mantissa = number_text(value / std::pow(10.0, power), digits);
    if (mantissa == "10") {
      mantissa = "1";
      ++power;
    }
    const std::string tens = "10" + superscript(power);
    return mantissa == "1" ? tens : mantissa + " \u00d7 " + tens;
  }
  if (value >= 1000) return grouped_digits(std::to_string(std::lround(value)));
  return number_text(value, digits);
}

std::string shown_count(double value) {
  if (!std::isfinite(value)) return kDash;
  if (value < 0 || value >= 1e7) return shown(value);
  return grouped_digits(std::to_string(std::llround(value)));
}

std::string shown_share(double value) {
  if (!std::isfinite(value)) return kDash;
  const double percent = 100 * value;
  const bool fine = std::abs(percent) < 10 || std::abs(percent - 100) < 10;
  std::string text = number_text(fine ? std::round(percent * 10) / 10 : std::round(percent), 4);
  if (text.starts_with('-')) text = kMinus + text.substr(1);
  return text + " %";
}

std::string shown_interval(double value, double low, double high) {
  if (!std::isfinite(low) || !std::isfinite(high)) return shown(value);
  return shown(value) + " [" + shown(low) + ", " + shown(high) + "]";
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

}  // namespace esscher::internal
