#include "esscher/data/feature_encoding.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"

namespace esscher {
namespace {

using nlohmann::json;
using Kind = EncodedColumn::Kind;

std::size_t features_at(const std::vector<std::string>& symbols) {
  return symbols.size() > 1 ? symbols.size() : 0;
}

std::size_t numeric_columns(const FeatureEncoding& encoding) {
  return static_cast<std::size_t>(
      std::ranges::count(encoding.columns, Kind::numeric, &EncodedColumn::kind));
}

/// Reads what to_json() wrote.
class Reader {
 public:
  explicit Reader(std::string_view name) : name_(name) {}

  FeatureEncoding read(std::string_view text) const {
    const json whole = json::parse(text, nullptr, false);
    if (!whole.is_object() || !whole.contains("columns") || !whole["columns"].is_array()) {
      broken("is not a JSON object with columns");
    }
    FeatureEncoding encoding;
    std::unordered_set<std::string> names;
    for (const json& entry : whole["columns"]) {
      encoding.columns.push_back(column(entry));
      const std::string& name = encoding.columns.back().name;
      if (!names.insert(name).second) broken("has two columns " + in_quotes(name));
    }
    if (encoding.columns.empty()) broken("has no columns");
    if (whole.contains("impute_means")) read_means(whole["impute_means"], encoding);
    if (whole.contains("missing")) {
      if (!whole["missing"].is_array()) broken("has missing words that are no list");
      for (const json& word : whole["missing"]) encoding.missing.push_back(this->text(word));
    }
    if (whole.contains("array_columns")) {
      const json& count = whole["array_columns"];
      if (!count.is_number_unsigned()) broken("has array_columns that are no count");
      encoding.array_columns = count.get<std::size_t>();
    }
    return encoding;
  }

 private:
  [[noreturn]] void broken(const std::string& what) const {
    throw DataError(std::string(name_) + ": the feature encoding " + what);
  }

  std::string text(const json& value) const {
    if (!value.is_string()) broken("has a name or level that is not text");
    return value.get<std::string>();
  }

  std::vector<std::string> texts(const json& list) const {
    if (!list.is_array() || list.empty()) broken("has levels that are no list");
    std::vector<std::string> read;
    for (const json& value : list) read.push_back(text(value));
    if (std::ranges::adjacent_find(read, std::greater_equal<>()) != read.end()) {
      broken("has levels out of order");
    }
    if (read.size() > 65535) broken("has more than 65535 levels in one block");
    return read;
  }

  EncodedColumn column(const json& entry) const {
    EncodedColumn column;
    if (entry.is_string()) {
      column.name = text(entry);
      return column;
    }
    if (!entry.is_object() || entry.size() < 2 || !entry.contains("name")) {
      broken("has a column that is neither a name nor a name with levels");
    }
    column.name = text(entry["name"]);
    std::size_t read = 2;
    if (entry.contains("positions")) read += read_reading(entry, column.reading);
    if (entry.size() != read) broken("has a column with a key that is not known");
    if (entry.contains("vector")) {
      column.kind = Kind::vector;
      column.length = count(entry["vector"]);
      if (column.length < 2) broken("has a vector of fewer than two numbers");
      return column;
    }
    if (entry.contains("levels")) {
      column.kind = Kind::category;
      column.levels = texts(entry["levels"]);
      return column;
    }
    if (!entry.contains("positions") || !entry["positions"].is_array() ||
        entry["positions"].empty()) {
      broken("has a column with neither levels nor positions");
    }
    column.kind = Kind::sequence;
    for (const json& position : entry["positions"]) {
      column.position_levels.push_back(texts(position));
      for (const std::string& symbol : column.position_levels.back()) {
        if (symbol.empty() || code_point_length(symbol) != symbol.size()) {
          broken("has a symbol that is not one character");
        }
      }
    }
    column.length = column.position_levels.size();
    const std::size_t letters = column.reading.wild_type.size();
    if (letters > 0 && letters != column.length) broken("has a wild type of another length");
    return column;
  }

  std::size_t count(const json& value) const {
    if (!value.is_number_unsigned()) broken("has a number that is no count");
    return value.get<std::size_t>();
  }

