#pragma once

/// \file
/// Options that may come from the command line, from --set or from a configuration file. Each is
/// defined once, as a line of a table; help, manual, configuration and its echo derive from it.

#include <CLI/CLI.hpp>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/record/run_record.h"

namespace esscher::app {

/// One option, as text; whoever reads it says what is wrong with it.
struct Setting {
  std::string name;   ///< "deployment-temperature": the option without dashes, and the key
  std::string type;   ///< "LIST"; "" for a switch, whose values are true and false
  std::string value;  ///< the default, then what was given
  std::string help;
  bool given = false;       ///< by anyone
  std::string became = {};  ///< what `auto` or a default came to, once that is known

  const std::string& resolved() const { return became.empty() ? value : became; }
};

class Settings {
 public:
  explicit Settings(std::vector<Setting> table);

  /// Defines an option of \p command for each setting, and --config, --set.
  void define(CLI::App& command);
  /// After parsing: the configuration file first, then --set, then the command line.
  /// \throws UsageError for an unknown key (the nearest is offered) or an empty value,
  ///         DataError for a file that is not TOML, IoError where it cannot be read.
  void resolve();

  const std::vector<Setting>& table() const { return table_; }
  /// What --config names, - for standard input; empty if nothing.
  const std::string& config() const { return config_; }
  const std::string& operator[](std::string_view name) const;
  /// The value of a switch. \throws UsageError unless it is true or false
  bool is_set(std::string_view name) const;
  /// "--name", for messages.
  static std::string field(std::string_view name) { return "--" + std::string(name); }

  /// Whether there is such a setting, and its value is another than its default.
  bool is_changed(std::string_view name) const;

  void assign(std::string_view name, const std::string& value, const std::string& origin);

  /// Keeps what \p name came to beside what was asked for.
  void record(std::string_view name, const std::string& became);

  /// The command line, quoted for a shell, that asks for the same: \p words and then what is not as
  /// by default. Empty words are left out: a positional that nobody named.
  std::string command(const std::vector<std::string>& words) const;

  /// What a record tells of this run: that command line, and all options with what they came to.
  /// \param data  told as the first option, where there is one
  RunRecord run(const std::vector<std::string>& words,
                const std::optional<std::string>& data = {}) const;

  /// The table as a configuration file that asks for the same again; what it came to stands in
  /// comments.
  std::string toml() const;

 private:
  Setting* find(std::string_view name);

  std::vector<Setting> table_;
  std::vector<std::string> defaults_;
  std::deque<std::string> typed_;  ///< what the command line gave, by the table's order
  std::deque<bool> switched_;
  std::string config_;
  std::vector<std::string> pairs_;  ///< key=value
  std::vector<const CLI::Option*> options_;
};

/// Reads a TOML file, or standard input where \p path is "-", of one table of scalars and lists of
/// them; calls \p assign for each key, in the file's order, lists joined by commas. \throws
/// IoError, DataError with file and line
void read_config(const std::string& path, Settings& settings);

}  // namespace esscher::app
