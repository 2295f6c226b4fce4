#pragma once

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace esscher::internal {

using Json = nlohmann::ordered_json;

/// Looks into a record. What is not there, or of another type, is null, empty or no number: records
/// of other versions have other fields.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(&json) {}

  Reader operator[](const std::string& key) const {
    static const Json none;
    if (!json_->is_object()) return Reader(none);
    const auto found = json_->find(key);
    return Reader(found == json_->end() ? none : *found);
  }
  Reader operator[](std::size_t i) const {
    static const Json none;
    return Reader(i < size() ? (*json_)[i] : none);
  }
  /// Entries of a list; 0 for all else.
  std::size_t size() const { return json_->is_array() ? json_->size() : 0; }
  bool exists() const { return !json_->is_null(); }
  bool is_true() const { return json_->is_boolean() && json_->get<bool>(); }
  const Json& json() const { return *json_; }

  std::optional<double> number() const {
    return json_->is_number() ? std::optional(json_->get<double>()) : std::nullopt;
  }
  double number_or(double other) const { return number().value_or(other); }
  /// NaN where there is none, which charts leave out.
  double value() const { return number_or(std::numeric_limits<double>::quiet_NaN()); }
  std::string text() const { return json_->is_string() ? json_->get<std::string>() : ""; }
  std::vector<double> numbers() const {
    std::vector<double> list;
    for (std::size_t i = 0; i < size(); ++i) list.push_back((*this)[i].value());
    return list;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> list;
    for (std::size_t i = 0; i < size(); ++i) list.push_back((*this)[i].text());
    return list;
  }

 private:
  const Json* json_;
};

}  // namespace esscher::internal