  /// How many keys it has read.
  std::size_t read_reading(const json& entry, SequenceReading& reading) const {
    std::size_t keys = 0;
    if (entry.contains("fold_case")) {
      if (!entry["fold_case"].is_boolean())
        broken("has a fold_case that is neither true nor false");
      reading.fold_case = entry["fold_case"].get<bool>();
      ++keys;
    }
    if (entry.contains("wild_type")) {
      reading.wild_type = text(entry["wild_type"]);
      if (!entry.contains("first_position")) broken("has a wild type without a first position");
      if (!entry["first_position"].is_number_integer()) broken("has a position that is no number");
      reading.first_position = entry["first_position"].get<std::int64_t>();
      keys += 2;
    }
    return keys;
  }

  void read_means(const json& list, FeatureEncoding& encoding) const {
    const bool numbers =
        list.is_array() && std::ranges::all_of(list, [](const json& x) { return x.is_number(); });
    if (!numbers) broken("has impute_means that are no numbers");
    if (list.size() != numeric_columns(encoding)) {
      broken("has " + std::to_string(list.size()) + " impute_means for " +
             std::to_string(numeric_columns(encoding)) + " numeric columns");
    }
    for (const json& value : list) {
      encoding.impute_means.push_back(value.get<double>());
      if (!std::isfinite(encoding.impute_means.back())) broken("has an infinite mean");
    }
  }

  std::string_view name_;
};

}  // namespace

std::size_t EncodedColumn::width() const {
  if (kind == Kind::numeric) return 1;
  if (kind == Kind::category) return levels.size();
  if (kind == Kind::vector) return length;
  std::size_t sum = 0;
  for (const auto& symbols : position_levels) sum += features_at(symbols);
  return sum;
}

std::size_t FeatureEncoding::width() const {
  std::size_t sum = 0;
  for (const EncodedColumn& column : columns) sum += column.width();
  return sum;
}

std::vector<std::string> FeatureEncoding::feature_names() const {
  std::vector<std::string> names;
  for (const EncodedColumn& column : columns) {
    if (column.kind == Kind::numeric) names.push_back(column.name);
    for (std::size_t i = 0; column.kind == Kind::vector && i < column.length; ++i) {
      names.push_back(column.name + "[" + std::to_string(i) + "]");
    }
    for (const std::string& level : column.levels) names.push_back(column.name + "=" + level);
    for (std::size_t i = 0; i < column.position_levels.size(); ++i) {
      if (features_at(column.position_levels[i]) == 0) continue;
      const std::string position =
          column.name + "[" +
          std::to_string(static_cast<std::int64_t>(i) + column.reading.first_position) + "]=";
      for (const std::string& symbol : column.position_levels[i]) {
        names.push_back(position + symbol);
      }
    }
  }
  return names;
}

std::vector<int> FeatureEncoding::blocks() const {
  std::vector<int> blocks;
  int next = 0;
  const auto add = [&](std::size_t width) {
    if (width > 0) blocks.insert(blocks.end(), width, next++);
  };
  for (const EncodedColumn& column : columns) {
    if (column.kind == Kind::numeric) blocks.push_back(-1);
    if (column.kind == Kind::vector) blocks.insert(blocks.end(), column.length, -1);
    add(column.levels.size());
    for (const auto& symbols : column.position_levels) add(features_at(symbols));
  }
  return blocks;
}

std::string FeatureEncoding::to_json() const {
  json whole = json::object();
  json& list = whole["columns"] = json::array();
  for (const EncodedColumn& column : columns) {
    if (column.kind == Kind::numeric) {
      list.push_back(column.name);
    } else if (column.kind == Kind::category) {
      list.push_back({{"name", column.name}, {"levels", column.levels}});
    } else if (column.kind == Kind::vector) {
      list.push_back({{"name", column.name}, {"vector", column.length}});
    } else {
      json entry{{"name", column.name}, {"positions", column.position_levels}};
      if (column.reading.fold_case) entry["fold_case"] = true;
      if (!column.reading.wild_type.empty()) {
        entry["wild_type"] = column.reading.wild_type;
        entry["first_position"] = column.reading.first_position;
      }
      list.push_back(std::move(entry));
    }
  }
  if (!impute_means.empty()) whole["impute_means"] = impute_means;
  if (!missing.empty()) whole["missing"] = missing;
  if (array_columns > 0) whole["array_columns"] = array_columns;
  return whole.dump();
}

FeatureEncoding FeatureEncoding::from_json(std::string_view text, std::string_view name) {
  return Reader(name).read(text);
}

}  // namespace esscher
