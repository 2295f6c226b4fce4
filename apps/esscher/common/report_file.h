#pragma once

/// \file
/// --report FILE: the page of a result, beside what else a command writes.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "esscher/io/atomic_file.h"
#include "esscher/report/report.h"

namespace esscher::app {

/// Defines the option.
void add_report_option(CLI::App& command, std::string& path);

/// What the options of \p command mean, for pages.
ReportOptions report_options(const CLI::App& command);

/// Opened before the work starts, so that a path that cannot be written costs no work.
class ReportFile {
 public:
  /// \param path  empty: there is none. \throws IoError where a file cannot be made there
  explicit ReportFile(const std::string& path);

  /// \param command  whose options the page explains. Call once. \throws IoError
  void write(const std::string& json, const CLI::App& command);

 private:
  std::string path_;
  std::optional<AtomicFile> file_;
};

}  // namespace esscher::app
