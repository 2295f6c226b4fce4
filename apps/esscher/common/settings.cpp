#include "settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "esscher/base/error.h"
#include "text.h"

namespace esscher::app {

Settings::Settings(std::vector<Setting> table)
    : table_(std::move(table)), typed_(table_.size()), switched_(table_.size()) {
  for (const Setting& setting : table_) defaults_.push_back(setting.value);
}

void Settings::define(CLI::App& command) {
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const Setting& setting = table_[i];
    CLI::Option* option = nullptr;
    if (setting.type.empty()) {
      option = command.add_flag(field(setting.name), switched_[i], setting.help);
    } else {
      option =
          command.add_option(field(setting.name), typed_[i], setting.help)->type_name(setting.type);
      if (!setting.value.empty()) option->default_str(setting.value);
    }
    options_.push_back(option);
  }
  command
      .add_option(
          "--config", config_,
          "TOML file (- for standard input) of options by their names without dashes: dim = 1e6, "
          "weights = [\"uniform\", \"label\"]; the command line goes before it")
      ->type_name("FILE");
  command
      .add_option("--set", pairs_,
                  "key=value, an option as a configuration file names it; goes before --config; "
                  "may be repeated")
      ->type_name("KEY=VALUE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void Settings::resolve() {
  if (!config_.empty()) read_config(config_, *this);
  for (const std::string& pair : pairs_) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError(rejection("--set", pair, "must be key=value", "for example --set dim=1e4"));
    }
    assign(pair.substr(0, equals), pair.substr(equals + 1), "--set");
  }
  for (std::size_t i = 0; i < table_.size(); ++i) {
    if (options_[i]->count() == 0) continue;
    assign(table_[i].name, table_[i].type.empty() ? (switched_[i] ? "true" : "false") : typed_[i],
           "command line");
  }
}

Setting* Settings::find(std::string_view name) {
  const auto found = std::find_if(table_.begin(), table_.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
  return found == table_.end() ? nullptr : &*found;
}

void Settings::assign(std::string_view name, const std::string& value, const std::string& origin) {
  Setting* setting = find(name);
  if (setting == nullptr) {
    std::vector<std::string> names;
    for (const Setting& known : table_) names.push_back(known.name);
    const std::string nearest = nearest_name(std::string(name), names);
    throw UsageError(rejection(origin, name, "no such key",
                               nearest.empty() ? "see --help for the options, which are the keys"
                                               : "did you mean " + nearest + "?"));
  }
  if (value.empty()) {
    throw UsageError(
        rejection(field(name), "''", "must not be empty", "give a value or leave the option out"));
  }
  setting->value = value;
  setting->given = true;
}

void Settings::record(std::string_view name, const std::string& became) {
  Setting* setting = find(name);
  if (setting == nullptr) throw InternalError("no setting " + std::string(name));
  setting->became = became;
}

const std::string& Settings::operator[](std::string_view name) const {
  for (const Setting& setting : table_) {
    if (setting.name == name) return setting.value;
  }
  throw InternalError("no setting " + std::string(name));
}

bool Settings::is_changed(std::string_view name) const {
  for (std::size_t i = 0; i < table_.size(); ++i) {
    if (table_[i].name == name) return table_[i].value != defaults_[i];
  }
  return false;
}

bool Settings::is_set(std::string_view name) const {
  const std::string& value = (*this)[name];
  if (value != "true" && value != "false") {
    throw UsageError(rejection(field(name), value, "must be true or false"));
  }
  return value == "true";
}

std::string Settings::command(const std::vector<std::string>& words) const {
  std::vector<std::string> all;
  std::ranges::copy_if(words, std::back_inserter(all),
                       [](const std::string& word) { return !word.empty(); });
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const Setting& setting = table_[i];
    // Results do not depend on it.
    if (setting.value == defaults_[i] || setting.name == "threads") continue;
    all.push_back(field(setting.name) + (setting.type.empty() ? "=" + setting.value : ""));
    if (!setting.type.empty()) all.push_back(setting.value);
  }
  return shell_line(all);
}

RunRecord Settings::run(const std::vector<std::string>& words,
                        const std::optional<std::string>& data) const {
  RunRecord run;
  run.command = command(words);
  if (data) run.options.emplace_back("data", *data);
  for (const Setting& setting : table_) run.options.emplace_back(setting.name, setting.resolved());
  return run;
}

std::string Settings::toml() const {
  std::string text;
  for (const Setting& setting : table_) {
    if (setting.value.empty()) continue;
    if (setting.type.empty()) {
      text += setting.name + " = " + setting.value + "\n";
      continue;
    }
    std::string quoted;
    for (const char c : setting.value) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    text += setting.name + " = \"" + quoted + "\"";
    if (setting.resolved() != setting.value) text += "  # became " + setting.became;
    text += "\n";
  }
  return text;
}

}  // namespace esscher::app
