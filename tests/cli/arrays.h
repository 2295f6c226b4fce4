#pragma once

// The rows of data_csv() as arrays. All numbers are whole multiples of 1/64 below 2 in size, which
// every type of element down to bfloat16 holds exactly, and six digits of a csv file as well.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "../support/file_bytes.h"

namespace esscher::cli {

inline constexpr int kArrayRows = 80;

struct ArrayRow {
  double a = 0;
  double b = 0;
  double y = 0;  ///< tanh(2a) and a little of b
};

inline ArrayRow array_row(int i) {
  const auto rounded = [](double value) { return std::round(value * 64) / 64; };
  const double a = rounded(std::sin(1.7 * i) * 1.5);
  const double b = rounded(std::cos(2.3 * i * i));
  return {a, b, rounded(std::tanh(2 * a) + 0.1 * b)};
}

/// a and b, row by row.
inline std::vector<double> array_features() {
  std::vector<double> values;
  for (int i = 0; i < kArrayRows; ++i) {
    values.push_back(array_row(i).a);
    values.push_back(array_row(i).b);
  }
  return values;
}

inline std::vector<double> array_rewards() {
  std::vector<double> values;
  for (int i = 0; i < kArrayRows; ++i) values.push_back(array_row(i).y);
  return values;
}

/// Prompts of 4 rows as numbers.
inline std::vector<double> array_groups() {
  std::vector<double> values;
  for (int i = 0; i < kArrayRows; ++i) values.push_back(i / 4);
  return values;
}

enum class Element { f16, bf16, f32, f64 };

inline std::string element_bytes(double value, Element type) {
  const auto narrow = static_cast<float>(value);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &narrow, sizeof bits);
  const std::uint32_t sign = bits >> 31;
  const std::uint32_t exponent = (bits >> 23) & 0xff;
  const std::uint32_t fraction = bits & 0x7fffff;
  switch (type) {
    case Element::f64:
      return little_endian(value);
    case Element::f32:
      return little_endian(narrow);
    case Element::bf16:
      return u16(bits >> 16);
    case Element::f16:
      break;
  }
  // Zero, a number that is normal with 5 bits of exponent and 10 of fraction, or none at all.
  std::uint32_t narrow_exponent = exponent - 127 + 15;
  if (exponent == 0) narrow_exponent = 0;
  if (exponent == 0xff) narrow_exponent = 0x1f;
  return u16(sign << 15 | narrow_exponent << 10 | fraction >> 13);
}

inline std::string array_bytes(const std::vector<double>& values, Element type = Element::f64) {
  std::string bytes;
  for (const double value : values) bytes += element_bytes(value, type);
  return bytes;
}

/// "80, 2", or "80," for one dimension.
inline std::string npy_dictionary(const std::string& type, const std::string& shape,
                                  bool fortran = false) {
  return "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': (" + shape + "), }\n";
}

/// \param values   row by row
/// \param columns  0: 1-D
inline std::string array_npy(const std::vector<double>& values, std::size_t columns = 0,
                             Element type = Element::f64, bool fortran = false) {
  const std::size_t width = columns == 0 ? 1 : columns;
  const std::size_t rows = values.size() / width;
  std::vector<double> laid = values;
  for (std::size_t i = 0; fortran && i < values.size(); ++i) {
    laid[i % width * rows + i / width] = values[i];
  }
  const char* name = type == Element::f16 ? "<f2" : type == Element::f32 ? "<f4" : "<f8";
  return npy_file(
      npy_dictionary(name,
                     std::to_string(rows) + "," + (columns == 0 ? "" : std::to_string(columns)),
                     fortran),
      array_bytes(laid, type));
}

/// Features of two columns under a key and a reward under another.
struct NamedArrays {
  std::vector<double> features = array_features();
  std::vector<double> rewards = array_rewards();
  std::string features_key = "embeddings";
  std::string rewards_key = "labels";
  Element type = Element::f64;  ///< of both

  std::string npz() const {
    ZipArchive archive;
    archive.add({features_key + ".npy", array_npy(features, 2, type)});
    archive.add({rewards_key + ".npy", array_npy(rewards, 0, type)});
    return archive.whole();
  }
  std::string safetensors() const {
    const std::string x = array_bytes(features, type);
    const std::string y = array_bytes(rewards, type);
    const char* name = type == Element::f16    ? "F16"
                       : type == Element::bf16 ? "BF16"
                       : type == Element::f32  ? "F32"
                                               : "F64";
    const auto about = [&](const std::string& key, const std::string& shape, std::size_t begin,
                           std::size_t end) {
      return "\"" + key + R"(":{"dtype":")" + name + R"(","shape":[)" + shape +
             R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
    };
    return safetensors_file(
        "{" + about(features_key, std::to_string(features.size() / 2) + ",2", 0, x.size()) + "," +
            about(rewards_key, std::to_string(rewards.size()), x.size(), x.size() + y.size()) + "}",
        x + y);
  }
};

/// The same rows as a csv file: the reward, the prompt and, if asked for, both features.
inline std::string array_csv(bool features) {
  std::string text = features ? "a,b,y,prompt\n" : "y,prompt\n";
  for (int i = 0; i < kArrayRows; ++i) {
    const ArrayRow row = array_row(i);
    if (features) text += std::to_string(row.a) + "," + std::to_string(row.b) + ",";
    text += std::to_string(row.y) + ",p" + std::to_string(i / 4) + "\n";
  }
  return text;
}

}  // namespace esscher::cli
