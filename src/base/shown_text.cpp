#include "esscher/base/shown_text.h"

#include <algorithm>

namespace esscher {

std::size_t code_point_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) > 0x8F;
    return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 48;
  std::string line;
  for (std::size_t letters = 0; !text.empty(); ++letters) {
    if (letters == kMost) return line + "...";
    const std::size_t length = code_point_length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (length == 0 || first < 0x20 || first == 0x7F) {
      line += '?';
    } else {
      line += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return line;
}

std::string in_quotes(std::string_view text) { return "'" + shown(text) + "'"; }

std::string list_in_quotes(const std::vector<std::string>& texts) {
  constexpr std::size_t kMost = 8;
  std::string line;
  for (std::size_t i = 0; i < std::min(texts.size(), kMost); ++i) {
    line.append(i == 0 ? "" : ", ").append(in_quotes(texts[i]));
  }
  if (texts.size() > kMost) line += ", ... (" + std::to_string(texts.size()) + " in all)";
  return line;
}

}  // namespace esscher
