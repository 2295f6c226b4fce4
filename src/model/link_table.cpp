#include "esscher/model/link_table.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "model/link_breaks.h"
#include "model/saturate.h"
#include "model/trimmed.h"

namespace esscher {
namespace {

using internal::trimmed;

constexpr std::uintmax_t kLargestFile = std::uintmax_t{64} << 20;

/// Slope at an end from the first two secants, one-sided: it must not point the other way than the
/// first secant, nor be steeper than three times it, or the cubic would overshoot.
double end_slope(double h0, double h1, double d0, double d1) {
  const double slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
  if (!std::isfinite(slope) || slope * d0 <= 0) return 0;
  if (d0 * d1 < 0 && std::abs(slope) > 3 * std::abs(d0)) return 3 * d0;
  return slope;
}

/// Boost's pchip needs four points and treats its two ends differently, which would spoil the
/// symmetry of an even or odd table.
std::vector<double> pchip_slopes(const std::vector<double>& z, const std::vector<double>& f) {
  const std::size_t n = z.size();
  std::vector<double> width(n - 1);
  std::vector<double> secant(n - 1);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    width[i] = z[i + 1] - z[i];
    secant[i] = internal::saturated((f[i + 1] - f[i]) / width[i]);
  }
  if (n == 2) return {secant[0], secant[0]};
  std::vector<double> slope(n, 0.);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const double before = secant[i - 1];
    const double after = secant[i];
    if (!(before * after > 0)) continue;  // a local extreme, or flat
    const double w1 = 2 * width[i] + width[i - 1];
    const double w2 = width[i] + 2 * width[i - 1];
    slope[i] = (w1 + w2) / (w1 / before + w2 / after);
  }
  slope[0] = end_slope(width[0], width[1], secant[0], secant[1]);
  slope[n - 1] = end_slope(width[n - 2], width[n - 3], secant[n - 2], secant[n - 3]);
  return slope;
}

class Table final : public LinkFunction {
 public:
  Table(std::vector<double> z, std::vector<double> f)
      : z_(std::move(z)), f_(std::move(f)), slope_(pchip_slopes(z_, f_)) {}

  double value(double z) const override {
    if (z <= z_.front()) return f_.front();
    if (z >= z_.back()) return f_.back();
    const auto right = std::upper_bound(z_.begin(), z_.end(), z);
    const auto i = static_cast<std::size_t>(right - z_.begin()) - 1;
    const double width = z_[i + 1] - z_[i];
    const double t = (z - z_[i]) / width;
    const double s = (z_[i + 1] - z) / width;
    // Written symmetrically, so that a symmetric table gives a symmetric link.
    const double value = s * s * (f_[i] * (1 + 2 * t) + slope_[i] * width * t) +
                         t * t * (f_[i + 1] * (1 + 2 * s) - slope_[i + 1] * width * s);
    // The cubic stays between its ends; so does its rounding.
    return std::clamp(value, std::min(f_[i], f_[i + 1]), std::max(f_[i], f_[i + 1]));
  }

 private:
  std::vector<double> z_;
  std::vector<double> f_;
  std::vector<double> slope_;
};

std::string read_whole(const std::string& path) {
  std::error_code error;
  const bool folder = std::filesystem::is_directory(path, error);
  std::ifstream file(path, std::ios::binary);
  if (folder || !file) throw IoError("cannot read table " + path + ": no such readable file");
  // A pipe does not tell its size: it is read until it ends, or is too long.
  std::string text;
  std::vector<char> block(std::size_t{1} << 16);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > kLargestFile) throw IoError("table " + path + " is larger than 64 MiB");
  }
  if (file.bad()) throw IoError("cannot read table " + path + ": it ended early");
  return text;
}

std::optional<double> number(std::string_view text) {
  try {
    return parse_number(trimmed(text), "");
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

}  // namespace

Link table_link(std::vector<double> z, std::vector<double> f, const std::string& name) {
  const auto refuse = [&name](const std::string& reason) { throw DataError(name + ": " + reason); };
  if (z.size() != f.size()) {
    refuse("has " + std::to_string(z.size()) + " values of z and " + std::to_string(f.size()) +
           " of f");
  }
  if (z.size() < 2) {
    refuse("has " + std::to_string(z.size()) +
           " points; a table needs at least 2 (a straight line), and 4 to show a curve");
  }
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::string point = "point " + std::to_string(i + 1);
    if (!std::isfinite(z[i]) || !std::isfinite(f[i])) refuse(point + " is not finite");
    if (i > 0 && z[i] <= z[i - 1]) {
      refuse(point + ": z = " + number_text(z[i]) + " does not exceed " + number_text(z[i - 1]) +
             " before it; z must strictly increase");
    }
  }
  Link::Facts facts;
  facts.name = name;
  facts.formula = "table of " + std::to_string(z.size()) + " points on [" + number_text(z.front()) +
                  ", " + number_text(z.back()) + "]";
  facts.breaks = z;
  auto function = std::make_shared<const Table>(std::move(z), std::move(f));
  facts.parity = internal::find_parity(*function, facts.breaks, facts.peaks);
  return {std::move(facts), std::move(function)};
}

Link read_table_link(const std::string& path) {
  const std::string text = read_whole(path);
  std::vector<double> z;
  std::vector<double> f;
  std::size_t line_number = 0;
  bool heading_allowed = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = trimmed(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    ++line_number;
    if (line.empty() || line.starts_with('#')) continue;
    const std::string place = path + ":" + std::to_string(line_number) + ": ";
    const std::size_t comma = line.find(',');
    const auto columns = std::count(line.begin(), line.end(), ',') + 1;
    if (columns != 2) {
      throw DataError(place + "has " + std::to_string(columns) +
                      " columns; a table has two, z and f(z), separated by a comma");
    }
    const std::optional<double> left = number(line.substr(0, comma));
    const std::optional<double> right = number(line.substr(comma + 1));
    if (heading_allowed && !left && !right) {
      heading_allowed = false;
      continue;
    }
    heading_allowed = false;
    if (!left || !right || !std::isfinite(*left) || !std::isfinite(*right)) {
      throw DataError(place + "'" + std::string(line) + "' is not two finite numbers");
    }
    if (!z.empty() && *left <= z.back()) {
      throw DataError(place + "z = " + number_text(*left) + " does not exceed " +
                      number_text(z.back()) + " before it; z must strictly increase");
    }
    z.push_back(*left);
    f.push_back(*right);
  }
  if (z.size() < 2) {
    throw DataError(path + ":" + std::to_string(line_number) + ": the table has " +
                    std::to_string(z.size()) +
                    " points; it needs at least 2 (a straight line), and 4 to show a curve");
  }
  return table_link(std::move(z), std::move(f), "table:" + path);
}

}  // namespace esscher
