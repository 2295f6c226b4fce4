#pragma once

/// \file
/// Options of where results go and how they are printed, which commands have alike.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "progress_line.h"

namespace esscher::app {

/// --format. \param format  holds the default \param names  the formats
void add_format_option(CLI::App& command, std::string& format,
                       const std::vector<std::string>& names);

/// -o FILE, standard output by default.
void add_file_option(CLI::App& command, std::string& path);

/// What commands that fill a folder are told of their results.
struct RunOutput {
  std::string folder;  ///< empty: only print
  std::string page;
  std::string format = "report";
  bool force = false;
  ProgressOptions progress;
};

/// -o FOLDER, --report, --force, --quiet, --log and --format.
/// \param files  what is written to the folder, in words
void add_run_options(CLI::App& command, RunOutput& out, const std::string& files,
                     const std::vector<std::string>& formats);

}  // namespace esscher::app
