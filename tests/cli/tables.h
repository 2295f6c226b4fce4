#pragma once

// Small tables that the fitting commands can be tried on.

#include <cmath>
#include <string>

namespace esscher::cli {

/// 80 rows in prompts of 4: features a and b, reward y = tanh(2a) and a little of b.
inline std::string data_csv(bool with_reward = true) {
  std::string text = with_reward ? "prompt,a,b,y\n" : "a,b\n";
  for (int i = 0; i < 80; ++i) {
    const double a = std::sin(1.7 * i) * 1.5;
    const double b = std::cos(2.3 * i * i);
    const std::string features = std::to_string(a) + "," + std::to_string(b);
    text += with_reward ? "p" + std::to_string(i / 4) + "," + features + "," +
                              std::to_string(std::tanh(2 * a) + 0.1 * b) + "\n"
                        : features + "\n";
  }
  return text;
}

/// All 2^7 sequences of A and C with the number of A's as reward, beyond three squared.
inline std::string variants_csv() {
  std::string text = "seq,y\n";
  for (int i = 0; i < 128; ++i) {
    std::string sequence;
    int count = 0;
    for (int bit = 0; bit < 7; ++bit) {
      const bool a = (i >> bit) % 2 == 1;
      sequence += a ? 'A' : 'C';
      count += a ? 1 : 0;
    }
    text += sequence + "," + std::to_string(count > 3 ? count * count : count) + "\n";
  }
  return text;
}

/// 60 pairs of two features, of which the first decides.
inline std::string preferences_csv() {
  std::string text = "chosen_a,chosen_b,rejected_a,rejected_b\n";
  for (int i = 0; i < 60; ++i) {
    const auto value = [&](int step) { return std::to_string((i * step) % 61); };
    text += std::to_string(61 + (i * 7) % 61) + "," + value(11) + "," + value(17) + "," +
            value(23) + "\n";
  }
  return text;
}

/// 240 rows in prompts of 6: a judge's score, a coin's, the log-ratio of a trained policy, and what
/// humans say, where i % every is 0.
inline std::string scores_csv(int every = 1, int rows = 240) {
  std::string text = "prompt,judge,coin,trained,human\n";
  for (int i = 0; i < rows; ++i) {
    const double z = std::sin(1.7 * i) * 1.5;
    const double human = z + 0.3 * std::cos(2.3 * i * i);
    text += "p" + std::to_string(i / 6) + "," + std::to_string(z + 0.2 * std::sin(5.1 * i * i)) +
            "," + std::to_string(std::cos(0.9 * i * i)) + "," + std::to_string(z / 4 - 0.035) +
            "," + (i % every == 0 ? std::to_string(human) : "") + "\n";
  }
  return text;
}

}  // namespace esscher::cli
